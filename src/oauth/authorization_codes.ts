import type { Client } from '../model/client.ts';
import type { Clock } from '../model/clock.ts';
import type { TokenSettings } from '../model/config.ts';
import type { AuthorizationCode, Identity, Interaction } from '../model/token.ts';
import type { PolicyOf } from '../model/token_policy.ts';
import { inSeconds, type Seconds, seconds } from '../model/units.ts';
import type { TokenStore } from '../stores/token_store.ts';
import { newTag, tagAlphabet } from '../tokens/format.ts';
import { mintWithRef } from '../tokens/minting.ts';

/** What a code is issued for: a request that was checked, and the user who agreed to it. */
export interface CodeOrder {
  readonly request: Pick<
    Interaction,
    'dialect' | 'redirectUri' | 'redirectUriSent' | 'scopes' | 'nonce' | 'codeChallenge'
  >;
  readonly client: Client;
  readonly user: Identity;
  readonly authenticatedAt: Seconds;
}

export interface CodeDependencies {
  readonly store: TokenStore;
  readonly clock: Clock;
  readonly settings: TokenSettings;
  readonly policyOf: PolicyOf;
}

/** Issues authorization codes (RFC 6749 §4.1.2), bound to client, redirect URI and PKCE challenge of the request. */
export function createCodeIssuer({
  store,
  clock,
  settings,
  policyOf,
}: CodeDependencies): (order: CodeOrder) => Promise<string> {
  return async ({ request, client, user, authenticatedAt }) => {
    const policy = policyOf(request.dialect);
    // The tag goes on into the tokens that the code will give, so all of their shapes must be able to carry it.
    const { token, ref } = mintWithRef(policy.code, newTag(tagAlphabet(policy)));
    const record: AuthorizationCode = {
      client: client.id,
      user,
      scopes: request.scopes,
      audience: client.audience,
      authenticatedAt,
      ...(request.redirectUriSent && { redirectUri: request.redirectUri }),
      ...(request.nonce !== undefined && { nonce: request.nonce }),
      ...(request.codeChallenge !== undefined && { codeChallenge: request.codeChallenge }),
      expiresAt: seconds(inSeconds(clock.now()) + settings.codeTtl),
    };
    await store.put([{ kind: 'code', ref, record }]);
    return token;
  };
}
