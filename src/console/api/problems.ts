import { AdminProblem, type FieldProblem, type ProblemType } from '../../admin/problem.ts';
import { failureOf, type Trouble } from '../../http/failure_of.ts';
import { BodyTimeout } from '../../http/request_body.ts';
import { type ErrorCode, ProtocolError } from '../../model/failure.ts';
import type { Seconds } from '../../model/units.ts';
import type { Pair } from '../../model/wire.ts';

/** Everything that the API answers instead (RFC 9457): what operations say, and what stands between HTTP and them. */
export type ApiProblemType =
  | ProblemType
  | 'malformed'
  | 'unauthenticated'
  | 'method_not_allowed'
  | 'timeout'
  | 'under_way'
  | 'payload_too_large'
  | 'uri_too_long'
  | 'unsupported_media_type'
  | 'misdirected'
  | 'key_reused'
  | 'too_many_attempts'
  | 'headers_too_large'
  | 'unexpected'
  | 'unavailable';

interface ProblemFacts {
  readonly status: number;
  readonly title: string;
  /** For the page that the type leads to. */
  readonly explains: string;
  /** For the log and the metrics. */
  readonly code: ErrorCode;
}

export const PROBLEMS: Readonly<Record<ApiProblemType, ProblemFacts>> = {
  malformed: {
    status: 400,
    title: 'The request cannot be read',
    explains: 'The head, the path or the body is not what HTTP or JSON say, or could be read in two ways.',
    code: 'invalid_request',
  },
  unauthenticated: {
    status: 401,
    title: 'Say who you are',
    explains:
      'Send the username and the password of a user with the role admin or auditor (HTTP Basic), or an access token of one (Bearer).',
    code: 'invalid_credentials',
  },
  forbidden: {
    status: 403,
    title: 'You may not do this',
    explains: 'The role of the user, the scopes of the token or the page that the request came from do not allow it.',
    code: 'access_denied',
  },
  not_found: {
    status: 404,
    title: 'There is no such thing',
    explains: 'Nothing is at this path, or what the id names does not exist.',
    code: 'not_found',
  },
  method_not_allowed: {
    status: 405,
    title: 'Another method is needed',
    explains: 'The header Allow says which methods this path takes.',
    code: 'method_not_allowed',
  },
  timeout: {
    status: 408,
    title: 'The request took too long',
    explains: 'The head or the body did not arrive in time.',
    code: 'invalid_request',
  },
  conflict: {
    status: 409,
    title: 'It is taken, or was changed meanwhile',
    explains: 'Another thing has this id or name, or somebody else changed it since it was read: read it again.',
    code: 'invalid_request',
  },
  configured: {
    status: 409,
    title: 'It stands in the configuration file',
    explains: 'What the configuration file says can be changed there only; a reload takes it.',
    code: 'invalid_request',
  },
  under_way: {
    status: 409,
    title: 'A request with this idempotency key is under way',
    explains:
      'Ask again in a moment. If the first request was broken off, by a crash for example, the key is free a minute later: the same request is then done anew, so look first whether it was done.',
    code: 'invalid_request',
  },
  payload_too_large: {
    status: 413,
    title: 'The body is too long',
    explains: 'A body may have 1 MiB.',
    code: 'payload_too_large',
  },
  uri_too_long: {
    status: 414,
    title: 'The request target is too long',
    explains: 'Path and query together may have 8192 bytes.',
    code: 'uri_too_long',
  },
  unsupported_media_type: {
    status: 415,
    title: 'The body must be JSON',
    explains: 'Send it as application/json, in UTF-8, without Content-Encoding.',
    code: 'unsupported_media_type',
  },
  misdirected: {
    status: 421,
    title: 'This is not the name of the admin listener',
    explains:
      'It answers under IP addresses, localhost and the name of admin.public_url alone: a page of somebody else could give itself an address of yours.',
    code: 'invalid_request',
  },
  invalid: {
    status: 422,
    title: 'The input is not right',
    explains: 'The members of errors say which fields, and what would be right.',
    code: 'invalid_request',
  },
  key_reused: {
    status: 422,
    title: 'The idempotency key stands for another request',
    explains: 'A key belongs to one request, with its method, path and body. Use a new one for each.',
    code: 'invalid_request',
  },
  too_many_attempts: {
    status: 429,
    title: 'Too many failed attempts',
    explains: 'Passwords of this user, or from this address, were wrong too often. Retry-After says how long to wait.',
    code: 'too_many_attempts',
  },
  headers_too_large: {
    status: 431,
    title: 'The head of the request is too long',
    explains: 'It may have 16 KiB and 100 headers.',
    code: 'headers_too_large',
  },
  unexpected: {
    status: 500,
    title: 'Something unexpected happened',
    explains: 'The log has more about it, under the id of the request.',
    code: 'server_error',
  },
  unavailable: {
    status: 503,
    title: 'A server that is needed does not answer',
    explains: 'The store or a directory is away. Whether the request was done cannot be told; try it again.',
    code: 'temporarily_unavailable',
  },
  not_here: {
    status: 503,
    title: 'This process cannot tell',
    explains: 'No gateway runs in it: ask the admin listener of one that runs.',
    code: 'temporarily_unavailable',
  },
};

