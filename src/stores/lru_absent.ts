import { LRUCache } from 'lru-cache';
import type { TokenHash } from '../model/token.ts';
import type { Milliseconds } from '../model/units.ts';

/** "No such token" is kept apart, so that a flood of guesses cannot push out real tokens. */
const MOST_ABSENT = 10_000;

/** What the store has definitely said not to have, for a moment. */
export class LruAbsent {
  /** Hash to the monotonic time at which the read began that found nothing. */
  readonly #since = new LRUCache<TokenHash, Milliseconds>({ max: MOST_ABSENT });
  readonly #ttl: Milliseconds;

  /** @param ttl how long that is believed; 0: not at all. */
  constructor(ttl: Milliseconds) {
    this.#ttl = ttl;
  }

  get size(): number {
    return this.#since.size;
  }

  has(hash: TokenHash, now: Milliseconds): boolean {
    const since = this.#since.get(hash);
    return since !== undefined && now - since <= this.#ttl;
  }

  /** Takes out what is too old to serve: of a flood nothing stays. Each call removes two at most, so none pays for many. */
  add(hash: TokenHash, since: Milliseconds): void {
    if (this.#ttl <= 0) return;
    this.#since.set(hash, since);
    for (let count = 0; count < 2; count++) {
      const oldest = this.#since.rkeys().next().value;
      const age = oldest === undefined ? 0 : since - (this.#since.peek(oldest) ?? since);
      if (age <= this.#ttl) return;
      this.#since.pop();
    }
  }

  drop(hash: TokenHash): void {
    this.#since.delete(hash);
  }

  clear(): void {
    this.#since.clear();
  }
}
