import { type Milliseconds, milliseconds } from '../model/units.ts';
import { deadlines, NEVER } from './upstream/deadlines.ts';

/** How many bytes of a body must come in a second, on average; 0 for any number. */
export type BodyRate = number;

/** For so many milliseconds, or as long as its route lets it pause if that is less, a body may come as slowly as it likes. */
const GRACE = milliseconds(20_000);

/**
 * Whether a caller sends its body fast enough. Pauses have a bound of their own, which a byte now and then meets for ever: each byte
 * therefore buys the time that it may take at the least rate and no more, as in Apache's mod_reqtimeout. Only the time counts for
 * which we wait for the caller: what we hold back is not its fault.
 */
export class BodyPace {
  /** Milliseconds that a byte buys. */
  readonly #perByte: number;
  #due = NEVER;
  /** What was left when we stopped reading. */
  #left = 0;
  #held = false;

  constructor(rate: BodyRate) {
    this.#perByte = rate > 0 ? 1_000 / rate : 0;
  }

  /** We wait for the first byte from now on. @param idleTimeout how long the body may pause. */
  begin(idleTimeout: Milliseconds): void {
    this.#held = false;
    this.#due = this.#perByte === 0 ? NEVER : deadlines.in(least(GRACE, idleTimeout));
  }

  came(count: number): void {
    this.#due += count * this.#perByte;
    this.#left += count * this.#perByte;
  }

  /** We read no more of it for now. Safe to call twice. */
  hold(): void {
    if (this.#held) return;
    this.#held = true;
    this.#left = this.#due - deadlines.now;
  }

  /** We wait for more. @param idleTimeout as for `begin`. @returns when that is over, at the latest. */
  until(idleTimeout: Milliseconds): number {
    if (this.#held) {
      this.#held = false;
      this.#due = deadlines.now + this.#left;
    }
    return Math.min(deadlines.in(idleTimeout), this.#due);
  }

  /** Whether it is the rate that was not met. */
  get isTooSlow(): boolean {
    return deadlines.passed(this.#due);
  }
}

const least = (one: Milliseconds, other: Milliseconds): Milliseconds => (one < other ? one : other);
