import type { Authorization, TokenHash, TokenRef } from '../model/token.ts';
import { type Seconds, seconds } from '../model/units.ts';
import type { Entry } from '../stores/token_store.ts';
import { type MintedKind, mint, newTag } from './format.ts';
import { hashToken } from './hashing.ts';

/** A token that exists nowhere yet: what the client will get, what its family lists, and what the store will keep. */
export interface Minted {
  readonly token: string;
  readonly expiresAt: Seconds;
  readonly listing: readonly [hash: TokenHash, expiresAt: Seconds];
  readonly entry: Entry;
}

export interface Lifetime {
  readonly now: Seconds;
  readonly ttl: Seconds;
}

/** An access token of a family, for this authorization. */
export function mintAccess(family: TokenRef, authorization: Authorization, { now, ttl }: Lifetime): Minted {
  const { token, ref, expiresAt, listing } = mintInto('access', family.tag, now, ttl);
  const record = { ...authorization, family: family.hash, issuedAt: now, expiresAt };
  return { token, expiresAt, listing, entry: { kind: 'access', ref, record } };
}

/** The refresh token of one generation of a family. */
export function mintRefresh(family: TokenRef, generation: number, { now, ttl }: Lifetime): Minted {
  const { token, ref, expiresAt, listing } = mintInto('refresh', family.tag, now, ttl);
  return {
    token,
    expiresAt,
    listing,
    entry: { kind: 'refresh', ref, record: { family: family.hash, generation, expiresAt } },
  };
}

/** A token outside of any family: a code, a session, an interaction. @returns the token and where its record goes. */
export function mintWithRef(
  kind: MintedKind,
  tag: string = newTag(),
): { readonly token: string; readonly ref: TokenRef } {
  const token = mint(kind, tag);
  return { token, ref: { tag, hash: hashToken(token) } };
}

function mintInto(kind: 'access' | 'refresh', tag: string, now: Seconds, ttl: Seconds) {
  const { token, ref } = mintWithRef(kind, tag);
  const expiresAt = seconds(now + ttl);
  return { token, ref, expiresAt, listing: [ref.hash, expiresAt] as const };
}
