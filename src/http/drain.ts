import type { Server, ServerResponse } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import type { Milliseconds } from '../model/units.ts';

/** The open connections of one server: what runs on each, and how all of them come to an end. */
export interface Connections {
  /** Tells of a request that has begun. */
  began(socket: Socket, response: ServerResponse): void;
  /** Tells of a connection on which HTTP is no longer spoken. */
  left(socket: Socket): void;
  /** The response that was begun last on this connection, unless it is over; its request is the newest that the caller has sent. */
  latest(socket: Socket): ServerResponse | undefined;
  /** The same of every connection. */
  allLatest(): Iterable<ServerResponse | undefined>;
  /**
   * Takes no new connections, closes those that stay idle for a moment, and answers what is in flight with `Connection: close`.
   * What is left after `limit` is cut. Resolves when no connection is left.
   */
  drain(limit: Milliseconds): Promise<void>;
}

/** Connections of the same port that somebody else speaks on, and that end by the same rules. */
export interface OtherConnections {
  /** Lets what is under way finish, and takes nothing more. */
  drain(): void;
  /** Cuts every connection at once. */
  cut(): void;
}

/** Milliseconds for which a connection that has not said anything may still say it: its request may be on the way. */
const FIRST_WORD = 1_000;
/** Milliseconds for which a connection that was kept alive must be idle: a busy caller's next request may be on the way. */
const QUIET = 250;
/** Milliseconds between looks for connections that have become idle. */
const SWEEP = 50;

export function trackConnections(server: Server, others: readonly OtherConnections[] = []): Connections {
  /** By connection, while they are not over. */
  const responses = new Map<Socket, ServerResponse | undefined>();
  let draining = false;

  /** An idle connection remembers no answer: thousands of them would cost more than the connections themselves. */
  function forget(this: ServerResponse): void {
    const { socket } = this.req;
    if (responses.get(socket) === this) responses.set(socket, undefined);
  }

  /** @param quiet since when each connection was seen idle. */
  function closeQuiet(quiet: WeakMap<Socket, number>): void {
    const now = performance.now();
    for (const [socket, response] of responses) {
      if (response !== undefined && !response.writableFinished) {
        quiet.delete(socket);
        continue;
      }
      const since = quiet.get(socket);
      if (since === undefined) quiet.set(socket, now);
      else if (now - since >= QUIET) socket.destroy();
    }
  }

  function cutAll(): void {
    for (const each of others) each.cut();
    server.closeAllConnections();
  }

  return {
    began(socket, response) {
      if (!responses.has(socket)) socket.once('close', () => responses.delete(socket));
      responses.set(socket, response);
      response.once('close', forget);
      if (draining) response.shouldKeepAlive = false;
    },

    left: (socket) => void responses.delete(socket),

    latest: (socket) => responses.get(socket),

    allLatest: () => responses.values(),

    async drain(limit) {
      draining = true;
      for (const each of others) each.drain();
      for (const response of responses.values()) if (response) response.shouldKeepAlive = false;
      const { promise: closed, resolve } = Promise.withResolvers<void>();
      // Not the HTTP server's own `close`: that one also cuts new connections whose first request has not been read yet.
      // An error means that it was not listening: then there is nothing to wait for either.
      NetServer.prototype.close.call(server, () => resolve());
      const quiet = new WeakMap<Socket, number>();
      closeQuiet(quiet);
      const sweep = setInterval(() => closeQuiet(quiet), SWEEP);
      const hush = setTimeout(() => server.closeIdleConnections(), FIRST_WORD);
      const cut = setTimeout(cutAll, limit);
      await closed;
      clearInterval(sweep);
      clearTimeout(hush);
      clearTimeout(cut);
    },
  };
}
