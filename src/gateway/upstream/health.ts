import type { HealthChecks } from '../../model/route.ts';

/** What asking a target again and again says about it. */
export class CheckedHealth {
  readonly #rules: HealthChecks;
  /** A target gets calls until the first answer, or the lack of one, says that it should not. */
  healthy = true;
  /** Answers in a row that contradict `healthy`. */
  #contrary = 0;
  #asked = false;

  constructor(rules: HealthChecks) {
    this.#rules = rules;
  }

  /** @param good whether the answer was as it should be. */
  settle(good: boolean): void {
    const first = !this.#asked;
    this.#asked = true;
    if (good === this.healthy) {
      this.#contrary = 0;
      return;
    }
    this.#contrary += 1;
    // Nothing is known of a target that has just been configured: its first answer counts at once.
    if (!first && this.#contrary < (good ? this.#rules.healthyAfter : this.#rules.unhealthyAfter)) return;
    this.healthy = good;
    this.#contrary = 0;
  }
}
