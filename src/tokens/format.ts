import { randomBytes } from 'node:crypto';
import type { TokenRef } from '../model/token.ts';
import { hashToken } from './hashing.ts';

/*
 * What a token is made of. This room owns the format, the hashes, issuing and rotation of tokens; it must not decide whether
 * a token may be issued (oauth/) or whether a call may pass (gateway/).
 *
 *   gha_ 8Yt2kQ0z 5n0…            a recognisable prefix, which secret scanners can search for,
 *   prefix  tag   32 characters   the tag that all tokens of one family share, and 192 random bits.
 */

const PREFIXES = { access: 'gha_', refresh: 'ghr_', code: 'ghc_', session: 'ghs_', interaction: 'ghi_' } as const;
export type MintedKind = keyof typeof PREFIXES;

const TAG_LENGTH = 8;
const SHORTEST = 20;
const LONGEST = 512;
/** RFC 6750 §2.1. */
const B64TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;

/** A fresh tag: 48 bits, so that families spread evenly over the slots of a Redis Cluster. It is not a secret. */
export const newTag = (): string => randomBytes(6).toString('base64url');

/** A fresh token of 192 random bits. @param tag that of the family it belongs to; a fresh one if absent. */
export function mint(kind: MintedKind, tag: string = newTag()): string {
  return PREFIXES[kind] + tag + randomBytes(24).toString('base64url');
}

/**
 * Where the record of a token is kept, found from its characters alone and whatever dialect minted it: the tag is the first
 * eight characters after the prefix, and the prefix ends with the first `_` or `/` among the first four characters.
 * @returns undefined for what cannot be a token: not a b64token (RFC 6750 §2.1), or not of 20 to 512 characters.
 */
export function refOf(token: string): TokenRef | undefined {
  if (token.length < SHORTEST || token.length > LONGEST || !B64TOKEN.test(token)) return undefined;
  const start = prefixLength(token);
  return { tag: token.slice(start, start + TAG_LENGTH), hash: hashToken(token) };
}

function prefixLength(token: string): number {
  for (let index = 0; index < 4; index++) {
    const character = token[index];
    if (character === '_' || character === '/') return index + 1;
  }
  return 0;
}
