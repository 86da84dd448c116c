/** How the body of a request to one of our own endpoints becomes parameters, or a JSON value. Proxied bodies never come here: they stream. */
import { Buffer } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { endsSoon } from '../gateway/answer.ts';
import { ProtocolError } from '../model/failure.ts';
import type { Milliseconds } from '../model/units.ts';
import type { Pair } from '../model/wire.ts';
import { formPairs } from './form_pairs.ts';
import { jsonPairs } from './json_pairs.ts';
import { jsonValue } from './json_value.ts';

const FORM = 'application/x-www-form-urlencoded';
const JSON_TYPE = 'application/json';
export type Accepts = 'form' | 'form or json';
type MediaType = typeof FORM | typeof JSON_TYPE;
const TYPES: Readonly<Record<Accepts, readonly MediaType[]>> = { form: [FORM], 'form or json': [FORM, JSON_TYPE] };

/** Bytes. The longest body that any endpoint of a dialect could need is a fraction of this. */
const LIMIT = 65_536;
/** Bytes that are held for a body that comes in pieces, until it turns out to be longer. */
const FIRST_PIECE = 1_024;

interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
}

/** Thrown for a body that does not arrive in time; the edge answers 408. */
export class BodyTimeout extends ProtocolError {
  constructor() {
    super('invalid_request', 'The request body did not arrive in time.', { close: true });
  }
}

/**
 * Reads the whole body as parameters.
 * @param accepts the media types that the endpoint understands.
 * @param deadline for the whole body to arrive.
 * @throws ProtocolError `unsupported_media_type`, `payload_too_large` or `invalid_request`, saying what would be right.
 */
export async function readBody(exchange: Exchange, accepts: Accepts, deadline: Milliseconds): Promise<readonly Pair[]> {
  const type = mediaType(exchange.req, TYPES[accepts]);
  if (type === undefined) return [];
  const text = await textOf(exchange, LIMIT, deadline);
  return type === JSON_TYPE ? jsonPairs(text) : formPairs(text);
}

/**
 * Refuses a body that is no JSON, before anything else is done: of what a form of another site can send, nothing is.
 * @throws ProtocolError `unsupported_media_type`.
 */
export function requireJson(request: IncomingMessage): void {
  mediaType(request, [JSON_TYPE]);
}

/**
 * Reads the whole body as one JSON value.
 * @param limit in bytes. @param deadline for the whole body to arrive.
 * @returns undefined if there is no body. @throws ProtocolError as `readBody`.
 */
export async function readJson(exchange: Exchange, limit: number, deadline: Milliseconds): Promise<unknown> {
  if (mediaType(exchange.req, [JSON_TYPE]) === undefined) return undefined;
  return jsonValue(await textOf(exchange, limit, deadline));
}

/** Asks for the body if it waits to be asked for, and reads it. */
async function textOf({ req, res }: Exchange, limit: number, deadline: Milliseconds): Promise<string> {
  if (announced(req) > limit) throw tooLarge(limit);
  // HTTP/1.0 would take it for the answer (RFC 9110 §10.1.1).
  if (req.headers.expect !== undefined && req.httpVersion !== '1.0') res.writeContinue();
  const text = await wholeBody(req, limit, deadline);
  // What the decoder puts for bytes that are not UTF-8. Sent on purpose it would be no sensible name or password either.
  if (text.includes('\ufffd')) throw new ProtocolError('invalid_request', 'The body is not UTF-8.');
  return text;
}

/** The one of the types that the request names, if it names any; strict, because a guess is a way around a check. */
function mediaType(request: IncomingMessage, accepts: readonly MediaType[]): MediaType | undefined {
  const {
    'content-encoding': coding,
    'content-type': value,
    'content-length': length,
    'transfer-encoding': chunked,
  } = request.headers;
  if (coding !== undefined && coding.toLowerCase() !== 'identity') {
    throw new ProtocolError('unsupported_media_type', 'Send the body as it is, without Content-Encoding.', {
      close: true,
    });
  }
  if (value === undefined) {
    if (Number(length ?? 0) === 0 && chunked === undefined) return undefined;
    throw wrongType(accepts);
  }
  const [, type = '', charset = 'utf-8'] = /^\s*([^\s;]+)\s*(?:;\s*charset="?([\w-]+)"?\s*)?;?\s*$/i.exec(value) ?? [];
  const known = accepts.find((each) => each === type.toLowerCase());
  if (known === undefined || charset.toLowerCase() !== 'utf-8') throw wrongType(accepts);
  return known;
}

function wrongType(accepts: readonly MediaType[]): ProtocolError {
  return new ProtocolError('unsupported_media_type', `Send the body as ${accepts.join(' or ')}, in UTF-8.`);
}

/** Reads to the end of the body, and leaves what is behind the limit or the deadline unread. */
async function wholeBody(request: IncomingMessage, limit: number, deadline: Milliseconds): Promise<string> {
  // A body that came with its head is here once the parser has given it out: then there is nothing to wait for.
  await undefined;
  const { complete, readableLength: length, readableFlowing } = request;
  const isHere = complete || (length > 0 && length === announced(request) && endsSoon(request));
  if (!isHere || readableFlowing !== null || length > limit) return arriving(request, limit, deadline);
  const body: unknown = request.read();
  // To its end, which the parser may tell after this: until then a connection that idles would remember its request.
  request.resume();
  return body instanceof Buffer ? body.toString() : '';
}

const announced = ({ headers }: IncomingMessage): number => Number(headers['content-length'] ?? 0);

function arriving(request: IncomingMessage, limit: number, deadline: Milliseconds): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  // One piece of memory that grows: chunks of one byte, each an object, would take a hundred times as much as they hold.
  let bytes = Buffer.allocUnsafe(FIRST_PIECE);
  let length = 0;
  const stop = (): void => {
    clearTimeout(timer);
    request.off('data', take).off('end', end).off('error', broken).off('close', broken);
  };
  const fail = (failure: ProtocolError): void => {
    stop();
    request.pause();
    reject(failure);
  };
  const take = (chunk: Buffer): void => {
    const end = length + chunk.length;
    if (end > limit) {
      fail(tooLarge(limit));
      return;
    }
    if (end > bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(end, 2 * bytes.length));
      bytes.copy(larger, 0, 0, length);
      bytes = larger;
    }
    chunk.copy(bytes, length);
    length = end;
  };
  const end = (): void => {
    stop();
    resolve(bytes.toString('utf8', 0, length));
  };
  const broken = (error?: Error): void =>
    fail(new ProtocolError('invalid_request', 'The request body broke off.', { close: true }, error));
  const timer = setTimeout(() => fail(new BodyTimeout()), deadline);
  if (request.destroyed && !request.complete) broken();
  else request.on('data', take).on('end', end).on('error', broken).on('close', broken);
  return promise;
}

const tooLarge = (limit: number) =>
  new ProtocolError('payload_too_large', `The body must not be longer than ${limit} bytes.`, { close: true });
