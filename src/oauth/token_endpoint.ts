import type { Connection } from '../connections/connection.ts';
import type { Client } from '../model/client.ts';
import { ProtocolError } from '../model/failure.ts';
import type { TokenAnswer, TokenRequest } from '../model/protocol.ts';
import type { Identity } from '../model/token.ts';
import type { PolicyOf } from '../model/token_policy.ts';
import type { Issuer } from '../tokens/issuing.ts';
import type { AuthenticateClient } from './client_authentication.ts';
import type { Grant, Proof } from './grants/grant.ts';
import { chosenScopes, stillAllowed } from './scopes.ts';
import { createSignInDesk } from './sign_in.ts';

export interface TokenEndpointDependencies {
  readonly authenticate: AuthenticateClient;
  readonly grants: readonly Grant[];
  readonly connections: readonly Connection[];
  readonly issuer: Issuer;
  readonly policyOf: PolicyOf;
}

/** The token endpoint (RFC 6749 §3.2): the steps that every grant shares, so that none can forget one. */
export function createTokenEndpoint(deps: TokenEndpointDependencies): (request: TokenRequest) => Promise<TokenAnswer> {
  const { authenticate, issuer } = deps;
  const grants = new Map(deps.grants.map((grant) => [grant.type, grant]));
  const desk = createSignInDesk(deps.connections);

  return async (request) => {
    // 1. Who is asking?
    const client = await authenticate(request.credentials);

    // 2. Is the grant known, and is it this client's?
    const grant = grants.get(request.grantType);
    if (!grant) throw unsupported([...grants.keys()]);
    if (!client.grants.includes(grant.type)) throw notAllowed(client);

    // 3. What does the request prove?
    const proof = await grant.authorize(request, client);

    // 4. Which scopes: of what was proved, those that are still the client's, and of these those that were asked for.
    const scopes = chosenScopes(request.scopes, stillAllowed(proof.authorization.scopes, client.scopes));

    // 5. Is the user still who they were?
    const user = await currentUser(proof, client);

    // 6. Issue, in the shape of the dialect.
    const policy = deps.policyOf(request.dialect);
    if (proof.rotates) return issuer.refresh({ ...proof.rotates, policy, scopes, user });
    return issuer.issue({
      policy,
      authorization: user ? { ...proof.authorization, user } : proof.authorization,
      scopes,
      refreshable: proof.refreshable && client.grants.includes('refresh_token'),
      family: proof.family,
      device: proof.device,
    });
  };

  async function currentUser({ authorization, rotates }: Proof, client: Client): Promise<Identity | undefined> {
    if (!authorization.user) return undefined;
    const user = await desk.current(client, authorization.user);
    if (user) return user;
    // Their access tokens must not outlive them either.
    if (rotates) await issuer.end(rotates.ref);
    throw new ProtocolError(
      'invalid_grant',
      'The user of this grant may not sign in any more: ask a user to sign in again.',
    );
  }
}

const unsupported = (known: readonly string[]) =>
  new ProtocolError('unsupported_grant_type', `Send grant_type with one of: ${known.join(' ')}.`);

const notAllowed = (client: Client) =>
  new ProtocolError(
    'unauthorized_client',
    `This client may not use this grant_type: use one of: ${client.grants.join(' ') || 'none'}, or have the client changed.`,
  );
