import { z } from 'zod';
import { type ErrorCode, type Failure, ProtocolError } from '../model/failure.ts';
import type { AuthorizationRequest, DirectAuthorizationRequest, TokenAnswer, TokenRequest } from '../model/protocol.ts';
import type { TokenPolicy } from '../model/token_policy.ts';
import { milliseconds, seconds } from '../model/units.ts';
import { variant } from '../model/variant.ts';
import type { Pair, WireError, WireRequest, WireResponse } from '../model/wire.ts';
import type { Dialect, DialectDependencies, DialectVariant, Endpoint } from './dialect.ts';
import {
  authorizationParameters,
  basicPair,
  bearerChallenge,
  clientCredentials,
  failureHeaders,
  HTTP_ERRORS,
  json,
  NO_STORE,
  type Parameters,
  parametersOf,
  quotable,
  scopesOf,
} from './wire_form.ts';

/** The dialect of the Roambi API: a code for the user's password or by the browser dialog, and tokens for the code. */

const options = z.strictObject({
  require_client_secret: z
    .boolean()
    .default(true)
    .describe('Whether POST /authorize needs the client secret. One that is sent is checked in any case.'),
});
type RoambiOptions = z.infer<typeof options>;

const TOKENS: TokenPolicy = {
  // "1/65_EnBUJxDe5GsIjC...", "b10a59bde3c398cc...", "1a2b3c4d5e6f7g8h9j..."
  access: { prefix: '1/', alphabet: 'base64url', length: 40 },
  refresh: { prefix: '', alphabet: 'hex', length: 64 },
  code: { prefix: '', alphabet: 'base64url', length: 40 },
  // "The Access token expires after 24 hours."
  accessTtl: seconds(86_400),
  rotates: true,
  idTokens: 'RS256',
};

const LIMITS = { perToken: { count: 100, window: milliseconds(60_000) } };

export const roambi: DialectVariant = {
  prefix: '/1',
  sharesPrefix: true,
  ...variant<RoambiOptions, DialectDependencies, Dialect>({
    type: 'roambi',
    options,
    create: ({ require_client_secret }, { prefix }) => ({
      type: 'roambi',
      tokens: TOKENS,
      limits: LIMITS,
      endpoints: endpointsUnder(prefix, !require_client_secret),
      errors: ERRORS,
      fail,
    }),
  }),
};

function endpointsUnder(prefix: string, secretOptional: boolean): readonly Endpoint[] {
  const authorizeDirectly = {
    operation: 'authorize_directly',
    method: 'POST',
    decode: (request: WireRequest) => decodeDirectAuthorization(request, secretOptional),
    encode: encodeRedirect,
  } as const;
  return [
    { ...authorizeDirectly, path: `${prefix}/authorize` },
    // Deviation: a space at the end of the path is no other path, because the documentation's command lines have stray ones.
    { ...authorizeDirectly, path: `${prefix}/authorize%20` },
    { operation: 'authorize', method: 'GET', path: `${prefix}/authorize`, decode: decodeAuthorization },
    { operation: 'token', method: 'POST', path: `${prefix}/token`, decode: decodeToken, encode: encodeToken },
  ];
}

/**
 * Deviation: "Resource Owner Password Credentials" (POST /authorize) lets the parameters, secrets too, come in the query string as
 * well as in the form, against RFC 6749 §2.3.1. Its command line has spaces around values, `-u ${USERNAME} :${PASSWORD}` among
 * them, so values are trimmed; `state` is not, which goes back as it came.
 */
function trimmed(pairs: readonly Pair[]): Parameters {
  return parametersOf(pairs.map(([name, value]) => [name, name === 'state' ? value : value.trim()]));
}

function decodeDirectAuthorization(request: WireRequest, secretOptional: boolean): DirectAuthorizationRequest {
  const parameters = trimmed([...request.query, ...request.body]);
  const credentials = clientCredentials(undefined, parameters);
  return {
    dialect: 'roambi',
    caller: { address: request.callerAddress },
    credentials: credentials && { ...credentials, secretOptional },
    responseType: parameters.get('response_type'),
    redirectUri: parameters.get('redirect_uri'),
    scopes: scopesOf(parameters.get('scope')),
    state: parameters.get('state'),
    ...userCredentials(request.authorization, parameters),
  };
}

/**
 * Deviation: HTTP Basic is the user's here, where RFC 6749 §2.3.1 has the client's ("curl -u ${USERNAME} :${PASSWORD}").
 * @throws ProtocolError `invalid_request` when it cannot be read, or says less or more than one user.
 */
function userCredentials(
  authorization: string | undefined,
  parameters: Parameters,
): { readonly username: string | undefined; readonly password: string | undefined } {
  const [username, password] = [parameters.get('username'), parameters.get('password')];
  if (authorization === undefined) return { username, password };
  const [name, secret] = basicPair(authorization)?.map((side) => side.trim()) ?? [];
  if (name === undefined) {
    throw new ProtocolError('invalid_request', 'Send the Authorization header as Basic base64(username:password).');
  }
  if (username !== undefined || password !== undefined) {
    throw new ProtocolError('invalid_request', 'Send the user by HTTP Basic or as username and password, not both.');
  }
  return { username: name || undefined, password: secret || undefined };
}

