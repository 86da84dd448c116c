import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Milliseconds } from '../model/units.ts';

/** The open connections of one server: what runs on each, and how all of them come to an end. */
export interface Connections {
  /** Tells of a request that has begun. */
  began(socket: Socket, response: ServerResponse): void;
  /** The response that was begun last on this connection; its request is the newest the caller has sent. */
  latest(socket: Socket): ServerResponse | undefined;
  /**
   * Takes no new connections, closes the idle ones, and answers what is in flight with `Connection: close`. What is left after
   * `limit` is cut. Resolves when no connection is left.
   */
  drain(limit: Milliseconds): Promise<void>;
}

/** Milliseconds for which a connection that has not said anything may still say it: its request may be on the way. */
const FIRST_WORD = 1_000;
/** Milliseconds between looks for connections that have become idle. */
const SWEEP = 50;

export function trackConnections(server: Server, event: 'connection' | 'secureConnection'): Connections {
  const silent = new Set<Socket>();
  const responses = new Map<Socket, ServerResponse>();
  let draining = false;

  server.on(event, (socket: Socket) => {
    silent.add(socket);
    socket.once('close', () => {
      silent.delete(socket);
      responses.delete(socket);
    });
  });

  return {
    began(socket, response) {
      silent.delete(socket);
      responses.set(socket, response);
      if (draining) response.shouldKeepAlive = false;
    },

    latest: (socket) => responses.get(socket),

    async drain(limit) {
      draining = true;
      for (const response of responses.values()) response.shouldKeepAlive = false;
      const { promise: closed, resolve } = Promise.withResolvers<void>();
      // An error means that it was not listening: then there is nothing to wait for either.
      server.close(() => resolve());
      // Node closes what is idle now; what was answered with keep-alive before this moment becomes idle later.
      const sweep = setInterval(() => server.closeIdleConnections(), SWEEP);
      const hush = setTimeout(() => silent.forEach((socket) => void socket.destroy()), Math.min(FIRST_WORD, limit));
      const cut = setTimeout(() => server.closeAllConnections(), limit);
      await closed;
      clearInterval(sweep);
      clearTimeout(hush);
      clearTimeout(cut);
    },
  };
}
