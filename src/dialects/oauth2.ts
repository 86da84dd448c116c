import { z } from 'zod';
import { type Failure, ProtocolError } from '../model/failure.ts';
import type { Claims, IntrospectionAnswer, TokenAnswer, TokenRequest, UserInfoRequest } from '../model/protocol.ts';
import { STANDARD_TOKENS, type TokenPolicy } from '../model/token_policy.ts';
import { variant } from '../model/variant.ts';
import type { WireRequest, WireResponse } from '../model/wire.ts';
import type { Dialect, DialectDependencies, DialectVariant, Endpoint } from './dialect.ts';
import { type Paths, providerMetadata, serverMetadata } from './oauth2_metadata.ts';
import {
  authorizationParameters,
  bearerChallenge,
  bearerToken,
  bodyParameters,
  clientCredentials,
  failureHeaders,
  json,
  NO_STORE,
  needed,
  openIdParameters,
  parametersOf,
  quotable,
  STANDARD_ERRORS,
  scopesOf,
} from './wire_form.ts';

/**
 * The standard dialect: RFC 6749 with PKCE (7636), revocation (7009), introspection (7662), metadata (8414), Bearer (6750), and
 * OpenID Connect (Core, Discovery) for the scope `openid`.
 */

const options = z.strictObject({
  require_pkce: z
    .boolean()
    .default(true)
    .describe('Whether confidential clients must use PKCE too. Public clients must in any case.'),
  id_token_signing: z
    .enum(['RS256', 'ES256'])
    .default('RS256')
    .describe('How id_tokens are signed. Every OpenID Connect client can check RS256; ES256 makes shorter ones.'),
});
type OAuth2Options = z.infer<typeof options>;

export const oauth2: DialectVariant = {
  prefix: '/oauth2',
  ...variant<OAuth2Options, DialectDependencies, Dialect>({
    type: 'oauth2',
    options,
    create: ({ require_pkce, id_token_signing: idTokens }, { prefix }) => ({
      type: 'oauth2',
      tokens: { ...STANDARD_TOKENS, ...(idTokens && { idTokens }) },
      endpoints: endpointsUnder(prefix.replace(/\/$/, ''), require_pkce, idTokens),
      errors: STANDARD_ERRORS,
      fail,
    }),
  }),
};

function endpointsUnder(
  prefix: string,
  requirePkce: boolean,
  idTokens: TokenPolicy['idTokens'] = STANDARD_TOKENS.idTokens,
): readonly Endpoint[] {
  const paths: Paths = {
    authorize: `${prefix}/authorize`,
    token: `${prefix}/token`,
    revoke: `${prefix}/revoke`,
    introspect: `${prefix}/introspect`,
    userinfo: `${prefix}/userinfo`,
    jwks: `${prefix}/jwks`,
  };
  return [
    {
      operation: 'authorize',
      method: 'GET',
      path: paths.authorize,
      decode: (request) => decodeAuthorization(request, requirePkce),
    },
    { operation: 'token', method: 'POST', path: paths.token, decode: decodeToken, encode: encodeToken },
    {
      operation: 'revoke',
      method: 'POST',
      path: paths.revoke,
      decode: decodeAboutToken,
      // RFC 7009 §2.2: the status says it all.
      encode: () => ({ status: 200, headers: NO_STORE, body: '' }),
    },
    {
      operation: 'introspect',
      method: 'POST',
      path: paths.introspect,
      decode: decodeAboutToken,
      encode: encodeIntrospection,
    },
    {
      operation: 'metadata',
      method: 'GET',
      path: '/.well-known/oauth-authorization-server',
      decode: () => undefined,
      encode: (facts) => json(200, serverMetadata(facts, paths)),
    },
    {
      operation: 'metadata',
      method: 'GET',
      path: '/.well-known/openid-configuration',
      decode: () => undefined,
      encode: (facts) => json(200, providerMetadata(facts, paths, idTokens)),
    },
    {
      operation: 'jwks',
      method: 'GET',
      path: paths.jwks,
      decode: () => undefined,
      encode: (keys) => json(200, keys),
    },
    // OpenID Connect Core §5.3.1: by either method.
    { operation: 'userinfo', method: 'GET', path: paths.userinfo, decode: decodeUserInfo, encode: encodeUserInfo },
    { operation: 'userinfo', method: 'POST', path: paths.userinfo, decode: decodeUserInfo, encode: encodeUserInfo },
  ];
}

