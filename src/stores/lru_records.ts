import { LRUCache } from 'lru-cache';
import type { AccessToken, TokenHash } from '../model/token.ts';
import type { Milliseconds } from '../model/units.ts';

/** A fact and its age: monotonic time at which the read that brought it began, because that is when it was certainly true. */
export interface CachedRecord {
  readonly record: AccessToken;
  readonly filledAt: Milliseconds;
}

/** The cached access tokens, the least recently used ones dropped first, and which of them belong to which family. */
export class LruRecords {
  readonly #records: LRUCache<TokenHash, CachedRecord>;
  readonly #families = new Map<string, Set<TokenHash>>();
  #evictions = 0;

  constructor(max: number) {
    this.#records = new LRUCache({
      max,
      dispose: ({ record }, hash, reason) => {
        if (reason === 'evict') this.#evictions += 1;
        this.#unlist(record.family, hash);
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
    return this.#records.get(hash);
  }

  set(hash: TokenHash, entry: CachedRecord): void {
    this.#records.set(hash, entry);
    // After `set`, which unlists what it replaces.
    const hashes = this.#families.get(entry.record.family);
    if (hashes === undefined) this.#families.set(entry.record.family, new Set([hash]));
    else hashes.add(hash);
  }

  drop(hash: TokenHash): void {
    this.#records.delete(hash);
  }

  dropFamily(family: string): void {
    for (const hash of [...(this.#families.get(family) ?? [])]) this.drop(hash);
  }

  clear(): void {
    this.#records.clear();
  }

  #unlist(family: string, hash: TokenHash): void {
    const hashes = this.#families.get(family);
    hashes?.delete(hash);
    if (hashes?.size === 0) this.#families.delete(family);
  }
}
