import type { Clock } from '../model/clock.ts';
import { CorruptRecord } from '../model/failure.ts';
import type { AccessToken, Family, KeptAnswer, RecordKind, RecordOf, RefreshToken, TokenRef } from '../model/token.ts';
import { type Seconds, seconds } from '../model/units.ts';
import type { BackendDependencies } from './backend.ts';
import { familyAmong, hasExpired, ownersOf, tagOf } from './entries.ts';
import {
  type GrantEntry,
  type GrantKind,
  isGrantEntry,
  isGrantKind,
  NO_GRANT,
  recordOf,
  rotated,
  settled,
  withEntries,
  withoutFamily,
  withoutRecord,
  withoutUnlisted,
} from './grant_changes.ts';
import { decodeAccess, decodeGrant, encodeGrant } from './grant_record.ts';
import type { Invalidation } from './invalidation.ts';
import { decodeRecord, encodeRecord } from './record_codec.ts';
import { run } from './redis_client.ts';
import type { Connection } from './redis_connections.ts';
import { answered } from './redis_failure.ts';
import { type FurtherRecord, RedisGrants } from './redis_grants.ts';
import { type Listing, RedisIssues } from './redis_issues.ts';
import { memberOf, type OwnKind, type RedisKeys, refOfMember } from './redis_keys.ts';
import { RedisLookups } from './redis_lookups.ts';
import { PUT } from './redis_scripts.ts';
import type { Entry, FamilyListing, Owner, TokenStore } from './token_store.ts';

export interface RedisTokensDependencies extends BackendDependencies {
  readonly validating: Connection;
  readonly mutating: Connection;
  readonly revoking: Connection;
  readonly keys: RedisKeys;
  readonly invalidation: Invalidation;
  /** How many replicas must have a revocation before it is confirmed. */
  readonly replicas: number;
}

/**
 * Token records in Redis. All that one grant gave is one key, found by the tag alone, so one read answers for any token of it and
 * one swap changes the whole family; other records have a key each. All keys of a tag are in one Cluster slot.
 */
export class RedisTokens implements TokenStore {
  readonly invalidation: Invalidation;
  readonly #it: RedisTokensDependencies;
  readonly #clock: Clock;
  readonly #lookups: RedisLookups;
  readonly #issues: RedisIssues;
  readonly #grants: RedisGrants;
  /** Look-ups of this turn of the event loop: who asks for the same record shares one answer, and one decoding. */
  readonly #asked = new Map<string, Promise<RecordOf[RecordKind] | undefined>>();

  constructor(dependencies: RedisTokensDependencies) {
    this.#it = dependencies;
    this.#clock = dependencies.clock;
    this.invalidation = dependencies.invalidation;
    this.#lookups = new RedisLookups(dependencies.validating, () => this.#corrupt('record'));
    this.#issues = new RedisIssues(dependencies.mutating, dependencies.clock);
    this.#grants = new RedisGrants(dependencies);
  }

