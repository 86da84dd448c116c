import { Buffer } from 'node:buffer';
import { hash, timingSafeEqual } from 'node:crypto';
import type { TokenHash } from '../model/token.ts';

/** The SHA-256 of a text in base64url. */
// With `tokenHash` the one place where text becomes a TokenHash.
export const hashToken = (text: string): TokenHash => hash('sha256', text, 'base64url') as TokenHash;

/** Characters of base64url for 128 bits, as many as a token carries at least. */
const TOKEN_HASH_LENGTH = 22;

/**
 * The hash that a token is found by: the first 128 bits of its SHA-256. Tokens are random, so a fast hash without salt is enough;
 * and whoever could find another text with the same 128 bits could as well guess the token itself.
 */
export const tokenHash = (token: string): TokenHash => hashToken(token).slice(0, TOKEN_HASH_LENGTH) as TokenHash;

/** Compares two digests. Their lengths are no secret. */
export function sameDigest(one: string, other: string): boolean {
  const [some, others] = [Buffer.from(one), Buffer.from(other)];
  return some.length === others.length && timingSafeEqual(some, others);
}

/** Compares two secrets in a time that depends on neither, not even on their lengths. */
export function sameSecret(one: string, other: string): boolean {
  return timingSafeEqual(hash('sha256', one, 'buffer'), hash('sha256', other, 'buffer'));
}
