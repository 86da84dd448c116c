/**
 * Carries the plain majority of HTTP/1.1 calls between two raw sockets: a strict grammar for the head, one exchange at a time. It
 * owns the reading of such connections and must not decide anything: decisions, limits, refusals and reports are those of the full
 * lane, and what is not in its grammar it leaves to node:http unjudged.
 */
import type { Socket } from 'node:net';
import type { BodyRate } from './body_pace.ts';
import { FastConnection, type FastLaneShared } from './fast_connection.ts';
import type { Lane } from './fast_exchange.ts';
import type { FirstReader } from './first_reader.ts';

export interface FastLaneDependencies extends Lane {
  /** Whether one of our own endpoints is asked for: those are served by the HTTP server. */
  readonly isOwn: (target: string, host: string) => boolean;
  /** The least rate of bodies; none by default. */
  readonly minBodyRate?: BodyRate | undefined;
}

/** Totals since the start. */
export interface FastLaneStats {
  /** Requests that were carried here. */
  readonly taken: number;
  /** Connections that were handed over to the HTTP server. */
  readonly handedOver: number;
}

export interface FastLane extends FirstReader {
  stats(): FastLaneStats;
}

export function createFastLane(deps: FastLaneDependencies): FastLane {
  const connections = new Set<FastConnection>();
  let taken = 0;
  let handedOver = 0;

  const shared: FastLaneShared = {
    ...deps,
    minBodyRate: deps.minBodyRate ?? 0,
    draining: false,
    took() {
      taken++;
    },
    gone(connection, given) {
      connections.delete(connection);
      if (given) handedOver++;
    },
  };

  return {
    take(socket: Socket, handOver) {
      connections.add(new FastConnection(shared, socket, handOver));
    },
    drain() {
      shared.draining = true;
      for (const connection of connections) connection.drain();
    },
    stats: () => ({ taken, handedOver }),
  };
}
