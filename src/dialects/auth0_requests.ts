import { ProtocolError } from '../model/failure.ts';
import type {
  AuthorizationRequest,
  ClientCredentials,
  CodeRequest,
  DelegationRequest,
  TokenRequest,
} from '../model/protocol.ts';
import type { WireRequest } from '../model/wire.ts';
import {
  authorizationParameters,
  bodyParameters,
  clientCredentials,
  openIdParameters,
  type Parameters,
  parametersOf,
  scopesOf,
} from './wire_form.ts';

/** What apps of Auth0 send: every parameter by its documented name, and the documented complaint when it is missing. */

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

/** `POST /oauth/ro`: a user's password or one-time code, or the `id_token` of an earlier sign-in. */
export function decodeSignIn(request: WireRequest): TokenRequest {
  const parameters = bodyParameters(request);
  const credentials = namedClient(parameters);
  const scopes = scopesOf(parameters.get('scope'));
  const device = scopes?.includes('offline_access') ? given(parameters, 'device') : parameters.get('device');
  const common = { dialect: 'auth0', caller: { address: request.callerAddress }, credentials, scopes, device };

  const grantType = given(parameters, 'grant_type');
  switch (grantType) {
    case 'password':
      return {
        ...common,
        grantType,
        connection: given(parameters, 'connection'),
        username: given(parameters, 'username'),
        password: given(parameters, 'password'),
      };
    case JWT_BEARER:
      // Not what the earlier sign-in had: a refresh token, too, is for those who ask and name their device.
      return { ...common, grantType, assertion: given(parameters, 'id_token'), scopes: scopes ?? [] };
    default:
      throw new ProtocolError('unsupported_grant_type', `grant_type must be password or ${JWT_BEARER}`);
  }
}

/** `POST /passwordless/start`. */
export function decodeCodeRequest(request: WireRequest): CodeRequest {
  const parameters = bodyParameters(request);
  const clientId = given(parameters, 'client_id');
  const connection = given(parameters, 'connection');
  if (!['code', undefined].includes(parameters.get('send'))) {
    throw new ProtocolError('invalid_request', 'send must be code: links are not sent from here');
  }
  const [right, other] = connection === 'email' ? ['email', 'phone_number'] : ['phone_number', 'email'];
  const recipient = parameters.get(right) ?? parameters.get(other) ?? given(parameters, right);
  return { caller: { address: request.callerAddress }, clientId, connection, recipient };
}

/** `POST /delegation`: a refresh token for a new `id_token`. */
export function decodeDelegation(request: WireRequest): DelegationRequest {
  const parameters = bodyParameters(request);
  const credentials = namedClient(parameters);
  const grantType = given(parameters, 'grant_type');
  if (grantType !== JWT_BEARER) {
    throw new ProtocolError('unsupported_grant_type', `grant_type must be ${JWT_BEARER}`);
  }
  const refreshToken = given(parameters, 'refresh_token');
  return {
    dialect: 'auth0',
    caller: { address: request.callerAddress },
    credentials,
    grantType,
    refreshToken,
    scopes: scopesOf(parameters.get('scope')),
  };
}

/** `GET /authorize`: the browser is sent here, and comes back to the app with a code. */
export function decodeAuthorization({ query }: WireRequest): AuthorizationRequest {
  const parameters = parametersOf(query);
  return {
    dialect: 'auth0',
    ...authorizationParameters(parameters),
    ...openIdParameters(parameters),
    pkce: 'public_clients',
  };
}

/** `POST /oauth/token`: that code, or a refresh token, by a client that proves itself. */
export function decodeExchange(request: WireRequest): TokenRequest {
  const parameters = bodyParameters(request);
  const grantType = given(parameters, 'grant_type');
  const common = {
    dialect: 'auth0',
    caller: { address: request.callerAddress },
    credentials: clientCredentials(request.authorization, parameters),
  };
  switch (grantType) {
    case 'authorization_code':
      return {
        ...common,
        grantType,
        code: given(parameters, 'code'),
        redirectUri: parameters.get('redirect_uri'),
        codeVerifier: parameters.get('code_verifier'),
      };
    case 'refresh_token':
      return {
        ...common,
        grantType,
        refreshToken: given(parameters, 'refresh_token'),
        scopes: scopesOf(parameters.get('scope')),
      };
    default:
      throw new ProtocolError('unsupported_grant_type', 'grant_type must be authorization_code or refresh_token');
  }
}

/** A client that need not prove itself here; a secret that it sends is checked all the same. */
function namedClient(parameters: Parameters): ClientCredentials {
  const id = given(parameters, 'client_id');
  const secret = parameters.get('client_secret');
  return { id, secret, method: secret === undefined ? 'none' : 'client_secret_post', secretOptional: true };
}

/** @throws ProtocolError in the documentation's own words. */
export function given(parameters: Parameters, name: string): string {
  const value = parameters.get(name);
  if (value === undefined) throw new ProtocolError('invalid_request', `missing ${name} parameter`);
  return value;
}
