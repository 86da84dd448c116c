import type { Failure } from '../model/failure.ts';
import type { HeaderKinds } from './header_kinds.ts';
import { type Host, readHost } from './host.ts';
import type { BodyFraming } from './upstream/exchange.ts';
import type { HeaderLines } from './upstream/outgoing_head.ts';

/** What a connection's calls are forwarded with, as long as they are for one host and no proxy has said anything else. */
export interface ForwardedNote {
  readonly authority: string;
  readonly lines: HeaderLines;
}

/** A request head as any way in can tell it: neither node:http nor a framework in sight. */
export interface RequestHead {
  /** Upper case. */
  readonly method: string;
  /** The request target as sent. */
  readonly target: string;
  /** `1.0` or `1.1`; `2.0` only if it came as a stream. */
  readonly httpVersion: string;
  /** Of a request that came as an HTTP/2 stream: whether a body follows. The stream says where it ends. */
  readonly streamHasBody?: boolean | undefined;
  /** Names and values in turn, as sent, repetitions included. */
  readonly rawHeaders: readonly string[];
  /** The address of the other end of the connection; absent if it is gone, or no IP connection. */
  readonly remoteAddress?: string | undefined;
  /** Whether the connection is TLS. */
  readonly secure: boolean;
  /** Of heads that are read into again and again: a note of `forwarded.ts`. */
  forwarded?: ForwardedNote | undefined;
}

/** On a request that our own listener read from an HTTP/2 stream: whether a body follows its head. */
export const HAS_BODY: unique symbol = Symbol('whether a body follows');

/** What the header list says, once it is certain that it can be read in one way only. */
export interface HeadFacts {
  readonly host: Host;
  readonly authorization: string | undefined;
  readonly repeatedAuthorization: boolean;
  /** The names that `Connection` gives away, lower case; undefined if none but `close` and `keep-alive`. */
  readonly connectionNames: ReadonlySet<string> | undefined;
  /** Of a stream without a length: as if in chunks. */
  readonly body: BodyFraming;
  /** What `Content-Length` says; 0 if there is none. */
  readonly bodyLength: number;
  /** Whether the body is a form, in which RFC 6750 §2.2 would allow a token. */
  readonly isForm: boolean;
  readonly expectsContinue: boolean;
  readonly requestId: string | undefined;
  /** Where the page is from that calls; undefined if nothing says so, or more than one header does. */
  readonly origin: string | undefined;
  /** The method that a browser asks about before it calls. */
  readonly requestedMethod: string | undefined;
}

/** The most header lines that are read. */
export const MAX_HEADERS = 100;

const FORM = 'application/x-www-form-urlencoded';

/** Removing these would change where the request goes or where it ends, so nobody may ask for it. */
const NEVER_CONNECTION_NAMES = ['host', 'content-length', 'transfer-encoding'];

/**
 * Reads the header list strictly: one Host, one way to find the end of the body. The HTTP parser in front refuses most of what is
 * refused here; nothing relies on that.
 */
