import { ProtocolError } from '../../model/failure.ts';
import { withoutPersonal } from '../claims.ts';
import type { Grant } from './grant.ts';

/** RFC 6749 §4.4: the client acts for itself. Authenticating was the proof, so a client without a secret has none. */
export function create(): Grant {
  return {
    type: 'client_credentials',
    async authorize({ credentials }, client) {
      // Where a dialect lets the secret be left out, something else must be proved, and here there is nothing else.
      if (client.public || credentials?.secret === undefined) {
        throw new ProtocolError(
          'unauthorized_client',
          'Without a secret a client cannot prove that it is itself: use authorization_code.',
        );
      }
      const { id, scopes, audience } = client;
      // No refresh token (RFC 6749 §4.4.3): the client can always ask again.
      // And nothing of what is about a person: there is none.
      return { authorization: { client: id, scopes: withoutPersonal(scopes), audience }, refreshable: false };
    },
  };
}
