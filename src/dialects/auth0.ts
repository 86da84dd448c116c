import { z } from 'zod';
import type { ErrorCode, Failure } from '../model/failure.ts';
import type { Claims, DelegationAnswer, TokenAnswer } from '../model/protocol.ts';
import { STANDARD_TOKENS, type TokenPolicy } from '../model/token_policy.ts';
import { variant } from '../model/variant.ts';
import type { WireError, WireResponse } from '../model/wire.ts';
import {
  decodeAuthorization,
  decodeCodeRequest,
  decodeDelegation,
  decodeExchange,
  decodeSignIn,
  given,
} from './auth0_requests.ts';
import type { Dialect, DialectDependencies, DialectVariant, Endpoint } from './dialect.ts';
import {
  bearerChallenge,
  bearerToken,
  bodyParameters,
  failureHeaders,
  HTTP_ERRORS,
  json,
  quotable,
} from './wire_form.ts';

/**
 * Auth0's authentication API as it was documented before 2017: the resource owner endpoint, codes by SMS and mail, delegation.
 *
 * Deviation: a confidential client names itself only, without its secret, at `/oauth/ro` and `/delegation`. "Resource Owner" and
 * "Delegation" list no `client_secret`; what is proved there is the user, by a password, a code, an `id_token` or a refresh token.
 * Deviation: `token_type` is `bearer`, and `/oauth/ro` answers without `expires_in` ("Resource Owner").
 * Deviation: a wrong password is 401 and a wrong client 403 ("Errors: POST /oauth/ro").
 * Deviation: using a refresh token does not replace it, which RFC 9700 §2.2.2 wants: the answer of "Delegation" has no new one.
 * Deviation: PKCE is not asked of confidential clients, which RFC 9700 §2.1.1 recommends: "Authorize Client" does not know it.
 * Addition: `/authorize` and `/oauth/token`, the browser's way in, which the page on `/oauth/ro` does not describe.
 */

const options = z.strictObject({
  id_token_signing: z
    .enum(['HS256', 'RS256'])
    .default('HS256')
    .describe("How id_tokens are signed: with the client's secret, or with the gateway's key."),
});
type Auth0Options = z.infer<typeof options>;

export const auth0: DialectVariant = {
  prefix: '',
  ...variant<Auth0Options, DialectDependencies, Dialect>({
    type: 'auth0',
    options,
    create: ({ id_token_signing }, { prefix }) => ({
      type: 'auth0',
      tokens: tokensSignedWith(id_token_signing),
      endpoints: endpointsUnder(prefix.replace(/\/$/, ''), id_token_signing),
      errors: ERRORS,
      fail,
    }),
  }),
};

function tokensSignedWith(idTokens: TokenPolicy['idTokens']): TokenPolicy {
  return {
    ...STANDARD_TOKENS,
    // Unlike those of any other dialect: a refresh token that elsewhere is good with a secret only must not be good here without.
    refresh: { ...STANDARD_TOKENS.refresh, prefix: 'g0r_' },
    code: { ...STANDARD_TOKENS.code, prefix: 'g0c_' },
    rotates: false,
    refreshScope: 'offline_access',
    personalScopesOnly: true,
    idTokens,
  };
}

