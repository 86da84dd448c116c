import type { Clock } from '../model/clock.ts';
import type { KeptAnswer, RecordKind, RecordOf, TokenRef } from '../model/token.ts';
import type { Seconds } from '../model/units.ts';
import { Announcements } from './announcements.ts';
import { droppedBetween, familyAmong, hasExpired, sessionShelf, shelfOf, shelvesOf, tagOf } from './entries.ts';
import type { Invalidation } from './invalidation.ts';
import type { Entry, FamilyListing, Owner, TokenStore } from './token_store.ts';

/** How many records one sweep looks at. */
const STEPS = 5_000;

/** Every method runs to its end without waiting, so each is atomic by nature. */
export class MemoryTokens implements TokenStore {
  readonly invalidation: Invalidation;
  readonly #clock: Clock;
  readonly #announcements = new Announcements();
  readonly #records = new Map<string, Entry>();
  readonly #listings = new Map<string, Map<string, FamilyListing>>();
  #cursor: MapIterator<[string, Entry]> | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.invalidation = {
      up: true,
      get lastHeard() {
        return clock.monotonic();
      },
      subscribe: (listener) => this.#announcements.subscribe(listener),
    };
  }

  get<K extends RecordKind>(kind: K, ref: TokenRef): RecordOf[K] | undefined {
    const kept = this.#records.get(place(kind, ref));
    if (kept === undefined || hasExpired(kept.record.expiresAt, this.#clock.now())) return undefined;
    // The place contains the kind, so what is kept there has the shape of that kind.
    return kept.record as RecordOf[K];
  }

  async put(entries: readonly Entry[]): Promise<void> {
    tagOf(entries);
    this.#write(entries);
  }

  async take<K extends RecordKind>(kind: K, ref: TokenRef): Promise<RecordOf[K] | undefined> {
    const record = this.get(kind, ref);
    this.#forget(kind, ref);
    if (kind === 'access') this.#announcements.invalidated([ref.hash]);
    return record;
  }

  async rotate(family: TokenRef, from: number, entries: readonly Entry[]): Promise<boolean> {
    const after = familyAmong(entries, family);
    const before = this.get('family', family);
    if (before?.generation !== from) return false;
    const dropped = droppedBetween(before, after);
    for (const hash of dropped) this.#records.delete(place('access', { tag: family.tag, hash }));
    this.#write(entries);
    this.#announcements.invalidated(dropped);
    return true;
  }

  async revoke(family: TokenRef): Promise<boolean> {
    const { tag } = family;
    const record = this.get('family', family);
    this.#forget('family', family);
    if (record === undefined) return false;
    for (const [hash] of record.live) this.#records.delete(place('access', { tag, hash }));
    for (const [hash] of record.refresh) this.#records.delete(place('refresh', { tag, hash }));
    this.#announcements.invalidated(droppedBetween(record));
    return true;
  }

  async families(owner: Owner, limit: number, until?: Seconds): Promise<readonly FamilyListing[]> {
    return this.#listed(shelfOf(owner), limit, until);
  }

  async sessions(subject: string, limit: number, until?: Seconds): Promise<readonly FamilyListing[]> {
    return this.#listed(sessionShelf(subject), limit, until);
  }

  async claim(ref: TokenRef, record: KeptAnswer): Promise<boolean> {
    if (this.get('answer', ref) !== undefined) return false;
    this.#write([{ kind: 'answer', ref, record }]);
    return true;
  }

  #listed(shelf: string, limit: number, until = Number.POSITIVE_INFINITY): readonly FamilyListing[] {
    const now = this.#clock.now();
    return [...(this.#listings.get(shelf)?.values() ?? [])]
      .filter((listing) => listing.expiresAt <= until && !hasExpired(listing.expiresAt, now))
      .sort((a, b) => b.expiresAt - a.expiresAt)
      .slice(0, limit);
  }

  /** Forgets some of the expired records, going on where the last sweep stopped. */
  sweep(): void {
    const now = this.#clock.now();
    this.#cursor ??= this.#records.entries();
    for (let step = 0; step < STEPS; step += 1) {
      const next = this.#cursor.next();
      if (next.done) {
        this.#cursor = undefined;
        return;
      }
      const [, kept] = next.value;
      if (!hasExpired(kept.record.expiresAt, now)) continue;
      this.#forget(kept.kind, kept.ref);
    }
  }

  #write(entries: readonly Entry[]): void {
    for (const entry of entries) {
      const at = place(entry.kind, entry.ref);
      this.#records.set(at, entry);
      const listing = { ref: entry.ref, expiresAt: entry.record.expiresAt };
      for (const shelf of shelvesOf(entry)) {
        const listings = this.#listings.get(shelf) ?? new Map<string, FamilyListing>();
        this.#listings.set(shelf, listings.set(at, listing));
      }
    }
  }

  #forget(kind: RecordKind, ref: TokenRef): void {
    const at = place(kind, ref);
    const entry = this.#records.get(at);
    this.#records.delete(at);
    if (entry === undefined) return;
    for (const shelf of shelvesOf(entry)) {
      const listings = this.#listings.get(shelf);
      listings?.delete(at);
      if (listings?.size === 0) this.#listings.delete(shelf);
    }
  }
}

/** The length of the tag keeps `ab` + `c` and `a` + `bc` apart, whatever they contain. */
const place = (kind: RecordKind, ref: TokenRef): string => `${kind}:${ref.tag.length}:${ref.tag}${ref.hash}`;
