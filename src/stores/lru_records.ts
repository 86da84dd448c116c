import { Buffer } from 'node:buffer';
import { LRUCache } from 'lru-cache';
import type { AccessToken, TokenHash } from '../model/token.ts';
import { type Milliseconds, milliseconds } from '../model/units.ts';
import { type Packed, Packing, unpack } from './lru_packed.ts';

/** A fact and its age: monotonic time at which the read that brought it began, because that is when it was certainly true. */
export interface CachedRecord {
  readonly record: AccessToken;
  readonly filledAt: Milliseconds;
}

/** How many tokens are kept ready for use; of the others only the packed form is, a third of the size. Never more than are cached. */
const MOST_UNPACKED = 4_096;
/**
 * How many families are remembered as ended, and never more than tokens are cached. Beyond it the older half gives way, with
 * everything cached before they ended.
 */
const MOST_ENDED = 10_000;

interface Kept extends Packed {
  /** Whole milliseconds, rounded down. */
  readonly filledAt: Milliseconds;
  /** How many families had ended when this was kept. */
  readonly after: number;
  /** Absent while only the packed form is kept. */
  record: AccessToken | undefined;
}

/**
 * The cached access tokens, the least recently used ones dropped first. A family that ended is not searched for: it is remembered
 * until none of its tokens can be left, and whatever was kept before it ended is not found any more.
 */
export class LruRecords {
  readonly #records: LRUCache<TokenHash, Kept>;
  readonly #packing = new Packing();
  readonly #mostUnpacked: number;
  readonly #mostEnded: number;
  /** Those that have their record, in a ring. */
  readonly #unpacked: Kept[] = [];
  #turn = 0;
  /** What `has` found last: whoever asks whether a token is kept asks for it next, and finding it twice would cost as much again. */
  #found: Kept | undefined;
  #foundBy: TokenHash | undefined;
  /** Family to how many had ended with it, oldest first. */
  readonly #ended = new Map<string, number>();
  #endings = 0;
  /** What was kept before so many families had ended may belong to one that is not remembered. */
  #forgotten = 0;
  #evictions = 0;

  constructor(max: number) {
    this.#mostUnpacked = Math.min(MOST_UNPACKED, max);
    this.#mostEnded = Math.min(MOST_ENDED, max);
    this.#records = new LRUCache({
      max,
      dispose: (kept, _hash, reason) => {
        if (reason === 'evict') this.#evictions += 1;
        // Its place in the ring stays until it is its turn: what is no longer cached must not stay there with it.
        kept.record = undefined;
      },
    });
  }

  get size(): number {
    return this.#records.size;
  }

  get evictions(): number {
    return this.#evictions;
  }

  get(hash: TokenHash): CachedRecord | undefined {
    const kept = hash === this.#foundBy ? this.#found : this.#records.get(hash);
    this.#forgetFound();
    if (kept === undefined) return undefined;
    if (kept.record === undefined) this.#hold(kept, unpack(kept));
    // It has its record now.
    const found = kept as CachedRecord;
    if (this.#endings > 0 && this.#hasEnded(kept.after, found.record.family)) {
      this.drop(hash);
      return undefined;
    }
    return found;
  }

  /** Whether it is kept, however old; that counts as a use of it. */
  has(hash: TokenHash): boolean {
    this.#found = this.#records.get(hash);
    this.#foundBy = this.#found && hash;
    return this.#found !== undefined;
  }

  set(hash: TokenHash, { record, filledAt }: CachedRecord): void {
    const { text, terms, issuedAt, expiresAt, authenticatedAt } = this.#packing.pack(record);
    const kept: Kept = {
      text,
      terms,
      issuedAt,
      expiresAt,
      authenticatedAt,
      filledAt: milliseconds(Math.floor(filledAt)),
      after: this.#endings,
      record: undefined,
    };
    this.#hold(kept, record);
    this.#forgetFound();
    this.#records.set(compact(hash), kept);
  }

  drop(hash: TokenHash): void {
    this.#forgetFound();
    this.#records.delete(hash);
  }

  dropFamily(family: string): void {
    this.#endings += 1;
    this.#ended.delete(family); // so that it becomes the youngest
    this.#ended.set(family, this.#endings);
    if (this.#ended.size > this.#mostEnded) this.#forgetHalf();
  }

  clear(): void {
    this.#forgetFound();
    this.#records.clear();
    this.#unpacked.length = 0;
    this.#turn = 0;
    this.#ended.clear();
  }

  #forgetFound(): void {
    this.#found = undefined;
    this.#foundBy = undefined;
  }

  #hasEnded(after: number, family: string): boolean {
    if (after < this.#forgotten) return true;
    const ending = this.#ended.get(family);
    return ending !== undefined && after < ending;
  }

  #forgetHalf(): void {
    for (const [family, ending] of this.#ended) {
      if (this.#ended.size <= this.#mostEnded / 2) break;
      this.#ended.delete(family);
      this.#forgotten = ending;
    }
  }

  /** Keeps a record ready for use, and of the one that was made ready longest ago only the packed form. */
  #hold(kept: Kept, record: AccessToken): void {
    const pushedOut = this.#unpacked[this.#turn];
    if (pushedOut !== undefined) pushedOut.record = undefined;
    kept.record = record;
    this.#unpacked[this.#turn] = kept;
    this.#turn = (this.#turn + 1) % this.#mostUnpacked;
  }
}

/** As a string of its own: one that was cut out of another keeps that alive. */
const compact = (hash: TokenHash): TokenHash => Buffer.from(hash).toString('latin1') as TokenHash;