function endpointsUnder(prefix: string, signing: TokenPolicy['idTokens']): readonly Endpoint[] {
  const endpoints: readonly Endpoint[] = [
    { operation: 'token', method: 'POST', path: `${prefix}/oauth/ro`, decode: decodeSignIn, encode: encodeSignIn },
    {
      operation: 'send_code',
      method: 'POST',
      path: `${prefix}/passwordless/start`,
      decode: decodeCodeRequest,
      // The same for everybody: whether there is such a user, and what was sent, is for the owner of the phone.
      encode: () => json(200, {}),
    },
    {
      operation: 'userinfo',
      method: 'GET',
      path: `${prefix}/userinfo`,
      decode: ({ authorization }) => ({ token: bearerToken(authorization) }),
      encode: encodeProfile,
    },
    {
      operation: 'tokeninfo',
      method: 'POST',
      path: `${prefix}/tokeninfo`,
      decode: (request) => ({
        caller: { address: request.callerAddress },
        idToken: given(bodyParameters(request), 'id_token'),
      }),
      encode: encodeProfile,
    },
    {
      operation: 'delegation',
      method: 'POST',
      path: `${prefix}/delegation`,
      decode: decodeDelegation,
      encode: encodeDelegation,
    },
    { operation: 'authorize', method: 'GET', path: `${prefix}/authorize`, decode: decodeAuthorization },
    {
      operation: 'token',
      method: 'POST',
      path: `${prefix}/oauth/token`,
      decode: decodeExchange,
      encode: encodeExchange,
    },
  ];
  // Only keys of the gateway can be published.
  return signing === 'HS256'
    ? endpoints
    : [
        ...endpoints,
        {
          operation: 'jwks',
          method: 'GET',
          path: `${prefix}/.well-known/jwks.json`,
          decode: () => undefined,
          encode: (keys) => json(200, keys),
        },
      ];
}

/** Exactly the documented members: without `openid` and `offline_access` there are two. */
function encodeSignIn({ accessToken, idToken, refreshToken }: TokenAnswer): WireResponse {
  return json(200, {
    access_token: accessToken,
    token_type: 'bearer',
    id_token: idToken,
    refresh_token: refreshToken,
  });
}

/** Profiles had `user_id` before there was `sub`, and apps look for either. */
function encodeProfile(claims: Claims): WireResponse {
  return json(200, { ...claims, user_id: claims['sub'] });
}

function encodeDelegation({ idToken, expiresIn }: DelegationAnswer): WireResponse {
  return json(200, { token_type: 'bearer', expires_in: expiresIn, id_token: idToken });
}

function encodeExchange(answer: TokenAnswer): WireResponse {
  return json(200, {
    access_token: answer.accessToken,
    token_type: 'bearer',
    expires_in: answer.expiresIn,
    id_token: answer.idToken,
    refresh_token: answer.refreshToken,
  });
}

const ERRORS: Readonly<Record<ErrorCode, WireError>> = {
  ...HTTP_ERRORS,
  invalid_request: { status: 400, error: 'invalid_request' },
  invalid_client: { status: 403, error: 'unauthorized_client' },
  invalid_grant: { status: 400, error: 'invalid_grant' },
  invalid_refresh_token: { status: 400, error: 'invalid_grant' },
  invalid_credentials: { status: 401, error: 'invalid_user_password' },
  invalid_verification_code: { status: 401, error: 'invalid_user_password' },
  invalid_scope: { status: 400, error: 'invalid_request' },
  unauthorized_client: { status: 403, error: 'unauthorized_client' },
  unsupported_grant_type: { status: 400, error: 'invalid_request' },
  unsupported_response_type: { status: 400, error: 'invalid_request' },
  redirect_uri_mismatch: { status: 400, error: 'invalid_request' },
  access_denied: { status: 401, error: 'access_denied' },
  too_many_attempts: { status: 429, error: 'too_many_attempts' },
  server_error: { status: 500, error: 'server_error' },
  temporarily_unavailable: { status: 503, error: 'temporarily_unavailable' },
  missing_token: { status: 401, error: 'unauthorized' },
  invalid_token: { status: 401, error: 'invalid_token' },
  insufficient_scope: { status: 403, error: 'insufficient_scope' },
  rate_limited: { status: 429, error: 'too_many_requests' },
};

function fail(failure: Failure): WireResponse {
  const { status, error } = ERRORS[failure.code];
  // A missing parameter of a sign-in is no matter of a token, and at a route the status says enough.
  const challenge = failure.code === 'invalid_request' ? undefined : bearerChallenge(failure);
  return json(status, { error, error_description: descriptionOf(failure) }, failureHeaders(failure, challenge));
}

/** Apps compare these two texts. */
function descriptionOf({ code, channel, description }: Failure): string {
  switch (code) {
    case 'invalid_credentials':
      return 'Wrong email or password.';
    case 'invalid_verification_code':
      return channel === 'email' ? 'Wrong email or verification code.' : 'Wrong phone number or verification code.';
    default:
      return quotable(description);
  }
}
