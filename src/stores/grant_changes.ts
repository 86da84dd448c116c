import type { AccessToken, Family, RecordKind, RefreshToken, TokenHash, TokenRef } from '../model/token.ts';
import type { Milliseconds, Seconds } from '../model/units.ts';
import { droppedBetween, hasExpired } from './entries.ts';
import type { GrantRecord } from './grant_record.ts';
import type { Entry } from './token_store.ts';

/** How a grant's record changes. Pure: the store makes a change true with one compare-and-swap of the whole text. */

export type GrantKind = 'access' | 'refresh' | 'family';
export type GrantEntry = Extract<Entry, { readonly kind: GrantKind }>;

export const isGrantKind = (kind: RecordKind): kind is GrantKind =>
  kind === 'access' || kind === 'refresh' || kind === 'family';
export const isGrantEntry = (entry: Entry): entry is GrantEntry => isGrantKind(entry.kind);

export const NO_GRANT: GrantRecord = { families: [], access: new Map(), refresh: new Map() };

/** A record after a change, and the access tokens that the change has ended. */
export interface GrantChange {
  readonly after: GrantRecord;
  readonly ended: readonly TokenHash[];
}

/** With these entries in the place of what was there under the same names. */
export function withEntries(grant: GrantRecord, entries: readonly GrantEntry[]): GrantRecord {
  const families = [...grant.families];
  const access = copyOf(grant.access);
  const refresh = copyOf(grant.refresh);
  for (const entry of entries) {
    if (entry.kind === 'family') {
      const at = families.findIndex(({ id }) => id === entry.ref.hash);
      families[at < 0 ? families.length : at] = entry.record;
    } else if (entry.kind === 'access') access.set(entry.ref.hash, entry.record);
    else refresh.set(entry.ref.hash, entry.record);
  }
  return { families, access, refresh };
}

/** Most grants are new, and copying even an empty map costs more than making one. */
const copyOf = <K, V>(map: ReadonlyMap<K, V>): Map<K, V> => (map.size === 0 ? new Map() : new Map(map));

/** @returns undefined unless the family is there, alive and of generation `from`. */
export function rotated(
  grant: GrantRecord,
  { family, from, entries, now }: { family: TokenRef; from: number; entries: readonly GrantEntry[]; now: Milliseconds },
): GrantChange | undefined {
  const before = livingFamily(grant, family, now);
  if (before?.generation !== from) return undefined;
  const after = withEntries(grant, entries);
  const ended = droppedBetween(before, livingFamily(after, family, now));
  return { after: { ...after, access: without(after.access, ended) }, ended };
}

/** Without a family and every token that it lists. @returns undefined if there is no such family. */
export function withoutFamily(grant: GrantRecord, { hash }: TokenRef): (GrantChange & { family: Family }) | undefined {
  const family = grant.families.find(({ id }) => id === hash);
  if (family === undefined) return undefined;
  const ended = droppedBetween(family);
  const after = {
    families: grant.families.filter((it) => it !== family),
    access: without(grant.access, ended),
    refresh: without(
      grant.refresh,
      family.refresh.map(([listed]) => listed),
    ),
  };
  return { family, after, ended };
}

/** Without one record, whatever else speaks of it. */
export function withoutRecord(grant: GrantRecord, kind: GrantKind, hash: TokenHash): GrantRecord {
  if (kind === 'family') return { ...grant, families: grant.families.filter(({ id }) => id !== hash) };
  if (kind === 'access') return { ...grant, access: without(grant.access, [hash]) };
  return { ...grant, refresh: without(grant.refresh, [hash]) };
}

/** A record as it is written. */
export interface SettledGrant {
  readonly grant: GrantRecord;
  readonly expiresAt: Seconds;
}

/** Without what has expired. @returns undefined when nothing is left. */
export function settled(grant: GrantRecord, now: Milliseconds): SettledGrant | undefined {
  const lives = ({ expiresAt }: { readonly expiresAt: Seconds }): boolean => !hasExpired(expiresAt, now);
  const families = grant.families.filter(lives);
  const access = living(grant.access, lives);
  let latest: Seconds | undefined;
  for (const { expiresAt } of families) if (latest === undefined || expiresAt > latest) latest = expiresAt;
  for (const { expiresAt } of access.values()) if (latest === undefined || expiresAt > latest) latest = expiresAt;
  if (latest === undefined) return undefined;
  return { grant: { families, access, refresh: living(grant.refresh, lives) }, expiresAt: latest };
}

function living<T>(tokens: ReadonlyMap<TokenHash, T>, lives: (token: T) => boolean): ReadonlyMap<TokenHash, T> {
  for (const token of tokens.values()) if (!lives(token)) return new Map([...tokens].filter(([, it]) => lives(it)));
  return tokens;
}

/** Takes out the refresh tokens that no family lists (any more): a grant that is rotated for weeks must not grow with each. */
export function withoutUnlisted(grant: GrantRecord): { grant: GrantRecord; unlisted: GrantRecord['refresh'] } {
  const isListed = (hash: TokenHash, { family, expiresAt }: RefreshToken): boolean =>
    grant.families.some(
      ({ id, refresh }) => id === family && refresh.some(([it, ends]) => it === hash && ends === expiresAt),
    );
  if (grant.refresh.size === 0) return { grant, unlisted: grant.refresh };
  const unlisted = new Map([...grant.refresh].filter(([hash, token]) => !isListed(hash, token)));
  return unlisted.size === 0
    ? { grant, unlisted }
    : { grant: { ...grant, refresh: without(grant.refresh, [...unlisted.keys()]) }, unlisted };
}

export function recordOf(
  { families, access, refresh }: GrantRecord,
  kind: GrantKind,
  hash: TokenHash,
): AccessToken | RefreshToken | Family | undefined {
  if (kind === 'access') return access.get(hash);
  if (kind === 'refresh') return refresh.get(hash);
  return families.find(({ id }) => id === hash);
}

function livingFamily(grant: GrantRecord, { hash }: TokenRef, now: Milliseconds): Family | undefined {
  return grant.families.find(({ id, expiresAt }) => id === hash && !hasExpired(expiresAt, now));
}

function without<T>(tokens: ReadonlyMap<TokenHash, T>, hashes: readonly TokenHash[]): ReadonlyMap<TokenHash, T> {
  const kept = new Map(tokens);
  for (const hash of hashes) kept.delete(hash);
  return kept;
}
