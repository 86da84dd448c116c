import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type Milliseconds, milliseconds } from '../model/units.ts';
import type { Connections } from './drain.ts';
import { skipRequests } from './skip_requests.ts';

/** So many requests may wait on a connection before nothing more is read from it; until then it is noticed when the caller leaves. */
const READ_AHEAD = 16;
/**
 * So many may wait on all connections together: what one has read before that holds a third of them, each of which takes a hundred
 * times as much memory as it has bytes. Beyond it a connection with more than it may read ahead is given up.
 */
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
export function createTurns(
  { allLatest }: Pick<Connections, 'allLatest'>,
  lastBytes: Milliseconds = LAST_BYTES,
): Turns {
  const waiting = new WeakMap<Socket, number>();
  let allWaiting = 0;
  /** What each answer that cannot begin yet waits for. */
  const awaited = new WeakMap<ServerResponse, ServerResponse>();
  /** Since when answers have been written to their end and not been taken. */
  const untaken = new WeakMap<ServerResponse, number>();
  let looking: NodeJS.Timeout | undefined;

  function letGo(this: Socket): void {
    allWaiting -= waiting.get(this) ?? 0;
    waiting.delete(this);
  }

  function look(): void {
    const now = performance.now();
    let connections = 0;
    for (const latest of allLatest()) {
      connections++;
      let current = latest;
      for (let before = latest; before !== undefined; before = awaited.get(before)) current = before;
      if (!current?.writableEnded || current.writableFinished) continue;
      const since = untaken.get(current);
      if (since === undefined) untaken.set(current, now);
      else if (now - since >= lastBytes) current.req.socket.destroy();
    }
    if (connections > 0) return;
    clearInterval(looking);
    looking = undefined;
  }

  return {
    take(response, before, begin) {
      looking ??= setInterval(look, Math.min(LOOK, lastBytes)).unref();
      if (before === undefined) {
        begin();
        return;
      }
      const { socket } = response.req;
      if (socket.destroyed) return;
      awaited.set(response, before);
      if (!waiting.has(socket)) socket.once('close', letGo);
      const count = (waiting.get(socket) ?? 0) + 1;
      waiting.set(socket, count);
      allWaiting++;
      if (count > READ_AHEAD && allWaiting > MOST_WAITING) {
        skipRequests(socket);
        socket.destroy();
      } else if (count > READ_AHEAD) socket.pause();
      before.once('close', () => {
        awaited.delete(response);
        // What cannot be answered any more is not done either.
        if (socket.destroyed) return;
        const left = (waiting.get(socket) ?? 1) - 1;
        waiting.set(socket, left);
        allWaiting--;
        if (socket.writableEnded) return;
        if (left === 0) socket.resume();
        begin();
      });
    },
  };
}
