import { z } from 'zod';
import { type Failure, ProtocolError } from '../model/failure.ts';
import type { TokenAnswer, TokenRequest } from '../model/protocol.ts';
import type { TokenPolicy, TokenShape } from '../model/token_policy.ts';
import { seconds } from '../model/units.ts';
import { variant } from '../model/variant.ts';
import type { WireRequest, WireResponse } from '../model/wire.ts';
import type { Dialect, DialectDependencies, DialectVariant } from './dialect.ts';
import {
  bearerChallenge,
  bodyParameters,
  clientCredentials,
  failureHeaders,
  json,
  needed,
  quotable,
  STANDARD_ERRORS,
} from './wire_form.ts';

/** The dialect of the Locus Energy API: RFC 6749's password grant, refreshing and client credentials, with answers of its own. */

const options = z.strictObject({});

/** "41e818b29780637494d9026760d40b51": 128 bits in hexadecimal. */
const SHAPE: TokenShape = { prefix: '', alphabet: 'hex', length: 32 };

const TOKENS: TokenPolicy = {
  access: SHAPE,
  refresh: SHAPE,
  // No endpoint gives a code; a shape is needed all the same.
  code: SHAPE,
  accessTtl: seconds(3600),
  // Deviation: RFC 9700 §2.2.2 wants refresh tokens rotated. "Refreshing an Access Token" answers without a new one, so apps keep
  // the one they have.
  rotates: false,
  idTokens: 'RS256',
};

const GRANTS: readonly string[] = ['password', 'refresh_token', 'client_credentials'];

const LIMITS = { concurrent: 1 };

export const locus: DialectVariant = {
  prefix: '/oauth',
  ...variant<z.infer<typeof options>, DialectDependencies, Dialect>({
    type: 'locus',
    options,
    create: (_options, { prefix }) => ({
      type: 'locus',
      tokens: TOKENS,
      limits: LIMITS,
      endpoints: [
        { operation: 'token', method: 'POST', path: `${prefix}/token`, decode: decodeToken, encode: encodeToken },
      ],
      errors: STANDARD_ERRORS,
      fail,
    }),
  }),
};

function decodeToken(request: WireRequest): TokenRequest {
  const parameters = bodyParameters(request);
  const grantType = needed(parameters, 'grant_type');
  if (!GRANTS.includes(grantType)) {
    throw new ProtocolError('unsupported_grant_type', `Send grant_type with one of: ${GRANTS.join(' ')}.`);
  }
  return {
    dialect: 'locus',
    caller: { address: request.callerAddress },
    credentials: clientCredentials(request.authorization, parameters),
    grantType,
    refreshToken: parameters.get('refresh_token'),
    username: parameters.get('username'),
    password: parameters.get('password'),
    // "If your credentials don't work for this flow, please try Client Credentials": a client is registered for one of them.
    oneGrantOf: ['password', 'client_credentials'],
  };
}

/**
 * Deviation: RFC 6749 §5.1 requires `token_type`, which the documented answer to client credentials leaves out. `issued_at` is an
 * addition of the documentation, in Unix seconds.
 */
function encodeToken({ accessToken, issuedAt, refreshToken, expiresIn, subject }: TokenAnswer): WireResponse {
  if (subject === undefined)
    return json(200, { access_token: accessToken, issued_at: issuedAt, expires_in: expiresIn });
  return json(200, {
    access_token: accessToken,
    issued_at: issuedAt,
    token_type: 'bearer',
    refresh_token: refreshToken,
    expires_in: expiresIn,
  });
}

/** RFC 6749 §5.2 at the token endpoint; on routes the API's own `message` and `statusCode`. */
function fail(failure: Failure, at: 'endpoint' | 'route'): WireResponse {
  const { status, error } = STANDARD_ERRORS[failure.code];
  const description = quotable(failure.description);
  if (at === 'route') {
    const message = failure.code === 'rate_limited' ? 'Too many requests' : description;
    return json(status, { message, statusCode: status }, failureHeaders(failure, bearerChallenge(failure)));
  }
  const challenge = failure.code === 'invalid_client' ? 'Basic realm="gatehouse"' : undefined;
  return json(status, { error, error_description: description }, failureHeaders(failure, challenge));
}
