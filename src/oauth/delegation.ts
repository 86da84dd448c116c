import type { Client } from '../model/client.ts';
import type { Clock } from '../model/clock.ts';
import { ProtocolError } from '../model/failure.ts';
import type { DelegationAnswer, DelegationRequest } from '../model/protocol.ts';
import type { Family, TokenRef } from '../model/token.ts';
import type { PolicyOf } from '../model/token_policy.ts';
import type { TokenStore } from '../stores/token_store.ts';
import { familyRef } from '../tokens/families.ts';
import { hasShape, refOf } from '../tokens/format.ts';
import type { Issuer } from '../tokens/issuing.ts';
import { planRotation } from '../tokens/rotation.ts';
import type { AuthenticateClient } from './client_authentication.ts';
import { checkDialect } from './dialect_choice.ts';
import { JWT_BEARER } from './grants/jwt_bearer.ts';
import type { IdTokens } from './id_tokens.ts';
import { chosenScopes, stillAllowed } from './scopes.ts';
import type { SignInDesk } from './sign_in.ts';

export interface DelegationDependencies {
  readonly authenticate: AuthenticateClient;
  readonly store: TokenStore;
  readonly clock: Clock;
  readonly issuer: Issuer;
  readonly idTokens: IdTokens;
  readonly desk: Pick<SignInDesk, 'current'>;
  readonly policyOf: PolicyOf;
}

/** A new `id_token` for a refresh token, which stays as it is. */
export function createDelegation(
  deps: DelegationDependencies,
): (request: DelegationRequest) => Promise<DelegationAnswer> {
  const { authenticate, store, clock, issuer, idTokens, desk, policyOf } = deps;

  return async (request) => {
    // 1. Who is asking, for what?
    const client = await authenticate(request.credentials, request.caller);
    checkDialect(client, request.dialect);
    if (request.grantType !== JWT_BEARER) {
      throw new ProtocolError('unsupported_grant_type', `Send grant_type with ${JWT_BEARER}.`);
    }
    if (!client.grants.includes('refresh_token')) {
      throw new ProtocolError(
        'unauthorized_client',
        'This client may not use refresh tokens: have the client changed.',
      );
    }

    // 2. Which sign-in does the refresh token stand for?
    const { ref, family } = await familyOf(request, client);

    // 3. Which claims: of what was granted, those that were asked for.
    const granted = stillAllowed(family.scopes, client.scopes);
    const scopes = chosenScopes(request.scopes, granted, granted);
    if (!scopes.includes('openid')) throw withoutOpenid();

    // 4. Is the user still who they were?
    const user = family.user && (await desk.current(client, family.user));
    if (!user) {
      await issuer.end(ref);
      throw new ProtocolError('invalid_refresh_token', 'The user of this refresh token may not sign in any more.');
    }

    const sign = await idTokens.signer(client, policyOf(request.dialect));
    const { authenticatedAt } = family;
    return {
      idToken: await sign({ dialect: request.dialect, user, scopes, family: ref, authenticatedAt }),
      expiresIn: idTokens.ttl,
    };
  };

  /** The family of a refresh token that could be used now; one that was rotated out ends it, as it does where it is refreshed. */
  async function familyOf(
    { refreshToken, dialect }: DelegationRequest,
    client: Client,
  ): Promise<{ ref: TokenRef; family: Family }> {
    if (refreshToken === undefined) throw new ProtocolError('invalid_request', 'Send refresh_token.');
    // Another dialect may have promised that it is worth nothing without the client's secret.
    if (!hasShape(refreshToken, policyOf(dialect).refresh)) throw unknown();
    const found = refOf(refreshToken);
    const record = found && (await store.get('refresh', found));
    if (!record) throw unknown();
    const ref = familyRef(found.tag, record.family);
    const family = await store.get('family', ref);
    if (!family || family.client !== client.id) throw unknown();
    if (planRotation(family, found.hash, clock.now()).do !== 'reuse') return { ref, family };
    await issuer.end(ref);
    throw unknown();
  }
}

const unknown = () =>
  new ProtocolError(
    'invalid_refresh_token',
    'This refresh token is unknown, expired or revoked, or not of this client: ask the user to sign in again.',
  );

const withoutOpenid = () =>
  new ProtocolError(
    'invalid_scope',
    'An id_token needs the scope openid: sign in with it, and ask for it here or for none.',
  );
