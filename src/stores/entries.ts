import type { Family, TokenHash, TokenRef } from '../model/token.ts';
import type { Milliseconds, Seconds } from '../model/units.ts';
import type { Entry, Owner } from './token_store.ts';

/** What every token store has to know about entries before it writes them. */

/** Expiry is exclusive: a token that expires at 12:00:00 is dead at 12:00:00.000. */
export const hasExpired = (expiresAt: Seconds, now: Milliseconds): boolean => expiresAt * 1000 <= now;

/** @returns the tag all entries share. @throws RangeError when there is no entry, or more than one tag. */
export function tagOf(entries: readonly Entry[]): string {
  const tag = entries[0]?.ref.tag;
  if (tag === undefined || entries.some((entry) => entry.ref.tag !== tag)) {
    throw new RangeError('entries that are written together must share one tag');
  }
  return tag;
}

/** @returns the entry that replaces `family`. @throws RangeError when there is none. */
export function familyAmong(entries: readonly Entry[], family: TokenRef): Family {
  if (tagOf(entries) !== family.tag) throw new RangeError('a rotation stays within the tag of its family');
  for (const entry of entries) {
    if (entry.kind === 'family' && entry.ref.hash === family.hash) return entry.record;
  }
  throw new RangeError('a rotation must write the family that it rotates');
}

/** The listings a family appears in: its client's and, if it has a user, the user's. */
export function ownersOf(family: Family): readonly Owner[] {
  const client: Owner = { of: 'client', id: family.client };
  return family.user === undefined ? [client] : [client, { of: 'user', id: family.user.subject }];
}

/** The access tokens that die when `after` replaces `before` (or, without `after`, when the family ends). */
export function droppedBetween(before: Family, after?: Family): readonly TokenHash[] {
  const kept = new Set(after?.live.map(([hash]) => hash));
  return before.live.map(([hash]) => hash).filter((hash) => !kept.has(hash));
}

/** The name of a listing: of the families of an owner, or of the browser sessions of a user. */
export const shelfOf = (owner: Owner): string => `${owner.of}:${owner.id}`;
export const sessionShelf = (subject: string): string => `session:${subject}`;

/** The listings that an entry appears in. */
export function shelvesOf({ kind, record }: Entry): readonly string[] {
  if (kind === 'family') return ownersOf(record).map(shelfOf);
  return kind === 'session' ? [sessionShelf(record.user.subject)] : [];
}
