import type { Clock } from '../model/clock.ts';
import { CorruptRecord } from '../model/failure.ts';
import type { KeptAnswer, RecordKind, RecordOf, TokenHash, TokenRef } from '../model/token.ts';
import { type Seconds, seconds } from '../model/units.ts';
import type { BackendDependencies } from './backend.ts';
import type { EmbeddedDatabase } from './embedded_database.ts';
import type { EmbeddedInvalidation } from './embedded_invalidation.ts';
import { droppedBetween, familyAmong, hasExpired, sessionShelf, shelfOf, shelvesOf, tagOf } from './entries.ts';
import { decodeRecord, encodeRecord } from './record_codec.ts';
import type { Entry, FamilyListing, Owner, TokenStore } from './token_store.ts';

/** Token records in SQLite. Reads answer at once; each write is one transaction that is on disk when it resolves. */
export class EmbeddedTokens implements TokenStore {
  readonly invalidation: EmbeddedInvalidation;
  readonly #database: EmbeddedDatabase;
  readonly #clock: Clock;
  readonly #report: BackendDependencies['report'];
  readonly #sql: ReturnType<typeof statements>;

  constructor(database: EmbeddedDatabase, invalidation: EmbeddedInvalidation, { clock, report }: BackendDependencies) {
    this.invalidation = invalidation;
    this.#database = database;
    this.#clock = clock;
    this.#report = report;
    this.#sql = statements(database);
  }

  get<K extends RecordKind>(kind: K, ref: TokenRef): RecordOf[K] | undefined {
    const row = this.#database.read(() => this.#sql.get.get(ref.hash, ref.tag, kind));
    return this.#decode(kind, ref, row?.['value']);
  }

  async put(entries: readonly Entry[]): Promise<void> {
    tagOf(entries);
    await this.#database.write(() => this.#insert(entries));
  }

