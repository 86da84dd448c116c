import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { Client, ClientUse, Consent, DocumentKind, DocumentOf, SigningKey, User } from '../model/client.ts';
import { CorruptRecord } from '../model/failure.ts';
import { seconds } from '../model/units.ts';
import type { PutCondition } from './document_store.ts';

/** Documents as JSON text. Reading trusts nothing: what does not have the shape of its kind is a `CorruptRecord`. */

const time = z
  .number()
  .int()
  .nonnegative()
  .transform((count) => seconds(count));
const texts = z.array(z.string());

const client: z.ZodType<Client> = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string().optional(),
  secrets: z.array(z.object({ hash: z.string(), expiresAt: time.optional() })),
  public: z.boolean(),
  grants: texts,
  redirectUris: texts,
  scopes: texts,
  audience: texts,
  connections: texts.optional(),
  dialects: texts.optional(),
  disabled: z.boolean(),
  createdAt: time.optional(),
});

const user: z.ZodType<User> = z.object({
  id: z.string(),
  connection: z.string(),
  username: z.string(),
  name: z.string().optional(),
  email: z.string().optional(),
  phoneNumber: z.string().optional(),
  passwordHash: z.string(),
  roles: texts,
  disabled: z.boolean(),
  createdAt: time.optional(),
});

const consent: z.ZodType<Consent> = z.object({
  subject: z.string(),
  client: z.string(),
  scopes: texts,
  grantedAt: time,
});

const clientUse: z.ZodType<ClientUse> = z.object({ lastUsedAt: time });

const signingKey: z.ZodType<SigningKey> = z.object({
  algorithm: z.enum(['RS256', 'ES256']),
  publicJwk: z.record(z.string(), z.unknown()),
  privateJwk: z.string(),
  activeFrom: time,
  activeUntil: time,
  publishedUntil: time,
});

const SHAPES: { readonly [K in DocumentKind]: z.ZodType<DocumentOf[K]> } = {
  client,
  user,
  username: z.object({ id: z.string() }),
  contact: z.object({ id: z.string() }),
  signing_key: signingKey,
  token_key: z.object({ key: z.string().length(43) }),
  consent,
  client_use: clientUse,
};

export function encodeDocument<K extends DocumentKind>(document: DocumentOf[K]): string {
  return JSON.stringify(document);
}

/** @throws CorruptRecord */
export function decodeDocument<K extends DocumentKind>(kind: K, text: unknown): DocumentOf[K] {
  let parsed: unknown;
  try {
    parsed = typeof text === 'string' ? JSON.parse(text) : undefined;
  } catch {
    // The error of JSON.parse quotes the text, so it must not travel.
  }
  const result = SHAPES[kind].safeParse(parsed);
  // The cause would quote the document; which kind it was is all that may be said.
  if (!result.success) throw new CorruptRecord(kind);
  return result.data;
}

/**
 * Whether a document may be put where this is stored, or nothing is.
 * @throws CorruptRecord if what is stored must be a certain document and cannot be read.
 */
export function mayReplace<K extends DocumentKind>(kind: K, stored: string | undefined, how: PutCondition<K>): boolean {
  if (stored === undefined) return !('ifUnchanged' in how || ('ifPresent' in how && how.ifPresent));
  if (!('ifUnchanged' in how)) return !('ifAbsent' in how && how.ifAbsent);
  // Not the texts: the members of an older one may stand in another order.
  return isDeepStrictEqual(decodeDocument(kind, stored), decodeDocument(kind, encodeDocument(how.ifUnchanged)));
}

/**
 * Ids are compared and listed by their UTF-8 bytes, which a lone surrogate does not have.
 * @throws RangeError for a text that is not well-formed Unicode, or longer than 64 KiB.
 */
export function checkDocumentId(id: string): void {
  if (!id.isWellFormed() || Buffer.byteLength(id) > 65_536) {
    throw new RangeError('an id must be well-formed Unicode of at most 64 KiB');
  }
}

/** @throws RangeError unless it is a whole number from 1 to 1,000. */
/**
 * A page ends behind the document that makes it longer than this, in bytes: a few hundred of the longest that there may be could not
 * be read, checked and sent within the time that calls have, and everybody else's calls would wait for it.
 */
export const FULL_PAGE = 1024 * 1024;

export function checkLimit(limit: number): void {
  if (!Number.isInteger(limit) || limit < 1 || limit > 1_000) throw new RangeError('limit must be 1 to 1,000');
}
