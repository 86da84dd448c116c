import type { RevocationRequest } from '../model/protocol.ts';
import { milliseconds } from '../model/units.ts';
import type { TokenStore } from '../stores/token_store.ts';
import { familyRef } from '../tokens/families.ts';
import { refOf } from '../tokens/format.ts';
import type { AuthenticateClient } from './client_authentication.ts';

export interface RevocationDependencies {
  readonly authenticate: AuthenticateClient;
  readonly store: TokenStore;
}

/** Whose a token is never changes: while the store is away, any fact is young enough to end it here (G5). */
const ANY_AGE = milliseconds(Number.POSITIVE_INFINITY);

/**
 * RFC 7009: an access token goes alone, a refresh token takes its family with it (§2.1). A token that is unknown, or another
 * client's, is answered in the same way and left as it is: the answer tells nobody which tokens exist.
 */
export function createRevocation(deps: RevocationDependencies): (request: RevocationRequest) => Promise<undefined> {
  const { authenticate, store } = deps;

  return async ({ credentials, caller, token }) => {
    const client = await authenticate(credentials, caller);
    const ref = refOf(token);
    if (!ref) return undefined;

    const access = await store.get('access', ref, ANY_AGE);
    if (access) {
      if (access.client === client.id) await store.take('access', ref);
      return undefined;
    }
    const refresh = await store.get('refresh', ref);
    if (refresh) {
      const family = familyRef(ref.tag, refresh.family);
      if ((await store.get('family', family))?.client === client.id) await store.revoke(family);
    }
    return undefined;
  };
}
