import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type Milliseconds, milliseconds } from '../model/units.ts';

/** So many requests may wait on a connection before nothing more is read from it; until then it is noticed when the caller leaves. */
const READ_AHEAD = 16;
/** What was read before that holds fewer. */
const MOST_WAITING = 10_000;
/** So long an answer that is written to its end may wait for a caller that does not take the last of it. */
const LAST_BYTES = milliseconds(60_000);
/** Milliseconds between looks for such callers. */
const LOOK = 1_000;

/** The requests of HTTP/1.1 connections, each handled when the answer before it has been taken. */
export interface Turns {
  /** @param before the answer to the request before it, unless that is over. @param begin called once, or never if the connection ends. */
  take(response: ServerResponse, before: ServerResponse | undefined, begin: () => void): void;
}

/**
 * HTTP/1.1 lets callers send requests in one go (RFC 9112 §9.3.2), and node:http hands all of them on at once: the answers would pile
 * up in memory for a caller who may never read the first. And while an answer is being written whoever writes it watches over its
 * caller, but nobody does behind its end: a caller who leaves the last of it untaken would keep all that belongs to the request.
 */
export function createTurns(lastBytes: Milliseconds = LAST_BYTES): Turns {
  const waiting = new WeakMap<Socket, number>();
  /** Those under way, with the moment since when each has been written and not taken; 0 before. */
  const underWay = new Map<ServerResponse, number>();
  let looking: NodeJS.Timeout | undefined;

  function look(): void {
    const now = performance.now();
    for (const [response, since] of underWay) {
      if (!response.writableEnded) continue;
      if (since === 0) underWay.set(response, now);
      else if (now - since >= lastBytes) response.req.socket.destroy();
    }
  }

  function over(this: ServerResponse): void {
    underWay.delete(this);
    if (underWay.size > 0) return;
    clearInterval(looking);
    looking = undefined;
  }

  function start(response: ServerResponse, begin: () => void): void {
    underWay.set(response, 0);
    response.once('close', over);
    looking ??= setInterval(look, Math.min(LOOK, lastBytes)).unref();
    begin();
  }

  return {
    take(response, before, begin) {
      if (before === undefined) {
        start(response, begin);
        return;
      }
      const { socket } = response.req;
      const count = (waiting.get(socket) ?? 0) + 1;
      waiting.set(socket, count);
      if (count > MOST_WAITING) socket.destroy();
      else if (count > READ_AHEAD) socket.pause();
      before.once('close', () => {
        const left = (waiting.get(socket) ?? 1) - 1;
        waiting.set(socket, left);
        // What cannot be answered any more is not done either.
        if (socket.destroyed || socket.writableEnded) return;
        if (left === 0) socket.resume();
        start(response, begin);
      });
    },
  };
}