  get<K extends RecordKind>(kind: K, ref: TokenRef): Promise<RecordOf[K] | undefined> {
    const name = `${kind}:${ref.tag.length}:${ref.tag}${ref.hash}`;
    let asked = this.#asked.get(name);
    if (asked === undefined) {
      // Before the look-up goes out: who asks after that must get what is true by then.
      if (this.#asked.size === 0) setImmediate(() => this.#asked.clear());
      asked = this.#get(kind, ref);
      this.#asked.set(name, asked);
    }
    // The name begins with the kind, so the answer has its shape.
    return asked as Promise<RecordOf[K] | undefined>;
  }

  async put(entries: readonly Entry[]): Promise<void> {
    const tag = tagOf(entries);
    const granted = entries.filter(isGrantEntry);
    const further = this.#further(entries);
    if (granted.length === 0) {
      // First: a listing may name what is not there, but no session may be missing from it.
      await this.#issues.list(this.#sessionListings(entries));
      const values = further.flatMap(({ value, expiresAt }) => [value, expiresAt]);
      const keys = further.map(({ key }) => key);
      await run(this.#it.mutating, PUT, keys, values);
      return;
    }
    if (further.length === 0 && (await this.#issue(tag, granted))) return;
    // There is a grant with this tag already, or more than a grant is to be written in one step.
    await this.#issues.list([...this.#listings(granted), ...this.#sessionListings(entries)]);
    await this.#grants.write(tag, (grant) => ({ after: withEntries(grant, granted), ended: [] }), further);
  }

  async take<K extends RecordKind>(kind: K, ref: TokenRef): Promise<RecordOf[K] | undefined> {
    // Each looks for a record of this kind.
    return (await this.#take(kind, ref)) as RecordOf[K] | undefined;
  }

  async rotate(family: TokenRef, from: number, entries: readonly Entry[]): Promise<boolean> {
    familyAmong(entries, family);
    const granted = entries.filter(isGrantEntry);
    await this.#issues.list(this.#listings(granted));
    const now = this.#clock.now();
    const change = await this.#reporting('family', () =>
      this.#grants.write(
        family.tag,
        (grant) => rotated(grant, { family, from, entries: granted, now }),
        this.#further(entries),
      ),
    );
    return change !== undefined;
  }

  async revoke(family: TokenRef): Promise<boolean> {
    try {
      const change = await this.#reporting('family', () =>
        this.#grants.end(family.tag, (grant) => withoutFamily(grant, family)),
      );
      if (change === undefined) return false;
      this.#unlist(family, change.family);
      return !hasExpired(change.family.expiresAt, this.#clock.now());
    } catch (error) {
      // A grant that cannot be read has been ended all the same, and reported; its listing expires.
      if (error instanceof CorruptRecord) return true;
      throw error;
    }
  }

  async families(owner: Owner, limit: number, until?: Seconds): Promise<readonly FamilyListing[]> {
    return this.#listed(this.#it.keys.listing(owner), limit, until);
  }

  async sessions(subject: string, limit: number, until?: Seconds): Promise<readonly FamilyListing[]> {
    return this.#listed(this.#it.keys.sessions(subject), limit, until);
  }

  async claim(ref: TokenRef, record: KeptAnswer): Promise<boolean> {
    const { keys, mutating } = this.#it;
    const [key, value] = [keys.record('answer', ref), encodeRecord('answer', record)];
    return (await answered(mutating, mutating.set(key, value, 'EXAT', record.expiresAt, 'NX'))) === 'OK';
  }

  async #listed(key: string, limit: number, until: Seconds | '+inf' = '+inf'): Promise<readonly FamilyListing[]> {
    const after = `(${this.#clock.now() / 1000}`;
    const flat = await answered(
      this.#it.validating,
      this.#it.validating.zrevrangebyscore(key, until, after, 'WITHSCORES', 'LIMIT', 0, limit),
    );
    const listings: FamilyListing[] = [];
    for (let at = 0; at < flat.length; at += 2) {
      const ref = refOfMember(flat[at] ?? '');
      if (ref !== undefined) listings.push({ ref, expiresAt: seconds(Number(flat[at + 1])) });
    }
    return listings;
  }

  async #get(kind: RecordKind, ref: TokenRef): Promise<RecordOf[RecordKind] | undefined> {
    const { keys } = this.#it;
    if (!isGrantKind(kind)) return this.#decode(kind, ref, await this.#lookups.get(keys.record(kind, ref)));
    const text = await this.#lookups.get(keys.grant(ref.tag));
    const record = text === null ? undefined : this.#living(this.#readGrant(kind, ref, text));
    if (record !== undefined || kind !== 'refresh') return record;
    return this.#decode(kind, ref, await this.#lookups.get(keys.record(kind, ref)));
  }

  /** @returns false if there is a grant with this tag: nothing was written then. */
  async #issue(tag: string, entries: readonly GrantEntry[]): Promise<boolean> {
    const { grant, unlisted } = withoutUnlisted(withEntries(NO_GRANT, entries));
    const written = settled(grant, this.#clock.now());
    if (unlisted.size > 0 || written === undefined) return false;
    return this.#issues.write({
      key: this.#it.keys.grant(tag),
      text: encodeGrant(written.grant),
      expiresAt: written.expiresAt,
      listings: this.#listings(entries),
    });
  }

  async #take(kind: RecordKind, ref: TokenRef): Promise<RecordOf[RecordKind] | undefined> {
    if (!isGrantKind(kind)) return this.#takeOwn(kind, ref);
    const record = await this.#takeGranted(kind, ref);
    return record === undefined && kind === 'refresh' ? this.#takeOwn(kind, ref) : record;
  }

  async #takeGranted(kind: GrantKind, ref: TokenRef): Promise<AccessToken | RefreshToken | Family | undefined> {
    const gone = kind === 'access' ? [ref.hash] : [];
    const change = await this.#reporting(kind, () =>
      this.#grants.end(
        ref.tag,
        (grant) => {
          const record = recordOf(grant, kind, ref.hash);
          return record && { record, after: withoutRecord(grant, kind, ref.hash), ended: [] };
        },
        gone,
      ),
    );
    return this.#living(change?.record);
  }

  async #takeOwn<K extends OwnKind>(kind: K, ref: TokenRef): Promise<RecordOf[K] | undefined> {
    const { keys, mutating } = this.#it;
    const record = this.#decode(kind, ref, await answered(mutating, mutating.getdel(keys.record(kind, ref))));
    if (kind === 'session' && record !== undefined) {
      // As in #unlist.
      const { subject } = (record as RecordOf['session']).user;
      answered(mutating, mutating.zrem(keys.sessions(subject), memberOf(ref))).catch(() => {});
    }
    return record;
  }

  #sessionListings(entries: readonly Entry[]): readonly Listing[] {
    return entries.flatMap(({ kind, ref, record }) => {
      if (kind !== 'session') return [];
      const key = this.#it.keys.sessions(record.user.subject);
      return [{ key, member: memberOf(ref), expiresAt: record.expiresAt }];
    });
  }

  /** Where the families among these are listed. Listings may name what is gone; a family must never be missing from them. */
  #listings(entries: readonly GrantEntry[]): readonly Listing[] {
    const { keys } = this.#it;
    return entries.flatMap((entry) => {
      if (entry.kind !== 'family') return [];
      const { ref, record } = entry;
      const member = memberOf(ref);
      return ownersOf(record).map((owner) => ({ key: keys.listing(owner), member, expiresAt: record.expiresAt }));
    });
  }

  /** Tidies up after a revocation, which does not wait for it and does not depend on it. */
  #unlist(ref: TokenRef, family: Family): void {
    const { mutating } = this.#it;
    for (const owner of ownersOf(family)) {
      answered(mutating, mutating.zrem(this.#it.keys.listing(owner), memberOf(ref))).catch(() => {});
    }
  }

  #further(entries: readonly Entry[]): readonly FurtherRecord[] {
    return entries.flatMap((entry) => {
      if (isGrantEntry(entry)) return [];
      const { kind, ref, record } = entry;
      const [key, value] = [this.#it.keys.record(kind, ref), encodeRecord(kind, record)];
      return [{ key, value, expiresAt: record.expiresAt }];
    });
  }

  #readGrant(kind: GrantKind, ref: TokenRef, text: string): AccessToken | RefreshToken | Family | undefined {
    try {
      return kind === 'access' ? decodeAccess(text, ref.hash) : recordOf(decodeGrant(text), kind, ref.hash);
    } catch {
      throw this.#corrupt(kind);
    }
  }

  #decode<K extends OwnKind>(kind: K, ref: TokenRef, value: string | null): RecordOf[K] | undefined {
    if (value === null) return undefined;
    try {
      return this.#living(decodeRecord(kind, value, ref.hash));
    } catch {
      throw this.#corrupt(kind);
    }
  }

  #living<R extends RecordOf[RecordKind]>(record: R | undefined): R | undefined {
    return record === undefined || hasExpired(record.expiresAt, this.#clock.now()) ? undefined : record;
  }

  async #reporting<T>(kind: RecordKind, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw error instanceof CorruptRecord ? this.#corrupt(kind) : error;
    }
  }

  #corrupt(kind: RecordKind | 'record'): CorruptRecord {
    this.#it.report('corrupt_record', { kind });
    return new CorruptRecord(kind);
  }
}
