import { LRUCache } from 'lru-cache';
import type { Clock } from '../model/clock.ts';
import type { CacheSettings } from '../model/config.ts';
import { CorruptRecord, DependencyUnavailable } from '../model/failure.ts';
import type { AccessToken, KeptAnswer, RecordKind, RecordOf, TokenHash, TokenRef } from '../model/token.ts';
import type { Milliseconds, Seconds } from '../model/units.ts';
import { hasExpired } from './entries.ts';
import type { Invalidation } from './invalidation.ts';
import { LruRecords } from './lru_records.ts';
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
export interface CacheStats {
  readonly hits: number;
  readonly misses: number;
  /** Tokens that served although the store gave no answer. */
  readonly stale: number;
  readonly evictions: number;
  readonly size: number;
  readonly negativeSize: number;
  /** Revocations that the store has not confirmed yet. */
  readonly unconfirmed: number;
}

export function cached(store: TokenStore, settings: CacheSettings, clock: Clock): CachedTokenStore {
  return new CachedTokens(store, settings, clock);
}

/** "No such token" is kept apart, so that a flood of guesses cannot push out real tokens. */
const MOST_ABSENT = 10_000;

/** What a caller may be given while the store gives no answer. */
interface Allowed {
  readonly staleness: Milliseconds | undefined;
  readonly onStale: (() => void) | undefined;
}

/** One read of the store that any number of callers wait for. `stale` once something happened that it may have missed. */
interface Flight {
  readonly began: Milliseconds;
  answer?: Promise<AccessToken | undefined>;
  stale: boolean;
}

class CachedTokens implements CachedTokenStore {
  readonly invalidation: Invalidation;
  readonly #store: TokenStore;
  readonly #settings: CacheSettings;
  readonly #clock: Clock;
  readonly #records: LruRecords;
  /** Hash to the monotonic time at which the read began that found nothing. */
  readonly #absent = new LRUCache<TokenHash, Milliseconds>({ max: MOST_ABSENT });
  readonly #flights = new Map<TokenHash, Flight>();
  readonly #revocations: LruRevocations;
  readonly #unsubscribe: () => void;
  #hits = 0;
  #misses = 0;
  #stale = 0;

  constructor(store: TokenStore, settings: CacheSettings, clock: Clock) {
    this.invalidation = store.invalidation;
    this.#store = store;
    this.#settings = settings;
    this.#clock = clock;
    this.#records = new LruRecords(Math.max(1, settings.maxTokens));
    this.#revocations = new LruRevocations(clock);
    this.#unsubscribe = store.invalidation.subscribe({
      invalidated: (hashes) => hashes.forEach((hash) => void this.#forget(hash)),
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
      return this.#getAccess(ref, staleness, onStale) as Answer<RecordOf[K] | undefined>;
    }
    if (kind === 'family' && this.#revocations.ended(ref.hash)) return undefined;
    return this.#store.get(kind, ref);
  }

  async put(entries: readonly Entry[]): Promise<void> {
    await this.#store.put(entries).finally(() => this.#forgetNew(entries));
  }

  async take<K extends RecordKind>(kind: K, ref: TokenRef): Promise<RecordOf[K] | undefined> {
    if (kind !== 'access') return this.#store.take(kind, ref);
    const forget = (): void => this.#forget(ref.hash);
    forget();
    return this.#revocations.attempt(ref.hash, () => this.#store.take(kind, ref).finally(forget));
  }

  async rotate(family: TokenRef, from: number, entries: readonly Entry[]): Promise<boolean> {
    if (this.#revocations.ended(family.hash)) return false;
    this.#forgetFamily(family);
    return this.#store.rotate(family, from, entries).finally(() => {
      this.#forgetFamily(family);
      this.#forgetNew(entries);
    });
  }

