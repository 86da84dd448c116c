import { Buffer } from 'node:buffer';
import type { RefusedCall } from '../admin/live.ts';
import type { Clock } from '../model/clock.ts';
import type { Exchange } from '../model/exchange.ts';

/** The last calls that were refused here. Somebody may be flooding us with them: keeping one costs no more than what it replaces. */
export interface RecentRefusals {
  add(exchange: Exchange): void;
  /** Newest first. */
  list(): readonly RefusedCall[];
}

/** As many as `Live` tells. */
export const MOST_REFUSALS = 200;
/** Characters of a path that are kept; callers choose how long it is. */
const MOST_PATH = 1_024;

export function createRecentRefusals(clock: Pick<Clock, 'now'>): RecentRefusals {
  const ring: RefusedCall[] = [];
  let next = 0;
  return {
    add({ requestId, method, path, status, refused, route, client, user }) {
      if (refused === undefined) return;
      ring[next] = {
        at: clock.now(),
        requestId: copyOf(requestId),
        method: copyOf(method),
        path: copyOf(path.length > MOST_PATH ? `${path.slice(0, MOST_PATH)}…` : path),
        status,
        reason: refused,
        route,
        client,
        user,
      };
      next = (next + 1) % MOST_REFUSALS;
    },
    list: () => [...ring.slice(0, next).reverse(), ...ring.slice(next).reverse()],
  };
}

/** A part of a string keeps the whole of it alive, here a request head with the token in it. */
const copyOf = (text: string): string => Buffer.from(text).toString();