/** RFC 6749 §4.1.1, RFC 7636 §4.3, OpenID Connect Core §3.1.2.1. */
function decodeAuthorization({ query }: WireRequest, requirePkce: boolean) {
  const parameters = parametersOf(query);
  return {
    dialect: 'oauth2',
    ...authorizationParameters(parameters),
    ...openIdParameters(parameters),
    pkce: requirePkce ? ('everybody' as const) : ('public_clients' as const),
  };
}

/** RFC 6749 §4.1.3, §4.3.2, §4.4.2, §6, RFC 7523 §2.1. */
function decodeToken(request: WireRequest): TokenRequest {
  const parameters = bodyParameters(request);
  const grantType = needed(parameters, 'grant_type');
  return {
    dialect: 'oauth2',
    caller: { address: request.callerAddress },
    credentials: clientCredentials(request.authorization, parameters),
    grantType,
    code: parameters.get('code'),
    redirectUri: parameters.get('redirect_uri'),
    codeVerifier: parameters.get('code_verifier'),
    refreshToken: parameters.get('refresh_token'),
    username: parameters.get('username'),
    password: parameters.get('password'),
    assertion: parameters.get('assertion'),
    // The code already says which scopes; RFC 6749 §4.1.3 knows no scope here, and unknown parameters are ignored.
    scopes: grantType === 'authorization_code' ? undefined : scopesOf(parameters.get('scope')),
  };
}

/** RFC 7009 §2.1 and RFC 7662 §2.1. The hint is not needed: a token's place follows from its characters. */
function decodeAboutToken(request: WireRequest) {
  const parameters = bodyParameters(request);
  const credentials = clientCredentials(request.authorization, parameters);
  return { caller: { address: request.callerAddress }, credentials, token: needed(parameters, 'token') };
}

/** RFC 6750 §2.1 and, for a form, §2.2; never in the query string, which ends up in logs (§2.3). */
function decodeUserInfo(request: WireRequest): UserInfoRequest {
  const inBody = bodyParameters(request).get('access_token');
  if (request.authorization !== undefined && inBody !== undefined) {
    throw new ProtocolError('invalid_request', 'Send the access token in one place: the header or the body, not both.');
  }
  return { token: inBody ?? bearerToken(request.authorization), requiredScope: 'openid' };
}

/** OpenID Connect Core §5.3.2. */
const encodeUserInfo = (claims: Claims): WireResponse => json(200, claims);

/** RFC 6749 §5.1; OpenID Connect Core §3.1.3.3. */
function encodeToken(answer: TokenAnswer): WireResponse {
  return json(200, {
    access_token: answer.accessToken,
    token_type: 'Bearer',
    expires_in: answer.expiresIn,
    refresh_token: answer.refreshToken,
    id_token: answer.idToken,
    scope: answer.scopes.join(' ') || undefined,
  });
}

/** RFC 7662 §2.2. */
function encodeIntrospection(answer: IntrospectionAnswer): WireResponse {
  if (!answer.active) return json(200, { active: false });
  return json(200, {
    active: true,
    scope: answer.scopes.join(' ') || undefined,
    client_id: answer.client,
    username: answer.username,
    token_type: answer.tokenType === 'access_token' ? 'Bearer' : undefined,
    exp: answer.expiresAt,
    iat: answer.issuedAt,
    sub: answer.subject,
    aud: answer.audience.length > 0 ? answer.audience : undefined,
  });
}

function fail(failure: Failure, at: 'endpoint' | 'route'): WireResponse {
  const { status, error } = STANDARD_ERRORS[failure.code];
  const challenge = at === 'endpoint' ? endpointChallenge(failure) : bearerChallenge(failure);
  const body = { error, error_description: quotable(failure.description) };
  return json(status, body, failureHeaders(failure, challenge));
}

/** RFC 6749 §5.2 asks for it when the client tried Basic, RFC 9110 §15.5.2 with every 401. */
function endpointChallenge(failure: Failure): string | undefined {
  if (failure.code === 'invalid_client') return 'Basic realm="gatehouse"';
  // At the UserInfo endpoint (OpenID Connect Core §5.3.3). A malformed request is no question of tokens anywhere else.
  return failure.code === 'invalid_request' ? undefined : bearerChallenge(failure);
}
