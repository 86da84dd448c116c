import { z } from 'zod';
import { PERSONAL_TOKENS_CLIENT } from './client.ts';
import { name, scope } from './fields.ts';
import { redirectUri } from './redirect_uri.ts';
import { label, listOf } from './text.ts';

/** What the fields of a client may be, in the YAML and wherever else clients are made and changed. */
export const clientFields = {
  id: name()
    .refine(
      (id) => id !== PERSONAL_TOKENS_CLIENT,
      'stands for the tokens that users make for themselves: choose another',
    )
    .describe('The client_id; no two clients share one.'),
  name: label().describe('What people see on the consent page. The id if absent.'),
  description: label().describe('A line about the client, for whoever reads this file or the console.'),
  public: z.boolean().describe('A client that cannot keep a secret (a browser or mobile app): PKCE, no secret.'),
  // A name or a URI (RFC 6749 §4.5); which there are is compared later, with better advice.
  grants: listOf(scope())
    .min(1)
    .describe('The grants it may use, such as authorization_code, refresh_token, client_credentials.'),
  redirectUris: listOf(redirectUri())
    .max(100)
    .describe('Where the browser may be sent back to. Compared exactly, except for the port of loopback addresses.'),
  scopes: listOf(scope())
    .max(1000)
    .describe(
      'The scopes it may ask for. openid, profile, name, email, phone and offline_access are given only when asked for by name.',
    ),
  audience: listOf(scope()).max(100).describe('The audience its tokens carry.'),
  connections: listOf(name()).min(1).describe('The connections whose users may sign in to it. All if absent.'),
  dialects: listOf(name()).min(1).describe('The dialects whose endpoints it may use. All if absent.'),
  disabled: z.boolean().describe('A disabled client gets no tokens.'),
};

/** The fields that must fit each other, as far as they are known. */
export interface ClientFacts {
  readonly public?: boolean | undefined;
  readonly grants?: readonly string[] | undefined;
  readonly redirect_uris?: readonly string[] | undefined;
}

/** What is wrong between fields that are each right. @returns the place of each contradiction, and words for it. */
export function contradictionsOf(
  client: ClientFacts,
): { readonly path: (string | number)[]; readonly message: string }[] {
  const { grants = [] } = client;
  const problems: { path: (string | number)[]; message: string }[] = [];
  const index = grants.indexOf('client_credentials');
  // RFC 6749 §4.4: it is the secret that this grant rests on.
  if (client.public === true && index >= 0) {
    problems.push({
      path: ['grants', index],
      message: 'is not for public clients, which have no secret: remove it',
    });
  }
  if (grants.includes('authorization_code') && client.redirect_uris?.length === 0) {
    problems.push({
      path: ['redirect_uris'],
      message: 'must name at least one redirect URI, because grants has authorization_code',
    });
  }
  return problems;
}
