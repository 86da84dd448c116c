import { type ErrorCode, type Failure, ProtocolError } from '../model/failure.ts';
import type { ClientCredentials } from '../model/protocol.ts';
import type { Pair, WireError, WireRequest, WireResponse } from '../model/wire.ts';

/** How OAuth writes parameters, credentials and answers: what dialects that follow RFC 6749 have in common. */

export type Parameters = ReadonlyMap<string, string>;

/**
 * The parameters of a query or a form. An empty value counts as absent (RFC 6749 §3.1, §3.2).
 * @throws ProtocolError `invalid_request` when one comes twice, even empty: two readers would pick different ones.
 */
export function parametersOf(pairs: readonly Pair[]): Parameters {
  const seen = new Set<string>();
  for (const [name] of pairs) {
    if (seen.has(name))
      throw new ProtocolError('invalid_request', `Send ${nameForMessage(name)} once, not several times.`);
    seen.add(name);
  }
  return new Map(pairs.filter(([, value]) => value !== ''));
}

/** As `parametersOf`, from the body alone. Query strings end up in logs and histories, so nothing may come there (RFC 6749 §2.3.1). */
export function bodyParameters(request: WireRequest): Parameters {
  if (request.query.length > 0) {
    throw new ProtocolError('invalid_request', 'Send parameters in the body as a form, not in the query string.');
  }
  return parametersOf(request.body);
}

/** The value of a parameter that must be there. @throws ProtocolError `invalid_request`. */
export function needed(parameters: Parameters, name: string): string {
  const value = parameters.get(name);
  if (value === undefined) throw new ProtocolError('invalid_request', `Send ${name}.`);
  return value;
}

/** RFC 6749 §3.3: names between spaces. Whether they exist is the protocol's question. */
export function scopesOf(text: string | undefined): readonly string[] | undefined {
  const scopes = text?.split(' ').filter((scope) => scope !== '');
  return scopes && scopes.length > 0 ? scopes : undefined;
}

/** What an authorization request says (RFC 6749 §4.1.1), with its challenge (RFC 7636 §4.3). */
export const authorizationParameters = (parameters: Parameters) => ({
  responseType: parameters.get('response_type'),
  clientId: parameters.get('client_id'),
  redirectUri: parameters.get('redirect_uri'),
  scopes: scopesOf(parameters.get('scope')),
  state: parameters.get('state'),
  codeChallenge: parameters.get('code_challenge'),
  codeChallengeMethod: parameters.get('code_challenge_method'),
});

/** What OpenID Connect adds to that (Core §3.1.2.1). */
export const openIdParameters = (parameters: Parameters) => ({
  nonce: parameters.get('nonce'),
  prompt: parameters.get('prompt'),
  maxAge: parameters.get('max_age'),
});

/**
 * Who the client says it is (RFC 6749 §2.3.1): by HTTP Basic, or by `client_id` and `client_secret` in the body, or by `client_id` alone.
 * @throws ProtocolError when it uses two ways at once, or one that cannot be read.
 */
export function clientCredentials(
  authorization: string | undefined,
  parameters: Parameters,
): ClientCredentials | undefined {
  const id = parameters.get('client_id');
  const secret = parameters.get('client_secret');
  if (authorization !== undefined) {
    const basic = basicCredentials(authorization);
    if (secret !== undefined) {
      throw new ProtocolError('invalid_request', 'Authenticate in one way: HTTP Basic or client_secret, not both.');
    }
    if (id !== undefined && id !== basic.id) {
      throw new ProtocolError(
        'invalid_request',
        'The client_id in the body is not the one in the Authorization header.',
      );
    }
    return basic;
  }
  if (id === undefined && secret !== undefined) {
    throw new ProtocolError('invalid_request', 'Send client_id with client_secret.');
  }
  if (id === undefined) return undefined;
  return secret === undefined ? { id, method: 'none' } : { id, secret, method: 'client_secret_post' };
}

const BASIC = /^basic +([A-Za-z0-9+/]+={0,2}) *$/i;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The two sides of the first colon of HTTP Basic (RFC 7617 §2), as they are; undefined for what cannot be read. */
export function basicPair(authorization: string): readonly [name: string, password: string] | undefined {
  const [, encoded] = BASIC.exec(authorization) ?? [];
  if (encoded === undefined) return undefined;
  try {
    const text = utf8.decode(Buffer.from(encoded, 'base64'));
    const colon = text.indexOf(':');
    return colon < 1 ? undefined : [text.slice(0, colon), text.slice(colon + 1)];
  } catch {
    // Bytes that are no UTF-8.
    return undefined;
  }
}

/** HTTP Basic with id and secret form-encoded before they were joined (RFC 6749 §2.3.1). */
function basicCredentials(authorization: string): ClientCredentials {
  const pair = basicPair(authorization);
  if (!pair) throw unreadable();
  try {
    const [id, secret] = [formDecoded(pair[0]), formDecoded(pair[1])];
    return { id, secret, method: 'client_secret_basic' };
  } catch {
    // A percent sign that begins no escape.
    throw unreadable();
  }
}

const formDecoded = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '));