  async revoke(family: TokenRef): Promise<boolean> {
    const forget = (): void => this.#forgetFamily(family);
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
      this.#forgetAll();
    });
  }

  remembers(ref: TokenRef): boolean {
    return this.#records.has(ref.hash);
  }

  stats(): CacheStats {
    return {
      ...{ hits: this.#hits, misses: this.#misses, stale: this.#stale, evictions: this.#records.evictions },
      ...{ size: this.#records.size, negativeSize: this.#absent.size, unconfirmed: this.#revocations.size },
    };
  }

  close(): void {
    this.#unsubscribe();
    this.#revocations.close();
  }

  /** The hot path: a hit allocates nothing and waits for nothing. */
  #getAccess(ref: TokenRef, staleness?: Milliseconds, onStale?: () => void): Answer<AccessToken | undefined> {
    // 1. What this node has revoked is dead, whatever store and cache say.
    if (this.#revocations.denies(ref.hash)) return undefined;
    // 2. Without a working stream nothing that is kept can be trusted, and nothing may be kept.
    if (!this.#mayKeep()) return this.#ask(ref, staleness, onStale);
    // 3. A fact that is young enough.
    const now = this.#clock.monotonic();
    const entry = this.#records.get(ref.hash);
    if (entry !== undefined && now - entry.filledAt <= this.#settings.ttl) {
      this.#hits += 1;
      return this.#living(entry.record, ref);
    }
    // 4. A definite "no such token", moments ago.
    const absentSince = this.#absent.get(ref.hash);
    if (absentSince !== undefined && now - absentSince <= this.#settings.negativeTtl) {
      this.#hits += 1;
      return undefined;
    }
    // 5. One read for all who ask.
    this.#misses += 1;
    return this.#fill(ref, now, staleness, onStale);
  }

  #mayKeep(): boolean {
    return this.#settings.maxTokens > 0 && this.invalidation.up;
  }

  /** Asks the store for this caller alone and keeps nothing. */
  #ask(ref: TokenRef, staleness?: Milliseconds, onStale?: () => void): Answer<AccessToken | undefined> {
    this.#misses += 1;
    const seen = (record: AccessToken | undefined): AccessToken | undefined => {
      if (record === undefined) this.#records.drop(ref.hash); // not even for an outage
      // A failover may have brought back what was revoked, and the stream does not tell of it yet.
      return record !== undefined && this.#ended(ref, record) ? undefined : record;
    };
    return this.#guarded(ref, { staleness, onStale }, () => {
      const answer = this.#store.get('access', ref);
      return answer instanceof Promise ? answer.then(seen) : seen(answer);
    });
  }

  #fill(
    ref: TokenRef,
    now: Milliseconds,
    staleness?: Milliseconds,
    onStale?: () => void,
  ): Answer<AccessToken | undefined> {
    return this.#guarded(ref, { staleness, onStale }, () => {
      const shared = this.#flights.get(ref.hash)?.answer;
      if (shared !== undefined) return shared;
      const flight: Flight = { began: now, stale: false };
      const answer = this.#store.get('access', ref);
      if (!(answer instanceof Promise)) return this.#land(ref, flight, answer);
      this.#flights.set(ref.hash, flight);
      flight.answer = answer
        .then((record) => this.#land(ref, flight, record))
        .finally(() => {
          if (this.#flights.get(ref.hash) === flight) this.#flights.delete(ref.hash);
        });
      return flight.answer;
    });
  }

  /** Keeps what a read brought, unless it may have missed a revocation that happened meanwhile. */
  #land(ref: TokenRef, flight: Flight, record: AccessToken | undefined): AccessToken | undefined {
    if (flight.stale || !this.#mayKeep()) return record;
    if (record !== undefined) {
      this.#records.set(ref.hash, { record, filledAt: flight.began });
      return record;
    }
    this.#records.drop(ref.hash);
    if (this.#settings.negativeTtl > 0) this.#rememberAbsent(ref.hash, flight.began);
    return undefined;
  }

  /** Takes out what is too old to serve: of a flood nothing stays. Each call removes two at most, so none pays for many. */
  #rememberAbsent(hash: TokenHash, since: Milliseconds): void {
    this.#absent.set(hash, since);
    for (let count = 0; count < 2; count++) {
      const oldest = this.#absent.rkeys().next().value;
      const age = oldest === undefined ? 0 : since - (this.#absent.peek(oldest) ?? since);
      if (age <= this.#settings.negativeTtl) return;
      this.#absent.pop();
    }
  }

  /** Runs a read that may answer now or later, and falls back on what is known if the store gives no answer. */
  #guarded(
    ref: TokenRef,
    allowed: Allowed,
    read: () => Answer<AccessToken | undefined>,
  ): Answer<AccessToken | undefined> {
    try {
      const answer = read();
      if (!(answer instanceof Promise)) return this.#living(answer, ref);
      return answer.then(
        (record) => this.#living(record, ref),
        (error: unknown) => this.#withoutStore(ref, allowed, error),
      );
    } catch (error) {
      return this.#withoutStore(ref, allowed, error);
    }
  }

  /**
   * The store gave no answer. A fact serves if it was certain not long ago: when it was read, or, as it would have been
   * announced, when the stream was last heard. Use does not renew either.
   */
  #withoutStore(ref: TokenRef, { staleness, onStale }: Allowed, error: unknown): AccessToken | undefined {
    if (error instanceof CorruptRecord) this.#records.drop(ref.hash);
    const entry = this.#records.get(ref.hash);
    if (!(error instanceof DependencyUnavailable) || entry === undefined) throw error;
    const certain = Math.max(entry.filledAt, this.invalidation.lastHeard);
    const bound = staleness === 0 ? 0 : Math.max(this.#settings.staleness, staleness ?? 0);
    if (this.#clock.monotonic() - certain > bound) throw error;
    this.#stale += 1;
    onStale?.();
    return this.#living(entry.record, ref);
  }

  #ended(ref: TokenRef, { family }: AccessToken): boolean {
    return this.#revocations.ended(ref.hash) || this.#revocations.ended(family);
  }

  /** @returns the record unless it has expired or this node has ended it, possibly while it was being read. */
  #living(record: AccessToken | undefined, ref: TokenRef): AccessToken | undefined {
    if (record === undefined || hasExpired(record.expiresAt, this.#clock.now())) return undefined;
    if (this.#revocations.denies(record.family) || this.#revocations.denies(ref.hash)) return undefined;
    if (this.#revocations.doubts(ref, record.client))
      throw new DependencyUnavailable('token store', 'a revocation has not been confirmed');
    return record;
  }

  #forget(hash: TokenHash): void {
    this.#records.drop(hash);
    const flight = this.#flights.get(hash);
    if (flight === undefined) return;
    flight.stale = true;
    this.#flights.delete(hash); // who asks from now on must not get what was read before
  }

  /** Which family a read in flight will turn out to belong to is not known yet, so all of them are stale. */
  #forgetFamily(family: TokenRef): void {
    this.#records.dropFamily(family.hash);
    this.#groundAll();
  }

  /** New tokens: "no such token" has ceased to be true, also for reads that are under way. */
  #forgetNew(entries: readonly Entry[]): void {
    for (const { kind, ref } of entries) {
      if (kind !== 'access') continue;
      this.#absent.delete(ref.hash);
      this.#forget(ref.hash);
    }
  }

  #groundAll(): void {
    for (const flight of this.#flights.values()) flight.stale = true;
    this.#flights.clear();
  }

  #forgetAll(): void {
    this.#records.clear();
    this.#absent.clear();
    this.#groundAll();
  }

  #reset(): void {
    this.#forgetAll();
    void this.#revocations.reassert();
  }
}