/** The browser dialog of "Authentication workflow". Confidential clients predate PKCE; one that is sent is checked. */
function decodeAuthorization({ query }: WireRequest): AuthorizationRequest {
  const parameters = trimmed(query);
  return {
    dialect: 'roambi',
    ...authorizationParameters(parameters),
    pkce: 'public_clients',
  };
}

/**
 * Deviation: RFC 6749 §4.1.3 requires `grant_type`; "Obtaining tokens" sends none with a code. A `code` that comes with
 * `grant_type=refresh_token`, as in "Using Refresh Token", counts for nothing.
 */
function decodeToken(request: WireRequest): TokenRequest {
  if (request.query.length > 0) {
    throw new ProtocolError('invalid_request', 'Send parameters in the body as a form, not in the query string.');
  }
  const parameters = trimmed(request.body);
  const grantType = parameters.get('grant_type') ?? 'authorization_code';
  if (grantType !== 'authorization_code' && grantType !== 'refresh_token') {
    throw new ProtocolError('unsupported_grant_type', 'Leave grant_type out with a code, or send refresh_token.');
  }
  return {
    dialect: 'roambi',
    caller: { address: request.callerAddress },
    credentials: clientCredentials(request.authorization, parameters),
    grantType,
    code: parameters.get('code'),
    redirectUri: parameters.get('redirect_uri'),
    codeVerifier: parameters.get('code_verifier'),
    refreshToken: parameters.get('refresh_token'),
  };
}

/**
 * A redirect for programs that follow it, and the documented page for those that read it. 302 as documented: no user agent posts
 * the password on to the app (RFC 9110 §15.4.3 lets it change to GET, and all do).
 */
function encodeRedirect({ to }: { readonly to: string }): WireResponse {
  const page = `<html>
  <body>
    You are being
    <a href="${escaped(to)}">
    redirected</a>.
  </body>
</html>
`;
  const headers: readonly Pair[] = [
    ['location', to],
    ['content-type', 'text/html; charset=utf-8'],
    ['content-security-policy', "default-src 'none'; frame-ancestors 'none'"],
    ['referrer-policy', 'no-referrer'],
    ...NO_STORE,
  ];
  return { status: 302, headers, body: page };
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (text: string): string => text.replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? '');

function encodeToken({ accessToken, expiresIn, refreshToken }: TokenAnswer): WireResponse {
  return json(200, {
    access_token: accessToken,
    expires_in: expiresIn,
    refresh_token: refreshToken,
    token_type: 'bearer',
  });
}

const ERRORS: Readonly<Record<ErrorCode, WireError>> = {
  ...HTTP_ERRORS,
  // "Invalid `grant_type` parameter or parameter missing. `code` is required. Invalid refresh token"
  invalid_request: { status: 400, error: 'invalid_request' },
  unsupported_grant_type: { status: 400, error: 'invalid_request' },
  // Deviation: `invalid_grant` in RFC 6749 §5.2.
  invalid_refresh_token: { status: 400, error: 'invalid_request' },
  unauthorized_client: { status: 400, error: 'unauthorized_client' },
  invalid_grant: { status: 400, error: 'invalid_grant' },
  invalid_credentials: { status: 401, error: 'invalid_grant' },
  invalid_verification_code: { status: 401, error: 'invalid_grant' },
  invalid_client: { status: 401, error: 'invalid_client' },
  // Deviation: this name and the next but one are the documentation's own.
  redirect_uri_mismatch: { status: 400, error: 'redirect_url_mismatch' },
  server_error: { status: 500, error: 'internal_server_error' },
  // "Roambi Business supports all OAuth 2.0 error types"
  invalid_scope: { status: 400, error: 'invalid_scope' },
  unsupported_response_type: { status: 400, error: 'unsupported_response_type' },
  access_denied: { status: 403, error: 'access_denied' },
  too_many_attempts: { status: 429, error: 'too_many_attempts' },
  temporarily_unavailable: { status: 503, error: 'temporarily_unavailable' },
  missing_token: { status: 401, error: 'unauthorized' },
  invalid_token: { status: 401, error: 'invalid_token' },
  insufficient_scope: { status: 403, error: 'insufficient_scope' },
  // Deviation: 429 in RFC 6585 §4; this API refuses what is above its limit with 503.
  rate_limited: { status: 503, error: 'rate_limited' },
};

function fail(failure: Failure, at: 'endpoint' | 'route'): WireResponse {
  const { status, error } = ERRORS[failure.code];
  const described =
    error === 'invalid_grant' && status === 401 ? 'Invalid user credentials' : quotable(failure.description);
  const challenge = at === 'route' ? bearerChallenge(failure) : status === 401 ? 'Basic realm="gatehouse"' : undefined;
  return json(status, { error, error_description: described }, failureHeaders(failure, challenge));
}
