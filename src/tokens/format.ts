import type { TokenRef } from '../model/token.ts';
import type { TokenPolicy, TokenShape } from '../model/token_policy.ts';
import { tokenHash } from './hashing.ts';
import { randomText } from './randomness.ts';

/*
 * What a token is made of. This room owns the format, the hashes, issuing and rotation of tokens; it must not decide whether
 * a token may be issued (oauth/) or whether a call may pass (gateway/).
 *
 *   gha_ 8Yt2kQ0z 5n0…            a prefix; how long the rest is, and of which alphabet, is the dialect's policy,
 *   prefix  tag   the rest        the tag that all tokens of one family share.
 */

/** Tokens that only this gateway's own pages see, whatever the dialect. */
const SESSION: TokenShape = { prefix: 'ghs_', alphabet: 'base64url', length: 40 };
const INTERACTION: TokenShape = { prefix: 'ghi_', alphabet: 'base64url', length: 40 };
export const OWN_SHAPES = { session: SESSION, interaction: INTERACTION } as const;

const TAG_LENGTH = 8;
const SHORTEST = 20;
const LONGEST = 512;
/** RFC 6750 §2.1. */
const B64TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;

/** A fresh tag: 48 bits, or 32 in hexadecimal, so that families spread over the slots of a Redis Cluster. It is not a secret. */
export const newTag = (alphabet: TokenShape['alphabet'] = 'base64url'): string => characters(TAG_LENGTH, alphabet);

/** The alphabet that every shape of a policy can carry: the tag is the same in all of them. */
export const tagAlphabet = ({ access, refresh, code }: TokenPolicy): TokenShape['alphabet'] =>
  [access, refresh, code].some(({ alphabet }) => alphabet === 'hex') ? 'hex' : 'base64url';

const CHARACTERS = { base64url: /^[A-Za-z0-9_-]*$/, hex: /^[0-9a-f]*$/ } as const;

/** Whether a token looks like those of this shape. */
export function hasShape(token: string, { prefix, alphabet, length }: TokenShape): boolean {
  return (
    token.startsWith(prefix) &&
    token.length === prefix.length + length &&
    CHARACTERS[alphabet].test(token.slice(prefix.length))
  );
}

/** A fresh token. @param tag that of the family it belongs to, in an alphabet that the shape's contains; a fresh one if absent. */
export function mint(shape: TokenShape, tag: string = newTag(shape.alphabet)): string {
  return shape.prefix + tag + characters(shape.length - TAG_LENGTH, shape.alphabet);
}

/** Random characters: six bits each, or four. */
function characters(count: number, alphabet: TokenShape['alphabet']): string {
  return randomText(Math.ceil((count * 3) / 4), alphabet).slice(0, count);
}

/**
 * Where the record of a token is kept, found from its characters alone and whatever dialect minted it: the tag is the first
 * eight characters after the prefix, and the prefix ends with the first `_` or `/` among the first four characters.
 * @returns undefined for what cannot be a token: not a b64token (RFC 6750 §2.1), or not of 20 to 512 characters.
 */
export function refOf(token: string): TokenRef | undefined {
  if (token.length < SHORTEST || token.length > LONGEST || !B64TOKEN.test(token)) return undefined;
  const start = prefixLength(token);
  return { tag: token.slice(start, start + TAG_LENGTH), hash: tokenHash(token) };
}

function prefixLength(token: string): number {
  for (let index = 0; index < 4; index++) {
    const character = token[index];
    if (character === '_' || character === '/') return index + 1;
  }
  return 0;
}
