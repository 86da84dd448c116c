import type { Authorization, TokenHash, TokenRef } from '../model/token.ts';
import type { TokenShape } from '../model/token_policy.ts';
import { type Seconds, seconds } from '../model/units.ts';
import type { Entry } from '../stores/token_store.ts';
import { mint, newTag } from './format.ts';
import { tokenHash } from './hashing.ts';
import { type MarkKey, marked } from './token_marks.ts';

/** A token that exists nowhere yet: what the client will get, what its family lists, and what the store will keep. */
export interface Minted {
  readonly token: string;
  readonly expiresAt: Seconds;
  readonly listing: readonly [hash: TokenHash, expiresAt: Seconds];
  readonly entry: Entry;
}

export interface Cast {
  readonly shape: TokenShape;
  readonly now: Seconds;
  readonly ttl: Seconds;
  /** Absent: the token gets random characters in the place of a mark. */
  readonly mark?: MarkKey | undefined;
}

/** An access token of a family, for this authorization. */
export function mintAccess(family: TokenRef, authorization: Authorization, cast: Cast): Minted {
  const { token, ref, expiresAt, listing } = mintInto(family.tag, cast);
  const record = { ...authorization, family: family.hash, issuedAt: cast.now, expiresAt };
  return { token, expiresAt, listing, entry: { kind: 'access', ref, record } };
}

/** The refresh token of one generation of a family. */
export function mintRefresh(family: TokenRef, generation: number, cast: Cast): Minted {
  const { token, ref, expiresAt, listing } = mintInto(family.tag, cast);
  return {
    token,
    expiresAt,
    listing,
    entry: { kind: 'refresh', ref, record: { family: family.hash, generation, expiresAt } },
  };
}

/** A token outside of any family: a code, a session, an interaction. @returns the token and where its record goes. */
export function mintWithRef(
  shape: TokenShape,
  tag: string = newTag(shape.alphabet),
): { readonly token: string; readonly ref: TokenRef } {
  const token = mint(shape, tag);
  return { token, ref: { tag, hash: tokenHash(token) } };
}

function mintInto(tag: string, { shape, now, ttl, mark }: Cast) {
  const fresh = mint(shape, tag);
  const token = mark === undefined ? fresh : marked(fresh, shape, mark);
  const ref = { tag, hash: tokenHash(token) };
  const expiresAt = seconds(now + ttl);
  return { token, ref, expiresAt, listing: [ref.hash, expiresAt] as const };
}
