import type { TokenHash } from '../model/token.ts';
import type { Milliseconds } from '../model/units.ts';

export interface InvalidationListener {
  /** These access tokens are no longer what you cached. */
  invalidated(hashes: readonly TokenHash[]): void;
  /** Messages may have been missed (the stream is back after a break): forget everything. */
  reset(): void;
}

/** A store's stream of "these tokens changed", for whoever keeps copies. It announces this node's own changes too. */
export interface Invalidation {
  /** Whether messages would arrive now. While false, no copy may be trusted. */
  readonly up: boolean;
  /** Monotonic time of the last proof that the stream works (a heartbeat, or any message). */
  readonly lastHeard: Milliseconds;
  /** @returns a function that ends the subscription. */
  subscribe(listener: InvalidationListener): () => void;
}
