import type { Clock } from '../model/clock.ts';
import type { CacheSettings } from '../model/config.ts';
import type { KeptAnswer, RecordKind, RecordOf, TokenRef } from '../model/token.ts';
import type { Milliseconds, Seconds } from '../model/units.ts';
import type { Invalidation } from './invalidation.ts';
import { type LookupStats, LruLookups } from './lru_lookups.ts';
import { LruRevocations } from './lru_revocations.ts';
import type { Answer, Denials, Entry, FamilyListing, Owner, TokenStore } from './token_store.ts';

/**
 * A cache of access tokens in front of any token store. It keeps facts, never decisions, and trusts them only while the
 * store's invalidation stream works:
 * - while the stream is up, a cached token answers at once, until the hard age is reached; use does not renew it;
 * - while it is down, every look-up asks the store and nothing is kept; when it is back, everything is forgotten;
 * - while the store gives no answer, a fact that was certain within the staleness bound may still serve.
 *
 * It must never make a dead token live: whatever this node revokes is forgotten before the store is asked, and denied here if
 * the store does not confirm.
 */
export interface CachedTokenStore extends TokenStore, Denials {
  /** Whether an access token is in memory, however old: asking for it may cost nothing. */
  remembers(ref: TokenRef): boolean;
  stats(): CacheStats;
  /** Stops listening and retrying. Does not close the store behind it. */
  close(): void;
}

/** Counters since the start, and sizes now. */
export interface CacheStats extends LookupStats {
  /** Revocations that the store has not confirmed yet. */
  readonly unconfirmed: number;
}

export function cached(store: TokenStore, settings: CacheSettings, clock: Clock): CachedTokenStore {
  return new CachedTokens(store, settings, clock);
}

class CachedTokens implements CachedTokenStore {
  readonly invalidation: Invalidation;
  readonly #store: TokenStore;
  readonly #lookups: LruLookups;
  readonly #revocations: LruRevocations;
  readonly #unsubscribe: () => void;

  constructor(store: TokenStore, settings: CacheSettings, clock: Clock) {
    this.invalidation = store.invalidation;
    this.#store = store;
    this.#revocations = new LruRevocations(clock);
    this.#lookups = new LruLookups(store, settings, clock, this.#revocations);
    this.#unsubscribe = store.invalidation.subscribe({
      invalidated: (hashes) => hashes.forEach((hash) => void this.#lookups.forget(hash)),
      reset: () => this.#reset(),
    });
  }

  get<K extends RecordKind>(
    kind: K,
    ref: TokenRef,
    staleness?: Milliseconds,
    onStale?: () => void,
  ): Answer<RecordOf[K] | undefined> {
    if (kind === 'access') {
      // `kind` is K, so here RecordOf[K] is an AccessToken; the compiler does not narrow type parameters.
      return this.#lookups.get(ref, staleness, onStale) as Answer<RecordOf[K] | undefined>;
    }
    if (kind === 'family' && this.#revocations.ended(ref.hash)) return undefined;
    return this.#store.get(kind, ref);
  }

  async put(entries: readonly Entry[]): Promise<void> {
    await this.#store.put(entries).finally(() => this.#lookups.forgetNew(entries));
  }

  async take<K extends RecordKind>(kind: K, ref: TokenRef): Promise<RecordOf[K] | undefined> {
    if (kind !== 'access') return this.#store.take(kind, ref);
    const forget = (): void => this.#lookups.forget(ref.hash);
    forget();
    return this.#revocations.attempt(ref.hash, () => this.#store.take(kind, ref).finally(forget));
  }

  async rotate(family: TokenRef, from: number, entries: readonly Entry[]): Promise<boolean> {
    if (this.#revocations.ended(family.hash)) return false;
    this.#lookups.forgetFamily(family);
    return this.#store.rotate(family, from, entries).finally(() => {
      this.#lookups.forgetFamily(family);
      this.#lookups.forgetNew(entries);
    });
  }

  async revoke(family: TokenRef): Promise<boolean> {
    const forget = (): void => this.#lookups.forgetFamily(family);
    forget();
    return this.#revocations.attempt(family.hash, () => this.#store.revoke(family).finally(forget));
  }

  async families(owner: Owner, limit: number, until?: Seconds): Promise<readonly FamilyListing[]> {
    return this.#store.families(owner, limit, until);
  }

  async sessions(subject: string, limit: number, until?: Seconds): Promise<readonly FamilyListing[]> {
    return this.#store.sessions(subject, limit, until);
  }

  async claim(ref: TokenRef, record: KeptAnswer): Promise<boolean> {
    return this.#store.claim(ref, record);
  }

  deny(ref: TokenRef, client: string, finish: (store: TokenStore) => Promise<unknown>): void {
    this.#revocations.doubt(ref, client, async () => {
      await finish(this.#store);
      // What it has ended is announced, but the denial must not be over before that has arrived.
      this.#lookups.forgetAll();
    });
  }

  remembers(ref: TokenRef): boolean {
    return this.#lookups.has(ref.hash);
  }

  stats(): CacheStats {
    return { ...this.#lookups.stats(), unconfirmed: this.#revocations.size };
  }

  close(): void {
    this.#unsubscribe();
    this.#revocations.close();
  }

  #reset(): void {
    this.#lookups.forgetAll();
    void this.#revocations.reassert();
  }
}
