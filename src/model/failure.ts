import type { Seconds } from './units.ts';

/**
 * Everything that can go wrong in front of a caller: one closed list. A dialect maps each to its own words
 * (`Record<ErrorCode, WireError>`), so a code added here does not compile until every dialect has an answer for it.
 */
export type ErrorCode =
  // at the endpoints (RFC 6749 §4.1.2.1, §5.2)
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'invalid_refresh_token'
  | 'invalid_credentials'
  | 'invalid_verification_code'
  | 'invalid_scope'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'unsupported_response_type'
  | 'redirect_uri_mismatch'
  | 'access_denied'
  | 'too_many_attempts'
  | 'server_error'
  | 'temporarily_unavailable'
  // on proxied routes (RFC 6750 §3.1 and the table "Answers on proxied paths")
  | 'missing_token'
  | 'invalid_token'
  | 'insufficient_scope'
  | 'rate_limited'
  | 'upstream_unreachable'
  | 'upstream_timeout'
  // on both: the request itself cannot be read in one way only, or is too much
  | 'ambiguous_request'
  | 'not_found'
  | 'method_not_allowed'
  | 'unsupported_media_type'
  | 'request_timeout'
  | 'payload_too_large'
  | 'uri_too_long'
  | 'headers_too_large';

/** A failure as a value, for code where refusing is an ordinary answer (the gateway's decision). */
export interface Failure {
  readonly code: ErrorCode;
  /** For the caller: what was wrong and what would be right. Never a secret, never an internal. */
  readonly description: string;
  /** The scopes that would have been enough (RFC 6750 §3). */
  readonly scope?: readonly string[] | undefined;
  readonly retryAfter?: Seconds | undefined;
  /** How the one-time code that was wrong had been sent: older APIs word it differently. */
  readonly channel?: 'sms' | 'email' | undefined;
  /** Further response headers that belong to this failure, such as `RateLimit`. */
  readonly headers?: readonly (readonly [string, string])[] | undefined;
  /** The connection cannot be trusted to be in step any more: answer, then close it. */
  readonly close?: boolean | undefined;
}

/** A failure thrown through the protocol steps; the edge catches it in one place and lets the dialect word it. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  readonly failure: Failure;

  /** @param cause the private reason, for the log only. */
  constructor(code: ErrorCode, description: string, more: Omit<Failure, 'code' | 'description'> = {}, cause?: unknown) {
    super(`${code}: ${description}`, { cause });
    this.failure = { ...more, code, description };
  }
}

/** A server that Gatehouse depends on gave no usable answer in time. Callers get 503, never a refusal of their token. */
export class DependencyUnavailable extends Error {
  override readonly name = 'DependencyUnavailable';
  readonly dependency: string;

  /** @param reason a short text that must not carry keys, tokens or commands: it is logged. */
  constructor(dependency: string, reason: string) {
    super(`${dependency} is unavailable: ${reason}`);
    this.dependency = dependency;
  }
}

/** A stored record that does not read as what it should be: 503 for whoever presents it, and an alert in the log. */
export class CorruptRecord extends Error {
  override readonly name = 'CorruptRecord';
  /** @param kind which kind of record; never its key or content. */
  constructor(kind: string) {
    super(`a stored ${kind} record is corrupt`);
  }
}
