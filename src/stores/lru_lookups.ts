import type { Clock } from '../model/clock.ts';
import type { CacheSettings } from '../model/config.ts';
import { CorruptRecord, DependencyUnavailable } from '../model/failure.ts';
import type { AccessToken, TokenHash, TokenRef } from '../model/token.ts';
import type { Milliseconds } from '../model/units.ts';
import { hasExpired } from './entries.ts';
import type { Invalidation } from './invalidation.ts';
import { LruAbsent } from './lru_absent.ts';
import { LruRecords } from './lru_records.ts';
import type { LruRevocations } from './lru_revocations.ts';
import type { Answer, Entry, TokenStore } from './token_store.ts';

/** What has come of looking access tokens up. */
export interface LookupStats {
  readonly hits: number;
  readonly misses: number;
  /** Tokens that served although the store gave no answer. */
  readonly stale: number;
  readonly evictions: number;
  readonly size: number;
  readonly negativeSize: number;
}

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

/**
 * Looks access tokens up: in memory while what is there can be trusted, else in the store. It must not know why something is to be
 * forgotten; what this node has revoked it only asks for.
 */
export class LruLookups {
  readonly #store: TokenStore;
  readonly #invalidation: Invalidation;
  readonly #settings: CacheSettings;
  readonly #clock: Clock;
  readonly #revocations: LruRevocations;
  readonly #records: LruRecords;
  readonly #absent: LruAbsent;
  readonly #flights = new Map<TokenHash, Flight>();
  #hits = 0;
  #misses = 0;
  #stale = 0;

  constructor(store: TokenStore, settings: CacheSettings, clock: Clock, revocations: LruRevocations) {
    this.#store = store;
    this.#invalidation = store.invalidation;
    this.#settings = settings;
    this.#clock = clock;
    this.#revocations = revocations;
    this.#records = new LruRecords(Math.max(1, settings.maxTokens));
    this.#absent = new LruAbsent(settings.negativeTtl);
  }

  /** Whether it is in memory, however old. */
  has(hash: TokenHash): boolean {
    return this.#records.has(hash);
  }

  stats(): LookupStats {
    return {
      ...{ hits: this.#hits, misses: this.#misses, stale: this.#stale, evictions: this.#records.evictions },
      ...{ size: this.#records.size, negativeSize: this.#absent.size },
    };
  }

  /** The hot path: a hit allocates nothing and waits for nothing. */
  get(ref: TokenRef, staleness?: Milliseconds, onStale?: () => void): Answer<AccessToken | undefined> {
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
    if (this.#absent.has(ref.hash, now)) {
      this.#hits += 1;
      return undefined;
    }
    // 5. One read for all who ask.
    this.#misses += 1;
    return this.#fill(ref, now, staleness, onStale);
  }

  /** It has ended, or may have: what a read under way is about to bring must not be kept either. */
  forget(hash: TokenHash): void {
    this.#records.drop(hash);
    const flight = this.#flights.get(hash);
    if (flight === undefined) return;
    flight.stale = true;
    this.#flights.delete(hash); // who asks from now on must not get what was read before
  }

  /** Which family a read in flight will turn out to belong to is not known yet, so all of them are stale. */
  forgetFamily(family: TokenRef): void {
    this.#records.dropFamily(family.hash);
    this.#groundAll();
  }

  /** New tokens: "no such token" has ceased to be true, also for reads that are under way. */
  forgetNew(entries: readonly Entry[]): void {
    for (const { kind, ref } of entries) {
      if (kind !== 'access') continue;
      this.#absent.drop(ref.hash);
      this.forget(ref.hash);
    }
  }

  forgetAll(): void {
    this.#records.clear();
    this.#absent.clear();
    this.#groundAll();
  }

  #mayKeep(): boolean {
    return this.#settings.maxTokens > 0 && this.#invalidation.up;
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
    this.#absent.add(ref.hash, flight.began);
    return undefined;
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
    const certain = Math.max(entry.filledAt, this.#invalidation.lastHeard);
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

  #groundAll(): void {
    for (const flight of this.#flights.values()) flight.stale = true;
    this.#flights.clear();
  }
}
