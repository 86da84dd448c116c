import type { Clock } from '../model/clock.ts';
import { CorruptRecord } from '../model/failure.ts';
import type { RecordKind, RecordOf, TokenRef } from '../model/token.ts';
import { seconds } from '../model/units.ts';
import type { BackendDependencies } from './backend.ts';
import { familyAmong, hasExpired, ownersOf, tagOf } from './entries.ts';
import type { Invalidation } from './invalidation.ts';
import { decodeRecord, encodeRecord } from './record_codec.ts';
import { run, runDurably } from './redis_client.ts';
import type { Connection } from './redis_connections.ts';
import { answered } from './redis_failure.ts';
import { memberOf, type RedisKeys, refOfMember } from './redis_keys.ts';
import { LIST, PUT, REVOKE, ROTATE, TAKE_ACCESS } from './redis_scripts.ts';
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

/** Token records in Redis: one key each, with its expiry. All keys of a family are in one Cluster slot. */
export class RedisTokens implements TokenStore {
  readonly invalidation: Invalidation;
  readonly #it: RedisTokensDependencies;
  readonly #clock: Clock;

  constructor(dependencies: RedisTokensDependencies) {
    this.#it = dependencies;
    this.#clock = dependencies.clock;
    this.invalidation = dependencies.invalidation;
  }

  async get<K extends RecordKind>(kind: K, ref: TokenRef): Promise<RecordOf[K] | undefined> {
    return this.#decode(kind, ref, await answered(this.#it.validating.get(this.#it.keys.record(kind, ref))));
  }

  async put(entries: readonly Entry[]): Promise<void> {
    tagOf(entries);
    await this.#list(entries);
    await run(this.#it.mutating, PUT, this.#keysOf(entries), valuesOf(entries));
  }

  async take<K extends RecordKind>(kind: K, ref: TokenRef): Promise<RecordOf[K] | undefined> {
    const { keys, mutating, revoking, replicas } = this.#it;
    const key = keys.record(kind, ref);
    const value =
      kind === 'access'
        ? await runDurably(revoking, TAKE_ACCESS, [key], [keys.channel, ref.hash], replicas)
        : await answered(mutating.getdel(key));
    return this.#decode(kind, ref, value);
  }

  async rotate(family: TokenRef, from: number, entries: readonly Entry[]): Promise<boolean> {
    familyAmong(entries, family);
    const { keys, mutating } = this.#it;
    const familyFirst = entries.toSorted((a, b) => Number(b.kind === 'family') - Number(a.kind === 'family'));
    await this.#list(entries);
    const done = await run(mutating, ROTATE, this.#keysOf(familyFirst), [
      ...[from, keys.records('access', family.tag), keys.channel],
      ...valuesOf(familyFirst),
    ]);
    if (done === -1) throw this.#corrupt('family');
    return done === 1;
  }

  async revoke(family: TokenRef): Promise<boolean> {
    const { keys, revoking, replicas } = this.#it;
    const args = [keys.records('access', family.tag), keys.records('refresh', family.tag), keys.channel];
    const value = await runDurably(revoking, REVOKE, [keys.record('family', family)], args, replicas);
    if (value === null) return false;
    this.#unlist(family, value);
    return true;
  }

  async families(owner: Owner, limit: number): Promise<readonly FamilyListing[]> {
    const after = `(${this.#clock.now() / 1000}`;
    const key = this.#it.keys.listing(owner);
    const flat = await answered(
      this.#it.validating.zrevrangebyscore(key, '+inf', after, 'WITHSCORES', 'LIMIT', 0, limit),
    );
    const listings: FamilyListing[] = [];
    for (let at = 0; at < flat.length; at += 2) {
      const ref = refOfMember(flat[at] ?? '');
      if (ref !== undefined) listings.push({ ref, expiresAt: seconds(Number(flat[at + 1])) });
    }
    return listings;
  }

  /**
   * Lists families before they are written, because listings are in other Cluster slots: what goes wrong in between leaves a
   * listing of nothing, which is allowed, and never a family that nobody can find.
   */
  async #list(entries: readonly Entry[]): Promise<void> {
    const now = this.#clock.now() / 1000;
    const { keys, mutating } = this.#it;
    const families = entries.filter((entry) => entry.kind === 'family');
    await Promise.all(
      families.flatMap(({ ref, record }) =>
        ownersOf(record).map((owner) =>
          run(mutating, LIST, [keys.listing(owner)], [now, record.expiresAt, memberOf(ref)]),
        ),
      ),
    );
  }

  /** Tidies up after a revocation, which does not wait for it and does not depend on it. */
  #unlist(ref: TokenRef, value: unknown): void {
    try {
      for (const owner of ownersOf(this.#read('family', ref, value))) {
        answered(this.#it.mutating.zrem(this.#it.keys.listing(owner), memberOf(ref))).catch(() => {});
      }
    } catch {
      // A family that cannot be read has been ended all the same, and reported; its listing expires.
    }
  }

  #keysOf(entries: readonly Entry[]): string[] {
    return entries.map(({ kind, ref }) => this.#it.keys.record(kind, ref));
  }

  #decode<K extends RecordKind>(kind: K, ref: TokenRef, value: unknown): RecordOf[K] | undefined {
    if (value === null) return undefined;
    const record = this.#read(kind, ref, value);
    return hasExpired(record.expiresAt, this.#clock.now()) ? undefined : record;
  }

  #read<K extends RecordKind>(kind: K, ref: TokenRef, value: unknown): RecordOf[K] {
    try {
      return decodeRecord(kind, value, ref.hash);
    } catch {
      throw this.#corrupt(kind);
    }
  }

  #corrupt(kind: RecordKind): CorruptRecord {
    this.#it.report('corrupt_record', { kind });
    return new CorruptRecord(kind);
  }
}

const valuesOf = (entries: readonly Entry[]): (string | number)[] =>
  entries.flatMap(({ kind, record }) => [encodeRecord(kind, record), record.expiresAt]);