  async take<K extends RecordKind>(kind: K, ref: TokenRef): Promise<RecordOf[K] | undefined> {
    const dropped = kind === 'access' ? [ref.hash] : [];
    const row = await this.#database.write(() => {
      this.invalidation.record(dropped);
      if (kind === 'session') this.#sql.unlistSession.run(ref.hash, ref.tag);
      return this.#sql.take.get(ref.hash, ref.tag, kind);
    });
    this.invalidation.announce(dropped);
    return this.#decode(kind, ref, row?.['value']);
  }

  async rotate(family: TokenRef, from: number, entries: readonly Entry[]): Promise<boolean> {
    const after = familyAmong(entries, family);
    const dropped = await this.#database.write(() => {
      const before = this.get('family', family);
      if (before?.generation !== from) return undefined;
      const hashes = droppedBetween(before, after);
      for (const hash of hashes) this.#sql.drop.run(hash, family.tag, 'access');
      this.#insert(entries);
      this.invalidation.record(hashes);
      return hashes;
    });
    this.invalidation.announce(dropped ?? []);
    return dropped !== undefined;
  }

  async revoke(family: TokenRef): Promise<boolean> {
    const { found, hashes } = await this.#database.write(() => {
      const listed = this.#listed(family);
      const rows = this.#sql.end.all(family.hash, family.tag);
      this.#sql.unlist.run(family.hash, family.tag);
      // What was listed but is gone from the table may still be in a cache.
      const deleted = rows.filter((row) => row['kind'] === 'access').map((row) => String(row['hash']) as TokenHash);
      const all = [...new Set([...listed, ...deleted])];
      this.invalidation.record(all);
      const now = this.#clock.now();
      const families = rows.filter((row) => row['kind'] === 'family');
      return { found: families.some((row) => !hasExpired(seconds(Number(row['expires_at'])), now)), hashes: all };
    });
    this.invalidation.announce(hashes);
    return found;
  }

  async families(owner: Owner, limit: number, until?: Seconds): Promise<readonly FamilyListing[]> {
    return this.#listedOn(shelfOf(owner), limit, until);
  }

  async sessions(subject: string, limit: number, until?: Seconds): Promise<readonly FamilyListing[]> {
    return this.#listedOn(sessionShelf(subject), limit, until);
  }

  async claim(ref: TokenRef, record: KeptAnswer): Promise<boolean> {
    const value = encodeRecord('answer', record);
    const now = Math.floor(this.#clock.now() / 1000);
    const { changes } = await this.#database.write(() =>
      this.#sql.claim.run(ref.tag, ref.hash, record.expiresAt, value, now),
    );
    return Number(changes) > 0;
  }

  #listedOn(shelf: string, limit: number, until: number = Number.MAX_SAFE_INTEGER): readonly FamilyListing[] {
    const rows = this.#database.read(() => this.#sql.families.all(shelf, this.#clock.now() / 1000, until, limit));
    return rows.map((row) => ({
      ref: { tag: String(row['tag']), hash: String(row['family']) as TokenHash }, // written from a TokenRef
      expiresAt: seconds(Number(row['expires_at'])),
    }));
  }

  #insert(entries: readonly Entry[]): void {
    for (const entry of entries) {
      const { kind, ref, record } = entry;
      const family = kind === 'family' ? ref.hash : 'family' in record ? record.family : null;
      const value = encodeRecord(kind, record);
      this.#sql.put.run(kind, ref.tag, ref.hash, family, record.expiresAt, value);
      for (const shelf of shelvesOf(entry)) this.#sql.list.run(shelf, ref.tag, ref.hash, record.expiresAt);
    }
  }

  /** The access tokens a family lists. A family that cannot be read can still be ended: the table knows its tokens. */
  #listed(family: TokenRef): readonly TokenHash[] {
    try {
      const record = this.get('family', family);
      return record === undefined ? [] : droppedBetween(record);
    } catch (error) {
      if (error instanceof CorruptRecord) return [];
      throw error;
    }
  }

  #decode<K extends RecordKind>(kind: K, ref: TokenRef, value: unknown): RecordOf[K] | undefined {
    if (value === undefined) return undefined;
    try {
      const record = decodeRecord(kind, value, ref.hash);
      return hasExpired(record.expiresAt, this.#clock.now()) ? undefined : record;
    } catch (error) {
      this.#report('corrupt_record', { kind });
      throw error;
    }
  }
}

function statements(database: EmbeddedDatabase) {
  return {
    get: database.prepare('SELECT value FROM records WHERE hash = ? AND tag = ? AND kind = ?'),
    put: database.prepare(
      'INSERT OR REPLACE INTO records (kind, tag, hash, family, expires_at, value) VALUES (?, ?, ?, ?, ?, ?)',
    ),
    take: database.prepare('DELETE FROM records WHERE hash = ? AND tag = ? AND kind = ? RETURNING value'),
    drop: database.prepare('DELETE FROM records WHERE hash = ? AND tag = ? AND kind = ?'),
    end: database.prepare('DELETE FROM records WHERE family = ? AND tag = ? RETURNING kind, hash, expires_at'),
    list: database.prepare('INSERT OR REPLACE INTO listings (owner, tag, family, expires_at) VALUES (?, ?, ?, ?)'),
    unlist: database.prepare('DELETE FROM listings WHERE family = ? AND tag = ?'),
    unlistSession: database.prepare(
      "DELETE FROM listings WHERE family = ? AND tag = ? AND owner >= 'session:' AND owner < 'session;'",
    ),
    claim: database.prepare(
      `INSERT INTO records (kind, tag, hash, expires_at, value) VALUES ('answer', ?, ?, ?, ?)
       ON CONFLICT (hash, tag, kind) DO UPDATE SET expires_at = excluded.expires_at, value = excluded.value
       WHERE expires_at <= ?`,
    ),
    families: database.prepare(
      `SELECT tag, family, expires_at FROM listings WHERE owner = ? AND expires_at > ? AND expires_at <= ?
       ORDER BY expires_at DESC LIMIT ?`,
    ),
  };
}
