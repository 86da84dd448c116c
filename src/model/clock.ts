import { type Milliseconds, milliseconds } from './units.ts';

/** Time as a dependency, so that tests can move it. */
export interface Clock {
  /** Milliseconds since the Unix epoch: for expiry, which other machines must agree on. */
  now(): Milliseconds;
  /** Milliseconds that never go backwards, from an arbitrary start: for ages and timeouts on this machine. */
  monotonic(): Milliseconds;
}

export const systemClock: Clock = {
  now: () => milliseconds(Date.now()),
  monotonic: () => milliseconds(performance.now()),
};