export function readHead(head: RequestHead, kindOf: HeaderKinds): HeadFacts | Failure {
  // Node's parser lets 0.9 and 2.0 pass, whose framing is another; a stream has been framed by HTTP/2 itself.
  const isStream = head.httpVersion === '2.0' && head.streamHasBody !== undefined;
  if (head.httpVersion !== '1.1' && head.httpVersion !== '1.0' && !isStream)
    return ambiguous('Only HTTP/1.1 and HTTP/1.0 are read here.');
  const headers = head.rawHeaders;
  if (headers.length > MAX_HEADERS * 2) {
    return { code: 'headers_too_large', description: `The request has more than ${MAX_HEADERS} headers.`, close: true };
  }
  let host: string | undefined;
  let authorization: string | undefined;
  let repeatedAuthorization = false;
  let connection: string | undefined;
  let length: string | undefined;
  let coding: string | undefined;
  let isForm = false;
  let expectsContinue = false;
  let requestId: string | undefined;
  let origin: string | undefined;
  let repeatedOrigin = false;
  let requestedMethod: string | undefined;

  for (let at = 0; at + 1 < headers.length; at += 2) {
    const value = headers[at + 1] ?? '';
    switch (kindOf(headers[at] ?? '')) {
      case 'host':
        if (host !== undefined) return ambiguous('The request has more than one Host header.');
        host = value;
        break;
      case 'authorization':
        if (authorization !== undefined) repeatedAuthorization = true;
        authorization = value;
        break;
      case 'connection':
        connection = connection === undefined ? value : `${connection},${value}`;
        break;
      case 'content-length':
        if (length !== undefined) return ambiguous('The request has more than one Content-Length header.');
        length = value;
        break;
      case 'transfer-encoding':
        if (coding !== undefined) return ambiguous('The request has more than one Transfer-Encoding header.');
        coding = value;
        break;
      case 'content-type':
        if (isFormType(value)) isForm = true;
        break;
      case 'expect':
        // HTTP/1.0 knows no interim answers and would take one for the answer (RFC 9110 §10.1.1).
        if (value.toLowerCase() === '100-continue' && head.httpVersion !== '1.0') expectsContinue = true;
        break;
      case 'request-id':
        requestId = value;
        break;
      case 'origin':
        if (origin !== undefined) repeatedOrigin = true;
        origin = value;
        break;
      case 'requested-method':
        requestedMethod = value;
        break;
    }
  }

  const where = host === undefined ? undefined : readHost(host);
  if (where === undefined)
    return ambiguous('The request needs exactly one Host header of the form "name" or "name:port".');
  // RFC 9113 §8.2.2: they mean one HTTP/1.1 connection, and one of them frames.
  if (isStream && (connection !== undefined || coding !== undefined))
    return ambiguous('An HTTP/2 request has no Connection and no Transfer-Encoding header.');
  if (isStream && head.streamHasBody === false && length !== undefined && Number(length) !== 0)
    return ambiguous('The Content-Length header announces a body that the stream does not have.');
  const framing = problemOfFraming(head.httpVersion, length, coding);
  if (framing !== undefined) return ambiguous(framing);
  const connectionNames = connection === undefined ? undefined : namesIn(connection);
  if (connectionNames && NEVER_CONNECTION_NAMES.some((name) => connectionNames.has(name))) {
    return ambiguous(
      'The Connection header names Host, Content-Length or Transfer-Encoding, which must not be removed.',
    );
  }
  const bodyLength = length === undefined ? 0 : Number(length);
  const unmeasured = length === undefined && (coding !== undefined || head.streamHasBody === true);
  return {
    host: where,
    authorization,
    repeatedAuthorization,
    connectionNames,
    body: bodyLength > 0 ? 'length' : unmeasured ? 'chunked' : 'none',
    bodyLength,
    isForm,
    expectsContinue,
    requestId,
    origin: repeatedOrigin ? undefined : origin,
    requestedMethod,
  };
}

/** RFC 9112 §6: a body ends by one length or by chunks, never by both, and HTTP/1.0 knows no chunks. */
function problemOfFraming(version: string, length: string | undefined, coding: string | undefined): string | undefined {
  // With a zero in front it is another number to who takes that for octal.
  if (length !== undefined && !/^(?:0|[1-9]\d{0,14})$/.test(length))
    return 'The Content-Length header is not one decimal number without zeros in front.';
  if (coding === undefined) return undefined;
  if (length !== undefined) return 'The request has both Content-Length and Transfer-Encoding.';
  if (version === '1.0') return 'An HTTP/1.0 request cannot have a Transfer-Encoding.';
  if (coding.toLowerCase() !== 'chunked') return 'The only Transfer-Encoding that is understood is "chunked".';
  return undefined;
}

/** Names in `Connection` beyond the two that say nothing about other headers (RFC 9110 §7.6.1). */
function namesIn(connection: string): ReadonlySet<string> | undefined {
  const plain = connection.toLowerCase();
  if (plain === 'keep-alive' || plain === 'close') return undefined;
  const names = new Set(plain.split(',').map((name) => name.trim()));
  names.delete('keep-alive');
  names.delete('close');
  names.delete('');
  return names.size > 0 ? names : undefined;
}

function isFormType(value: string): boolean {
  if (value.length < FORM.length) return false;
  const end = value.indexOf(';');
  const type = end < 0 ? value : value.slice(0, end);
  return type.trim().toLowerCase() === FORM;
}

function ambiguous(description: string): Failure {
  return { code: 'ambiguous_request', description, close: true };
}
