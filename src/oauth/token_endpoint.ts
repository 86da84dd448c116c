import type { Client, GrantType } from '../model/client.ts';
import { ProtocolError } from '../model/failure.ts';
import type { TokenAnswer, TokenRequest } from '../model/protocol.ts';
import type { Identity } from '../model/token.ts';
import type { PolicyOf, TokenPolicy } from '../model/token_policy.ts';
import { newFamilyRef } from '../tokens/families.ts';
import { hasShape } from '../tokens/format.ts';
import type { Issuer } from '../tokens/issuing.ts';
import type { AuthenticateClient } from './client_authentication.ts';
import { checkDialect } from './dialect_choice.ts';
import type { Grant, Proof } from './grants/grant.ts';
import type { IdTokens } from './id_tokens.ts';
import { allowedTo, askedUnder, chosenScopes, stillAllowed } from './scopes.ts';
import type { SignInDesk } from './sign_in.ts';

export interface TokenEndpointDependencies {
  readonly authenticate: AuthenticateClient;
  readonly grants: readonly Grant[];
  readonly desk: Pick<SignInDesk, 'current'>;
  readonly issuer: Issuer;
  readonly idTokens: IdTokens;
  readonly policyOf: PolicyOf;
}

/** The token endpoint (RFC 6749 §3.2): the steps that every grant shares, so that none can forget one. */
export function createTokenEndpoint(deps: TokenEndpointDependencies): (request: TokenRequest) => Promise<TokenAnswer> {
  const { authenticate, issuer, idTokens, desk } = deps;
  const grants = new Map(deps.grants.map((grant) => [grant.type, grant]));

  return async (request) => {
    // 1. Who is asking?
    const client = await authenticate(request.credentials, request.caller);

    // 2. Is this API one of the client's, is the grant known, and is it this client's too?
    checkDialect(client, request.dialect);
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
    const available = user ? allowedTo(user, granted) : granted;
    const asked = askedUnder(policy, request.scopes, available);
    const scopes = chosenScopes(asked, available, proof.chosen ? available : undefined);

    // 6. What signs the id_token, if there is to be one? It must be there before anything is issued.
    const sign = user && scopes.includes('openid') ? await idTokens.signer(client, policy) : undefined;

    // 7. Issue, in the shape of the dialect.
    const family = proof.rotates?.ref ?? proof.family ?? newFamilyRef(policy);
    const answer = await (proof.rotates
      ? issuer.refresh({ ...proof.rotates, policy, scopes, user })
      : issuer.issue({
          policy,
          authorization: user ? { ...proof.authorization, user } : proof.authorization,
          scopes,
          refreshable: proof.refreshable && client.grants.includes('refresh_token') && offersRefresh(policy, scopes),
          family,
          device: checkedDevice(proof.device),
        }));
    if (!user) return answer;

    // 8. Tell the client who signed in (OpenID Connect Core §3.1.3.3; after a refresh §12.2).
    const { subject } = user;
    if (!sign) return { ...answer, subject };
    const { accessToken } = answer;
    const { authenticatedAt } = proof.authorization;
    const { dialect } = request;
    const idToken = await sign({ dialect, user, scopes, family, authenticatedAt, nonce: proof.nonce, accessToken });
    return { ...answer, subject, idToken };
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

/** The name of a device is shown to users and operators, in lists of what they may end. */
function checkedDevice(device: string | undefined): string | undefined {
  if (device === undefined || /^[^\p{Cc}\p{Zl}\p{Zp}]{1,256}$/u.test(device)) return device;
  throw new ProtocolError('invalid_request', 'Send device with 1 to 256 characters, without control characters.');
}

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
