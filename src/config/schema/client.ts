import { z } from 'zod';
import { name, scope } from '../../model/fields.ts';
import { redirectUri } from '../../model/redirect_uri.ts';
import { label, listOf, text } from '../../model/text.ts';

export const ARGON2ID =
  /^\$argon2id\$v=19\$m=[1-9]\d{0,6},t=[1-9]\d{0,2},p=[1-9]\d{0,2}\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{22,172}$/;
const SHA256 = /^sha256:[A-Za-z0-9_-]{43}$/;

export const client = z.strictObject({
  id: name().describe('The client_id; no two clients share one.'),
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
  name: label().optional().describe('What people see on the consent page. The id if absent.'),
  description: label().optional().describe('A line about the client, for whoever reads this file or the console.'),
  public: z
    .boolean()
    .default(false)
    .describe('A client that cannot keep a secret (a browser or mobile app): PKCE, no secret.'),
  // A name or a URI (RFC 6749 §4.5); which there are is compared later, with better advice.
  grants: listOf(scope())
    .min(1)
    .describe('The grants it may use, such as authorization_code, refresh_token, client_credentials.'),
  redirect_uris: listOf(redirectUri())
    .max(100)
    .default([])
    .describe('Where the browser may be sent back to. Compared exactly, except for the port of loopback addresses.'),
  scopes: listOf(scope())
    .max(1000)
    .default([])
    .describe(
      'The scopes it may ask for. openid, profile, name, email, phone and offline_access are given only when asked for by name.',
    ),
  audience: listOf(scope()).max(100).default([]).describe('The audience its tokens carry.'),
  connections: listOf(name())
    .min(1)
    .optional()
    .describe('The connections whose users may sign in to it. All if absent.'),
  disabled: z.boolean().default(false).describe('A disabled client gets no tokens.'),
});
