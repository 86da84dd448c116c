import type { Family, TokenHash, TokenRef } from '../model/token.ts';
import type { TokenPolicy } from '../model/token_policy.ts';
import type { Seconds } from '../model/units.ts';
import { newTag, tagAlphabet } from './format.ts';
import { hashToken } from './hashing.ts';
import { randomText } from './randomness.ts';

/** 128 bits in base64url. */
const ID_LENGTH = 22;

/** How many access tokens of one family may live at once. One more, and the oldest drops out of the list: the store revokes it. */
const MOST_LIVE = 64;
/**
 * How many refresh hashes a family lists. The last two decide rotation; the others are listed only so that revoking removes
 * their records early. One that dropped out still leads here through its own record, and is therefore still caught as reuse.
 */
const MOST_REFRESH = 8;

/** Where the family with this id lives. */
// The id takes the place of a hash in a family's ref, as TokenRef says.
export const familyRef = (tag: string, id: string): TokenRef => ({ tag, hash: id as TokenHash });

export const newFamilyRef = (policy: TokenPolicy): TokenRef =>
  familyRef(newTag(tagAlphabet(policy)), randomText(16, 'base64url'));

/**
 * The family that redeeming a code creates. It follows from the code alone, so that whoever redeems the code a second time
 * can be answered by ending that family, although the code's own record is gone (RFC 6749 §4.1.2).
 */
export function familyOfCode(code: string, ref: TokenRef): TokenRef {
  return familyRef(ref.tag, hashToken(`family:${code}`).slice(0, ID_LENGTH));
}

type Listing = Family['live'][number];

/** The family's access tokens with this one, without those that have expired and the oldest beyond the bound. */
export function listAccess(family: Family, added: Listing, now: Seconds): readonly Listing[] {
  return [...unexpired(family.live, now), added].slice(-MOST_LIVE);
}

/** The family's refresh tokens with the one that becomes the live one, pruned in the same way. */
export function listRefresh(family: Family, added: Listing, now: Seconds): readonly Listing[] {
  return [...unexpired(family.refresh, now), added].slice(-MOST_REFRESH);
}

const unexpired = (list: readonly Listing[], now: Seconds) => list.filter(([, expiresAt]) => expiresAt > now);

/** Whether this is the one refresh token of the family that may be rotated. */
export const isLiveRefresh = (family: Family, hash: TokenHash): boolean => family.refresh.at(-1)?.[0] === hash;

/** Whether this is the refresh token that the live one replaced. */
export const isPreviousRefresh = (family: Family, hash: TokenHash): boolean => family.refresh.at(-2)?.[0] === hash;

/** Whether this access token is the last that is good of its family, which can get no other. Without it the family is nothing. */
export const isLastAccess = (family: Family, hash: TokenHash, now: Seconds): boolean =>
  [...family.refresh, ...family.live].every(([other, expiresAt]) => other === hash || expiresAt <= now);
