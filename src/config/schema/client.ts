import { z } from 'zod';
import { clientFields as fields } from '../../model/client_fields.ts';
import { text } from '../../model/text.ts';

export const ARGON2ID =
  /^\$argon2id\$v=19\$m=[1-9]\d{0,6},t=[1-9]\d{0,2},p=[1-9]\d{0,2}\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{22,172}$/;
const SHA256 = /^sha256:[A-Za-z0-9_-]{43}$/;

export const client = z.strictObject({
  id: fields.id,
  // VSCHAR of RFC 6749, appendix A.2: what every form of client authentication can carry.
  secret: text((value) => (/^[\x20-\x7e]{1,512}$/.test(value) ? undefined : 'must be 1 to 512 characters of ASCII'))
    .optional()
    .describe(
      `The client secret; better written as file:PATH or \${VARIABLE}. It is never stored; id_tokens that a dialect signs with HS256 need it, and not its hash alone.`,
    ),
  secret_hash: text((value) =>
    SHA256.test(value) || ARGON2ID.test(value)
      ? undefined
      : 'must be sha256: with 43 characters of base64url, or $argon2id$…',
  )
    .optional()
    .describe('In place of secret: sha256:… (base64url) of a generated secret, or $argon2id$… of a chosen one.'),
  name: fields.name.optional(),
  description: fields.description.optional(),
  public: fields.public.default(false),
  grants: fields.grants,
  redirect_uris: fields.redirectUris.default([]),
  scopes: fields.scopes.default([]),
  audience: fields.audience.default([]),
  connections: fields.connections.optional(),
  dialects: fields.dialects.optional(),
  disabled: fields.disabled.default(false),
});