/** Thrown by the steps before an operation. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly type: ApiProblemType;
  readonly more: ProblemExtras;

  constructor(type: ApiProblemType, detail: string, more: ProblemExtras = {}) {
    super(detail);
    this.type = type;
    this.more = more;
  }
}

interface ProblemExtras {
  readonly fields?: readonly FieldProblem[] | undefined;
  readonly headers?: readonly Pair[] | undefined;
  readonly retryAfter?: Seconds | number | undefined;
  /** The connection cannot be trusted to be in step any more. */
  readonly close?: boolean | undefined;
}

/** What is answered, and what the log says of it. */
export interface ToldProblem extends ProblemExtras {
  readonly type: ApiProblemType;
  readonly detail: string;
}

const OF_CODE: Partial<Record<ErrorCode, ApiProblemType>> = {
  invalid_request: 'malformed',
  ambiguous_request: 'malformed',
  access_denied: 'forbidden',
  too_many_attempts: 'too_many_attempts',
  not_found: 'not_found',
  method_not_allowed: 'method_not_allowed',
  unsupported_media_type: 'unsupported_media_type',
  request_timeout: 'timeout',
  payload_too_large: 'payload_too_large',
  uri_too_long: 'uri_too_long',
  headers_too_large: 'headers_too_large',
  temporarily_unavailable: 'unavailable',
};

export const problemOfCode = (code: ErrorCode): ApiProblemType => OF_CODE[code] ?? 'unexpected';

/** The problem that whatever was thrown is; what is not meant for callers becomes a generic text, and a line in the log. */
export function problemOf(error: unknown, requestId: string, trouble: Trouble): ToldProblem {
  if (error instanceof ApiProblem) return { type: error.type, detail: error.message, ...error.more };
  if (error instanceof AdminProblem) return { type: error.type, detail: error.message, fields: error.fields };
  const { code, description: detail, headers, retryAfter, close } = failureOf(error, requestId, trouble);
  const type = error instanceof BodyTimeout ? 'timeout' : problemOfCode(code);
  // A refusal that nobody foresaw here is one that the caller has made, not the server.
  const known = type === 'unexpected' && error instanceof ProtocolError ? 'malformed' : type;
  return { type: known, detail, headers, retryAfter, close };
}

export const PROBLEM_JSON = 'application/problem+json';

/** The type of a problem is the path of a page that explains it. */
export const problemPath = (type: ApiProblemType): string => `/problems/${type}`;

export function problemJson({ type, detail, fields }: ToldProblem, requestId: string): string {
  const { status, title } = PROBLEMS[type];
  return JSON.stringify({
    type: problemPath(type),
    title,
    status,
    detail,
    // As X-Request-Id has it: the log knows the request by it.
    instance: encodeURIComponent(requestId),
    ...(fields && fields.length > 0 && { errors: fields.map(({ path, message }) => ({ path, message })) }),
  });
}

/** The headers of a problem besides its content type. */
export const problemHeaders = ({ headers = [], retryAfter, type }: ToldProblem): readonly Pair[] => {
  const wait = retryAfter ?? (PROBLEMS[type].status === 503 ? 1 : undefined);
  return wait === undefined ? headers : [...headers, ['Retry-After', String(wait)]];
};
