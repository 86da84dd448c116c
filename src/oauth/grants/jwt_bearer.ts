import { ProtocolError } from '../../model/failure.ts';
import type { Grant, GrantDependencies } from './grant.ts';

/** The wire value, too long and too full of colons for the name of this file. */
export const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

/**
 * RFC 7523 §2.1, for one kind of assertion: an `id_token` that this gateway issued to the same client signs its user in again.
 * It counts only while the sign-in that it came from lasts. Ending that (revoking its refresh token, or all tokens of the user)
 * therefore ends this way back too, and a client that knows its HS256 secret cannot invent a sign-in that never was.
 */
export function create({
  store,
  idTokens,
  policyOf,
}: Pick<GrantDependencies, 'store' | 'idTokens' | 'policyOf'>): Grant {
  return {
    type: JWT_BEARER,
    async authorize({ assertion, device, dialect }, client) {
      if (assertion === undefined) throw new ProtocolError('invalid_request', 'Send the id_token as assertion.');
      const told = await idTokens.read(assertion, client, [policyOf(dialect)]);
      const family = told?.family && (await store.get('family', told.family));
      // One dialect may let a client leave its secret out where another does not: what one said must not count in the other.
      if (told?.dialect !== dialect) throw refused();
      if (!family || family.client !== client.id || family.user?.subject !== told?.subject) throw refused();
      // Not more than the user agreed to then.
      const { user, scopes, audience, authenticatedAt } = family;
      return {
        authorization: { client: client.id, user, scopes, audience, authenticatedAt },
        refreshable: true,
        chosen: true,
        device,
      };
    },
  };
}

const refused = () =>
  new ProtocolError(
    'invalid_grant',
    'This id_token is not one of this client, or has expired, or its sign-in was ended: ask the user to sign in again.',
  );
