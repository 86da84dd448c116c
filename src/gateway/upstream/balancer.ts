import type { Route } from '../../model/route.ts';
import type { Milliseconds } from '../../model/units.ts';
import type { UpstreamError } from './exchange.ts';

/** One place a call can be sent to, as far as choosing among several must know it. */
export interface Target {
  /** `http://host:port` or `unix:/path`, for the log. */
  readonly origin: string;
  /** Calls that were sent to it and are not over, those that wait for a connection included. */
  readonly inFlight: number;
}

/** Chooses where a call goes. One for each route; it must not send anything. */
export interface Balancer<T extends Target = Target> {
  /**
   * @param affinity calls of the same user or client have the same.
   * @param tried could not be connected to just now: another one is wanted, or none.
   * @returns undefined if no target can take it.
   */
  pick(targets: readonly T[], affinity: string | undefined, tried: T | undefined): T | undefined;
}

/** Is told how it goes with each target, by whoever sends. */
export interface Observer {
  /** A new connection is there. */
  connected(target: Target): void;
  /** A call came to no answer, or to no whole one, and not because its caller left. */
  failed(target: Target, error: UpstreamError): void;
  /** @param time from the moment it was sent to the head of its answer. */
  answered(target: Target, status: number, time: Milliseconds): void;
}

/** Makes what a route needs; without one, targets are taken in turn. */
export type BalancerFor = <T extends Target>(route: Route, targets: readonly T[]) => Balancer<T>;

/** Takes targets in turn. */
export class RoundRobin<T extends Target> implements Balancer<T> {
  #turn = 0;

  pick(targets: readonly T[], _affinity: string | undefined, tried: T | undefined): T | undefined {
    for (let step = 0; step < targets.length; step++) {
      const target = targets[this.#turn];
      this.#turn = this.#turn + 1 < targets.length ? this.#turn + 1 : 0;
      if (target !== tried) return target;
    }
    return undefined;
  }
}
