import type { TokenHash } from '../model/token.ts';
import type { InvalidationListener } from './invalidation.ts';

/** Who is to be told inside this process; every backend's invalidation stream ends here. */
export class Announcements {
  readonly #listeners = new Set<InvalidationListener>();

  /** @returns a function that ends the subscription. */
  subscribe(listener: InvalidationListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  invalidated(hashes: readonly TokenHash[]): void {
    if (hashes.length === 0) return;
    for (const listener of this.#listeners) listener.invalidated(hashes);
  }

  reset(): void {
    for (const listener of this.#listeners) listener.reset();
  }
}
