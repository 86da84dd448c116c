import { ProtocolError } from '../../model/failure.ts';
import { inSeconds } from '../../model/units.ts';
import { createSignInDesk } from '../sign_in.ts';
import type { Grant, GrantDependencies } from './grant.ts';

/** RFC 6749 §4.3: the user's name and password, handed over by an app that is trusted with them. */
export function create({ connections, clock }: Pick<GrantDependencies, 'connections' | 'clock'>): Grant {
  const desk = createSignInDesk(connections);

  return {
    type: 'password',
    async authorize({ username, password, connection, device }, client) {
      if (username === undefined) throw new ProtocolError('invalid_request', 'Send username.');
      if (password === undefined) throw new ProtocolError('invalid_request', 'Send password.');
      const user = await desk.signIn(client, { username, password, connection });
      if (!user)
        throw new ProtocolError('invalid_credentials', 'Wrong username or password: check both and try again.');
      const { id, scopes, audience } = client;
      const authenticatedAt = inSeconds(clock.now());
      return { authorization: { client: id, user, scopes, audience, authenticatedAt }, refreshable: true, device };
    },
  };
}
