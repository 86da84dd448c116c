import type { Clock } from '../../src/model/clock.ts';
import type { KeptAnswer, RecordKind, RecordOf, TokenHash, TokenRef } from '../../src/model/token.ts';
import type { Milliseconds, Seconds } from '../../src/model/units.ts';
import { Announcements } from '../../src/stores/announcements.ts';
import type { Invalidation } from '../../src/stores/invalidation.ts';
import { MemoryTokens } from '../../src/stores/memory_tokens.ts';
import type { Answer, Entry, FamilyListing, Owner, TokenStore } from '../../src/stores/token_store.ts';

/** A token store whose answers can be held back or made to fail, and whose stream can be cut: for what wraps a store. */
export class ControlledStore implements TokenStore {
  readonly invalidation: Invalidation;
  /** How often an access token was asked for. */
  reads = 0;
  /** Answers without a promise, as the embedded store does. */
  atOnce = false;
  /** Announces nothing that it does itself. */
  silent = false;
  readonly #records: MemoryTokens;
  readonly #clock: Clock;
  readonly #announcements = new Announcements();
  #up = true;
  #lastHeard: Milliseconds;
  #readFailure: Error | undefined;
  #writeFailure: Error | undefined;
  #reading: Promise<void> = Promise.resolve();
  #writing: Promise<void> = Promise.resolve();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#records = new MemoryTokens(clock);
    this.#lastHeard = clock.monotonic();
    this.#records.invalidation.subscribe({
      invalidated: (hashes) => {
        if (!this.silent) this.announce(hashes);
      },
      reset: () => {},
    });
    const up = (): boolean => this.#up;
    const lastHeard = (): Milliseconds => (this.#up ? clock.monotonic() : this.#lastHeard);
    this.invalidation = {
      get up() {
        return up();
      },
      get lastHeard() {
        return lastHeard();
      },
      subscribe: (listener) => this.#announcements.subscribe(listener),
    };
  }

  streamDown(): void {
    this.#lastHeard = this.#clock.monotonic();
    this.#up = false;
  }

  streamUp(): void {
    this.#up = true;
    this.reset();
  }

  announce(hashes: readonly TokenHash[]): void {
    if (this.#up) this.#announcements.invalidated(hashes);
  }

  reset(): void {
    this.#announcements.reset();
  }

  failWith(failure: Error | undefined): void {
    this.#readFailure = failure;
  }

  failWritesWith(failure: Error | undefined): void {
    this.#writeFailure = failure;
  }

  /** Reads see the records of the moment they begin, but answer only after `release`. */
  holdReads(): { release(): void } {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#reading = promise;
    return { release: resolve };
  }

  /** Writes happen only after `release`. */
  holdWrites(): { release(): void } {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#writing = promise;
    return { release: resolve };
  }

  get<K extends RecordKind>(kind: K, ref: TokenRef): Answer<RecordOf[K] | undefined> {
    if (kind === 'access') this.reads += 1;
    if (this.#readFailure) {
      if (this.atOnce) throw this.#readFailure;
      return Promise.reject(this.#readFailure);
    }
    const record = this.#records.get(kind, ref);
    return this.atOnce ? record : this.#reading.then(() => record);
  }

  put = (entries: readonly Entry[]): Promise<void> => this.#write(() => this.#records.put(entries));
  take = <K extends RecordKind>(kind: K, ref: TokenRef): Promise<RecordOf[K] | undefined> =>
    this.#write(() => this.#records.take(kind, ref));
  rotate = (family: TokenRef, from: number, entries: readonly Entry[]): Promise<boolean> =>
    this.#write(() => this.#records.rotate(family, from, entries));
  revoke = (family: TokenRef): Promise<boolean> => this.#write(() => this.#records.revoke(family));
  families = (owner: Owner, limit: number, until?: Seconds): Promise<readonly FamilyListing[]> =>
    this.#records.families(owner, limit, until);
  sessions = (subject: string, limit: number, until?: Seconds): Promise<readonly FamilyListing[]> =>
    this.#records.sessions(subject, limit, until);
  claim = (ref: TokenRef, record: KeptAnswer): Promise<boolean> => this.#write(() => this.#records.claim(ref, record));

  async #write<T>(work: () => Promise<T>): Promise<T> {
    await this.#writing;
    if (this.#writeFailure) throw this.#writeFailure;
    return work();
  }
}
