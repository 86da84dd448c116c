import type { Clock } from '../../src/model/clock.ts';
import { type Milliseconds, milliseconds } from '../../src/model/units.ts';

/** A clock that stands still until it is told to move. */
export class ManualClock implements Clock {
  #epoch: number;
  #monotonic = 1_000;

  constructor(now: number = Date.now()) {
    this.#epoch = now;
  }

  now(): Milliseconds {
    return milliseconds(this.#epoch);
  }

  monotonic(): Milliseconds {
    return milliseconds(this.#monotonic);
  }

  /** @param time in milliseconds. */
  advance(time: number): void {
    this.#epoch += time;
    this.#monotonic += time;
  }
}
