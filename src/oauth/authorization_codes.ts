import type { Client } from '../model/client.ts';
import type { Clock } from '../model/clock.ts';
import type { TokenSettings } from '../model/config.ts';
import type { AuthorizationCode, Identity, Interaction } from '../model/token.ts';
import { inSeconds, type Seconds, seconds } from '../model/units.ts';
import type { TokenStore } from '../stores/token_store.ts';
import { mintWithRef } from '../tokens/minting.ts';

/** What a code is issued for: a request that was checked, and the user who agreed to it. */
export interface CodeOrder {
  readonly request: Interaction;
  readonly client: Client;
  readonly user: Identity;
  readonly authenticatedAt: Seconds;
}

export interface CodeDependencies {
  readonly store: TokenStore;
  readonly clock: Clock;
  readonly settings: TokenSettings;
}

/** Issues authorization codes (RFC 6749 §4.1.2), bound to client, redirect URI and PKCE challenge of the request. */
export function createCodeIssuer({ store, clock, settings }: CodeDependencies): (order: CodeOrder) => Promise<string> {
  return async ({ request, client, user, authenticatedAt }) => {
    const { token, ref } = mintWithRef('code');
    const record: AuthorizationCode = {
      client: client.id,
      user,
      scopes: request.scopes,
      audience: client.audience,
      authenticatedAt,
      ...(request.redirectUriSent && { redirectUri: request.redirectUri }),
      ...(request.codeChallenge !== undefined && { codeChallenge: request.codeChallenge }),
      expiresAt: seconds(inSeconds(clock.now()) + settings.codeTtl),
    };
    await store.put([{ kind: 'code', ref, record }]);
    return token;
  };
}
