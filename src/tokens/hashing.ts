import { hash, timingSafeEqual } from 'node:crypto';
import type { TokenHash } from '../model/token.ts';

/** The SHA-256 of a text in base64url. Tokens carry at least 128 random bits, so a fast hash without salt is enough for them. */
// The one place where text becomes a TokenHash.
export const hashToken = (text: string): TokenHash => hash('sha256', text, 'base64url') as TokenHash;

/** Compares two secrets in a time that depends on neither, not even on their lengths. */
export function sameSecret(one: string, other: string): boolean {
  return timingSafeEqual(hash('sha256', one, 'buffer'), hash('sha256', other, 'buffer'));
}
