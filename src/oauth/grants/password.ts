import { ProtocolError } from '../../model/failure.ts';
import { inSeconds } from '../../model/units.ts';
import type { Grant, GrantDependencies } from './grant.ts';

/** RFC 6749 §4.3: the user's name and password (or recipient and one-time code), handed over by an app that is trusted with them. */
export function create({ desk, clock }: Pick<GrantDependencies, 'desk' | 'clock'>): Grant {
  return {
    type: 'password',
    async authorize({ caller, username, password, connection, device }, client) {
      if (username === undefined) throw new ProtocolError('invalid_request', 'Send username.');
      if (password === undefined) throw new ProtocolError('invalid_request', 'Send password.');
      const user = await desk.signIn(client, { caller, username, password, connection });
      if (!user) throw desk.refusal({ connection });
      const { id, scopes, audience } = client;
      const authenticatedAt = inSeconds(clock.now());
      return { authorization: { client: id, user, scopes, audience, authenticatedAt }, refreshable: true, device };
    },
  };
}
