import { ProtocolError } from '../../model/failure.ts';
import { familyRef } from '../../tokens/families.ts';
import { refOf } from '../../tokens/format.ts';
import type { Grant, GrantDependencies } from './grant.ts';

/** RFC 6749 §6: a refresh token of the client's own. Whether it is the live one is decided where it is rotated. */
export function create({ store, isForged }: Pick<GrantDependencies, 'store' | 'isForged'>): Grant {
  return {
    type: 'refresh_token',
    async authorize({ refreshToken }, client) {
      if (refreshToken === undefined) throw new ProtocolError('invalid_request', 'Send refresh_token.');
      const found = isForged?.(refreshToken) ? undefined : refOf(refreshToken);
      const token = found && (await store.get('refresh', found));
      if (!token) throw unknown();
      const ref = familyRef(found.tag, token.family);
      const family = await store.get('family', ref);
      // Another client's token is answered like none at all, and nothing happens to it (RFC 6749 §10.4).
      if (!family || family.client !== client.id) throw unknown();
      return {
        authorization: family,
        refreshable: true,
        chosen: true,
        rotates: { ref, family, presented: refreshToken },
      };
    },
  };
}

const unknown = () =>
  new ProtocolError(
    'invalid_refresh_token',
    'This refresh token is unknown, expired or revoked, or not of this client: ask the user to sign in again.',
  );
