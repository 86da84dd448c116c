import type { Failure } from '../model/failure.ts';
import type { TokenRef } from '../model/token.ts';
import { refOf } from '../tokens/format.ts';
import { ParameterScan } from './parameter_scan.ts';
import type { HeadFacts } from './request_head.ts';

const SCHEME = 'bearer';
const SPACE = 0x20;

/** A parameter of this name carries a token (RFC 6750 §2.2, §2.3), which ends up in logs and histories: never accepted. */
export const TOKEN_PARAMETER = 'access_token';

export const UNKNOWN_TOKEN: Failure = {
  code: 'invalid_token',
  description: 'The access token is unknown, expired or revoked; get a new one.',
};
const MALFORMED = invalid('The Authorization header is malformed; send "Authorization: Bearer <token>".');
const REPEATED = invalid('The request has more than one Authorization header.');
const IN_QUERY = invalid('Tokens are not accepted in the query; send "Authorization: Bearer <token>".');

/**
 * Reads the bearer token of a request strictly as RFC 6750 §2.1 writes it.
 * @param query empty, or `?` and what follows.
 * @param isForged tells of a token that nobody needs to be asked about.
 * @returns where the token's record would be; undefined if the request brings none (another scheme is none); or
 * `invalid_request`, or `invalid_token` for one that cannot exist.
 */
export function readBearer(
  facts: HeadFacts,
  query: string,
  isForged: (token: string, ref: TokenRef) => boolean = NEVER,
): TokenRef | Failure | undefined {
  if (facts.repeatedAuthorization) return REPEATED;
  if (query !== '' && namesTokenInQuery(query)) return IN_QUERY;
  const value = facts.authorization;
  if (value === undefined || !hasBearerScheme(value)) return undefined;

  let start = SCHEME.length;
  while (value.charCodeAt(start) === SPACE) start++;
  if (start === SCHEME.length) return MALFORMED;
  const token = value.slice(start);
  // What no token is made of (a space, a comma, a tab) is malformed; what is merely too short or too long is unknown.
  const ref = refOf(token);
  if (ref !== undefined) return isForged(token, ref) ? UNKNOWN_TOKEN : ref;
  return isToken68(token) ? UNKNOWN_TOKEN : MALFORMED;
}

const NEVER = (): boolean => false;

/** Scheme names ignore case (RFC 9110 §11.1). A scheme that merely starts with "Bearer" is another one. */
function hasBearerScheme(value: string): boolean {
  if (value.length > SCHEME.length && value.charCodeAt(SCHEME.length) > SPACE) return false;
  return value.slice(0, SCHEME.length).toLowerCase() === SCHEME;
}

/** `b64token` of RFC 6750 §2.1: letters, digits, `-._~+/`, then any number of `=`. */
function isToken68(text: string): boolean {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 0x3d) end--;
  if (end === 0) return false;
  for (let at = 0; at < end; at++) {
    const code = text.charCodeAt(at);
    const isLetter = (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a;
    // "-", ".", "/" and the digits stand side by side; "+", "_" and "~" do not.
    const isOther = (code >= 0x2d && code <= 0x39) || code === 0x2b || code === 0x5f || code === 0x7e;
    if (!isLetter && !isOther) return false;
  }
  return true;
}

function namesTokenInQuery(query: string): boolean {
  const scan = new ParameterScan(TOKEN_PARAMETER);
  for (let at = 1; at < query.length; at++) {
    if (scan.next(query.charCodeAt(at))) return true;
  }
  return scan.end();
}

function invalid(description: string): Failure {
  return { code: 'invalid_request', description };
}
