import { z } from 'zod';
import { CorruptRecord } from '../model/failure.ts';
import { seconds } from '../model/units.ts';
import { keyFor, openSealed, sealText } from './sealing.ts';

/**
 * The answer to a rotation, kept for the grace window so that it can be given again. It is sealed with a key that follows
 * from the refresh token that was presented: the store alone can never open it, and nothing in the store is a usable token.
 */

const pair = z.strictObject({
  accessToken: z.string(),
  refreshToken: z.string(),
  scopes: z.array(z.string()).readonly(),
  issuedAt: z.number().transform(seconds),
  expiresAt: z.number().transform(seconds),
});
export type SealedPair = z.infer<typeof pair>;

/** What a sealed pair belongs to: it opens for the same family and generation only. */
export interface SealContext {
  readonly family: string;
  /** The generation that the rotation made. */
  readonly generation: number;
}

/** Seals with AES-256-GCM; the key is HKDF-SHA256 of the presented refresh token. */
export function seal(answer: SealedPair, presented: string, context: SealContext): string {
  return sealText(JSON.stringify(answer), keyFrom(presented, context), context.family);
}

/** Opens what `seal` made. @throws CorruptRecord if it was made with another token, for another family, or was changed. */
export function unseal(sealed: string, presented: string, context: SealContext): SealedPair {
  try {
    return pair.parse(JSON.parse(openSealed(sealed, keyFrom(presented, context), context.family)));
  } catch {
    throw new CorruptRecord('replay');
  }
}

const keyFrom = (presented: string, { generation }: SealContext): Buffer =>
  keyFor(presented, `gatehouse replay ${generation}`);
