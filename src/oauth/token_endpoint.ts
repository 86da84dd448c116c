import type { Connection } from '../connections/connection.ts';
import type { Client, GrantType } from '../model/client.ts';
import { ProtocolError } from '../model/failure.ts';
import type { TokenAnswer, TokenRequest } from '../model/protocol.ts';
import type { Identity } from '../model/token.ts';
import type { PolicyOf, TokenPolicy } from '../model/token_policy.ts';
import { hasShape } from '../tokens/format.ts';
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
    checkOneOf(request.oneGrantOf ?? [], client);

    // 3. What does the request prove?
    const policy = deps.policyOf(request.dialect);
    const proof = await grant.authorize(request, client);
    checkOrigin(proof, request, policy);

    // 4. Is the user still who they were?
    const user = await currentUser(proof, client);

    // 5. Which scopes: of what was proved, those that are still the client's and the user's, and of these those that were asked for.
    const granted = stillAllowed(proof.authorization.scopes, client.scopes);
    const scopes = chosenScopes(request.scopes, stillAllowed(granted, user?.allowedScopes ?? granted));

    // 6. Issue, in the shape of the dialect.
    const answer = await (proof.rotates
      ? issuer.refresh({ ...proof.rotates, policy, scopes, user })
      : issuer.issue({
          policy,
          authorization: user ? { ...proof.authorization, user } : proof.authorization,
          scopes,
          refreshable: proof.refreshable && client.grants.includes('refresh_token') && offersRefresh(policy, scopes),
          family: proof.family,
          device: proof.device,
        }));
    return user ? { ...answer, subject: user.subject } : answer;
  };

  async function currentUser({ authorization, rotates }: Proof, client: Client): Promise<Identity | undefined> {
    if (!authorization.user) return undefined;
    const user = await desk.current(client, authorization.user);
    if (user) return user;
    // Their access tokens must not outlive them either.
    if (rotates) await issuer.end(rotates.ref);
    throw new ProtocolError(
      rotates ? 'invalid_refresh_token' : 'invalid_grant',
      'The user of this grant may not sign in any more: ask a user to sign in again.',
    );
  }
}

/** @throws ProtocolError `unauthorized_client` for a client that has more of these grants than the dialect gives to one. */
function checkOneOf(exclusive: readonly GrantType[], { grants }: Client): void {
  if (exclusive.filter((grant) => grants.includes(grant)).length < 2) return;
  throw new ProtocolError(
    'unauthorized_client',
    `Here a client has one of the grants ${exclusive.join(' and ')}, and this one has several: register a client for each.`,
  );
}

/**
 * A code or refresh token that another dialect gave is none here: what one API promised of its tokens (how they look, whether they
 * rotate) must not be undone by presenting them to another.
 */
function checkOrigin({ rotates, family }: Proof, { code }: TokenRequest, policy: TokenPolicy): void {
  if (rotates && !hasShape(rotates.presented, policy.refresh)) throw foreign('invalid_refresh_token', 'refresh token');
  if (family && code !== undefined && !hasShape(code, policy.code)) throw foreign('invalid_grant', 'code');
}

const foreign = (error: 'invalid_grant' | 'invalid_refresh_token', what: string) =>
  new ProtocolError(error, `This ${what} was given by another token endpoint of this gateway: present it there.`);

const unsupported = (known: readonly string[]) =>
  new ProtocolError('unsupported_grant_type', `Send grant_type with one of: ${known.join(' ')}.`);

const notAllowed = (client: Client) =>
  new ProtocolError(
    'unauthorized_client',
    `This client may not use this grant_type: use one of: ${client.grants.join(' ') || 'none'}, or have the client changed.`,
  );

/** Some dialects have a scope for it (OpenID Connect Core §11). */
const offersRefresh = ({ refreshScope }: TokenPolicy, scopes: readonly string[]): boolean =>
  refreshScope === undefined || scopes.includes(refreshScope);