const unreadable = () =>
  new ProtocolError(
    'invalid_client',
    'The Authorization header cannot be read: send Basic and the base64 of client_id:client_secret, both percent-encoded.',
  );

/** Failures of HTTP itself, for which no dialect has words of its own: the status says it, and the name repeats the status. */
export const HTTP_ERRORS = {
  upstream_unreachable: { status: 502, error: 'upstream_unreachable' },
  upstream_timeout: { status: 504, error: 'upstream_timeout' },
  ambiguous_request: { status: 400, error: 'invalid_request' },
  not_found: { status: 404, error: 'not_found' },
  method_not_allowed: { status: 405, error: 'method_not_allowed' },
  unsupported_media_type: { status: 415, error: 'unsupported_media_type' },
  request_timeout: { status: 408, error: 'request_timeout' },
  payload_too_large: { status: 413, error: 'payload_too_large' },
  uri_too_long: { status: 414, error: 'uri_too_long' },
  headers_too_large: { status: 431, error: 'headers_too_large' },
} as const satisfies Partial<Record<ErrorCode, WireError>>;

/** The words of RFC 6749 §5.2 and RFC 6750 §3.1 for every failure. */
export const STANDARD_ERRORS: Readonly<Record<ErrorCode, WireError>> = {
  ...HTTP_ERRORS,
  invalid_request: { status: 400, error: 'invalid_request' },
  invalid_client: { status: 401, error: 'invalid_client' },
  invalid_grant: { status: 400, error: 'invalid_grant' },
  invalid_refresh_token: { status: 400, error: 'invalid_grant' },
  invalid_credentials: { status: 400, error: 'invalid_grant' },
  invalid_verification_code: { status: 400, error: 'invalid_grant' },
  invalid_scope: { status: 400, error: 'invalid_scope' },
  unauthorized_client: { status: 400, error: 'unauthorized_client' },
  unsupported_grant_type: { status: 400, error: 'unsupported_grant_type' },
  unsupported_response_type: { status: 400, error: 'unsupported_response_type' },
  redirect_uri_mismatch: { status: 400, error: 'invalid_grant' },
  access_denied: { status: 403, error: 'access_denied' },
  too_many_attempts: { status: 429, error: 'too_many_attempts' },
  server_error: { status: 500, error: 'server_error' },
  temporarily_unavailable: { status: 503, error: 'temporarily_unavailable' },
  missing_token: { status: 401, error: 'unauthorized' },
  invalid_token: { status: 401, error: 'invalid_token' },
  insufficient_scope: { status: 403, error: 'insufficient_scope' },
  rate_limited: { status: 429, error: 'rate_limited' },
};

/** Answers that carry tokens, or say something about them, are never kept (RFC 6749 §5.1). */
export const NO_STORE: readonly Pair[] = [
  ['cache-control', 'no-store'],
  ['pragma', 'no-cache'],
];

/** A JSON answer; members that are undefined are left out. */
export function json(status: number, body: object, headers: readonly Pair[] = []): WireResponse {
  return {
    status,
    headers: [['content-type', 'application/json'], ...NO_STORE, ...headers],
    body: JSON.stringify(body),
  };
}

/** Text as `error_description` and quoted strings may carry it (RFC 6749 §5.2, RFC 6750 §3): nothing in it can end the quotes. */
export function quotable(text: string): string {
  return text.replaceAll(/["\\]/g, "'").replaceAll(/[^\x20-\x7e]/g, '?');
}

/** The `WWW-Authenticate` of a refused token (RFC 6750 §3); undefined for failures that are about something else. */
export function bearerChallenge({ code, description, scope }: Failure): string | undefined {
  switch (code) {
    case 'missing_token':
      // §3.1: who sent no token is told no error.
      return 'Bearer realm="gatehouse"';
    case 'invalid_request':
    case 'invalid_token':
    case 'insufficient_scope': {
      const attributes = [`error="${code}"`, `error_description="${quotable(description)}"`];
      if (scope !== undefined) attributes.push(`scope="${quotable(scope.join(' '))}"`);
      return ['Bearer realm="gatehouse"', ...attributes].join(', ');
    }
    default:
      return undefined;
  }
}

const BEARER = /^bearer +([A-Za-z0-9\-._~+/]+=*) *$/i;

/** The access token of a request to one of our own endpoints (RFC 6750 §2.1); undefined if there is none that can be read. */
export const bearerToken = (authorization: string | undefined): string | undefined =>
  BEARER.exec(authorization ?? '')?.[1];

/** What a failure adds to the head of an answer. @param challenge for `WWW-Authenticate`. */
export function failureHeaders({ headers = [], retryAfter }: Failure, challenge: string | undefined): readonly Pair[] {
  return [
    ...headers,
    ...(challenge === undefined ? [] : ([['www-authenticate', challenge]] as const)),
    ...(retryAfter === undefined ? [] : ([['retry-after', String(retryAfter)]] as const)),
  ];
}

/** A parameter's name for an error message, unless it is one that a stranger made up to be printed. */
function nameForMessage(name: string): string {
  return /^[a-z][a-z_]{0,40}$/.test(name) ? name : 'each parameter';
}
