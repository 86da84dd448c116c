import type { BreakerRules } from '../../model/route.ts';
import type { Milliseconds } from '../../model/units.ts';

/**
 * Takes one target out whose calls fail, and lets one call at a time through after a while to see whether it is back. The trial is
 * counted when it begins: one of which nothing is ever heard (its caller left) delays the next and blocks none.
 */
export class Breaker {
  readonly #rules: BreakerRules;
  #failures = 0;
  #open = false;
  #nextTrial = 0;

  constructor(rules: BreakerRules) {
    this.#rules = rules;
  }

  get open(): boolean {
    return this.#open;
  }

  /** Whether a call may go to the target. @param now monotonic. */
  allows(now: Milliseconds): boolean {
    return !this.#open || now >= this.#nextTrial;
  }

  /** A call is about to go there. */
  picked(now: Milliseconds): void {
    if (this.#open) this.#nextTrial = now + this.#rules.retryAfter;
  }

  /** Calls that were sent before it was taken out may still fail; they do not put off the next trial. */
  failed(now: Milliseconds): void {
    this.#failures += 1;
    if (this.#open || this.#failures < this.#rules.maxFailures) return;
    this.#open = true;
    this.#nextTrial = now + this.#rules.retryAfter;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#open = false;
  }

  /** Whether an answer with this status says that the target is not well. */
  countsAsFailure(status: number): boolean {
    return this.#rules.statuses.includes(status);
  }
}
