import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { CorruptRecord } from '../model/failure.ts';
import { seconds } from '../model/units.ts';

/**
 * The answer to a rotation, kept for the grace window so that it can be given again. It is sealed with a key that follows
 * from the refresh token that was presented: the store alone can never open it, and nothing in the store is a usable token.
 */

const NONCE = 12;
const TAG = 16;

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
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv('aes-256-gcm', keyFrom(presented, context), nonce);
  cipher.setAAD(Buffer.from(context.family));
  const sealed = Buffer.concat([cipher.update(JSON.stringify(answer), 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString('base64url');
}

/** Opens what `seal` made. @throws CorruptRecord if it was made with another token, for another family, or was changed. */
export function unseal(sealed: string, presented: string, context: SealContext): SealedPair {
  try {
    const bytes = Buffer.from(sealed, 'base64url');
    const decipher = createDecipheriv('aes-256-gcm', keyFrom(presented, context), bytes.subarray(0, NONCE), {
      authTagLength: TAG,
    });
    decipher.setAAD(Buffer.from(context.family));
    decipher.setAuthTag(bytes.subarray(-TAG));
    const text = Buffer.concat([decipher.update(bytes.subarray(NONCE, -TAG)), decipher.final()]).toString('utf8');
    return pair.parse(JSON.parse(text));
  } catch {
    throw new CorruptRecord('replay');
  }
}

function keyFrom(presented: string, { generation }: SealContext): Buffer {
  return Buffer.from(hkdfSync('sha256', presented, '', `gatehouse replay ${generation}`, 32));
}
