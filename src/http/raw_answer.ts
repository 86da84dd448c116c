import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { LINGER_TIME } from '../gateway/unread_body.ts';
import type { ErrorCode } from '../model/failure.ts';

/** The answers to what never became a request: there is no route, no dialect and no response object, only a socket. */

export interface RawAnswer {
  readonly status: number;
  /** For the log and the metrics. */
  readonly code: ErrorCode;
  /** The word on the wire: the standard's, for lack of a route that names another dialect. */
  readonly error: string;
  readonly description: string;
  /** Seconds until another try makes sense. */
  readonly retryAfter?: number;
}

const MALFORMED: RawAnswer = {
  status: 400,
  code: 'ambiguous_request',
  error: 'invalid_request',
  description: 'This is not an HTTP/1.1 request that can be read in one way only.',
};
const TOO_SLOW: RawAnswer = {
  status: 408,
  code: 'invalid_request',
  error: 'invalid_request',
  description: 'The request head did not arrive in time.',
};
const LONG_TARGET: RawAnswer = {
  status: 414,
  code: 'uri_too_long',
  error: 'uri_too_long',
  description: 'The request target is longer than 8192 bytes.',
};
export const LONG_HEAD: RawAnswer = {
  status: 431,
  code: 'headers_too_large',
  error: 'headers_too_large',
  description: 'The request head is longer than 16 KiB.',
};
export const NO_TUNNELS: RawAnswer = {
  status: 400,
  code: 'ambiguous_request',
  error: 'invalid_request',
  description: 'CONNECT is not supported: this is no forward proxy.',
};
export const TOO_MANY: RawAnswer = {
  status: 503,
  code: 'temporarily_unavailable',
  error: 'temporarily_unavailable',
  description: 'There are too many connections at the moment; try again.',
  retryAfter: 1,
};

/** What the parser says went wrong. `rawPacket`: the bytes that it choked on. */
export interface ParserError extends Error {
  readonly code?: string;
  readonly rawPacket?: Buffer;
}

export function answerFor({ code, rawPacket }: ParserError): RawAnswer {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return TOO_SLOW;
    case 'HPE_HEADER_OVERFLOW':
      return rawPacket && isRequestLine(rawPacket) ? LONG_TARGET : LONG_HEAD;
    default:
      return MALFORMED;
  }
}

/** Whether these bytes begin a request whose first line does not end within them. */
function isRequestLine(bytes: Buffer): boolean {
  return /^[A-Z]{3,20} \//.test(bytes.toString('latin1', 0, 32)) && !bytes.subarray(0, 16_384).includes(0x0a);
}

/** The body of such an answer in the words of a listener. */
export interface RawBody {
  readonly contentType: string;
  readonly body: string;
}
export type Wording = (answer: RawAnswer, requestId: string) => RawBody;

/** The standard's words (RFC 6749 §5.2). */
export const standardWording: Wording = ({ error, description }) => ({
  contentType: 'application/json',
  body: JSON.stringify({ error, error_description: description }),
});

/** Answers and closes. Nothing that the caller sent is repeated. */
export function writeRaw(
  socket: Duplex,
  answer: RawAnswer,
  requestId: string,
  wording: Wording = standardWording,
): void {
  const { status, retryAfter } = answer;
  const { contentType, body } = wording(answer, requestId);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `Content-Type: ${contentType}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    ...(retryAfter === undefined ? [] : [`Retry-After: ${retryAfter}`]),
    `X-Request-Id: ${requestId}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  const lingering = setTimeout(() => socket.destroy(), LINGER_TIME);
  socket.once('close', () => clearTimeout(lingering));
}
