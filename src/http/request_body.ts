/** How the body of a request to one of our own endpoints becomes parameters. Proxied bodies never come here: they stream. */
import { Buffer } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ProtocolError } from '../model/failure.ts';
import type { Milliseconds } from '../model/units.ts';
import type { Pair } from '../model/wire.ts';
import { formPairs } from './form_pairs.ts';
import { jsonPairs } from './json_pairs.ts';

const FORM = 'application/x-www-form-urlencoded';
const JSON_TYPE = 'application/json';
export type Accepts = 'form' | 'form or json';

/** Bytes. The longest body that any endpoint could need is a fraction of this. */
const LIMIT = 65_536;

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
export async function readBody(
  { req: request, res: response }: { readonly req: IncomingMessage; readonly res: ServerResponse },
  accepts: Accepts,
  deadline: Milliseconds,
): Promise<readonly Pair[]> {
  const type = mediaType(request, accepts);
  if (type === undefined) return [];
  if (Number(request.headers['content-length'] ?? 0) > LIMIT) throw tooLarge();
  // HTTP/1.0 would take it for the answer (RFC 9110 §10.1.1).
  if (request.headers.expect !== undefined && request.httpVersion !== '1.0') response.writeContinue();
  const text = await textOf(request, deadline);
  // What the decoder puts for bytes that are not UTF-8. Sent on purpose it would be no sensible name or password either.
  if (text.includes('\ufffd')) throw new ProtocolError('invalid_request', 'The body is not UTF-8.');
  return type === JSON_TYPE ? jsonPairs(text) : formPairs(text);
}

/** The one of our two types that the request names, if it names any; strict, because a guess is a way around a check. */
function mediaType(request: IncomingMessage, accepts: Accepts): string | undefined {
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
  const known = type.toLowerCase();
  if (charset.toLowerCase() !== 'utf-8' || !(known === FORM || (known === JSON_TYPE && accepts === 'form or json'))) {
    throw wrongType(accepts);
  }
  return known;
}

function wrongType(accepts: Accepts): ProtocolError {
  const right = accepts === 'form' ? FORM : `${FORM} or ${JSON_TYPE}`;
  return new ProtocolError('unsupported_media_type', `Send the body as ${right}, in UTF-8.`);
}

/** Reads to the end of the body, and leaves what is behind the limit or the deadline unread. */
async function textOf(request: IncomingMessage, deadline: Milliseconds): Promise<string> {
  // A body that came with its head is here once the parser has returned: then there is nothing to wait for.
  await undefined;
  if (!request.complete || request.readableFlowing !== null || request.readableLength > LIMIT)
    return arriving(request, deadline);
  const body: unknown = request.read();
  return body instanceof Buffer ? body.toString() : '';
}

function arriving(request: IncomingMessage, deadline: Milliseconds): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const chunks: Buffer[] = [];
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
    length += chunk.length;
    if (length > LIMIT) fail(tooLarge());
    else chunks.push(chunk);
  };
  const end = (): void => {
    stop();
    const [first] = chunks;
    resolve((chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks)).toString());
  };
  const broken = (error?: Error): void =>
    fail(new ProtocolError('invalid_request', 'The request body broke off.', { close: true }, error));
  const timer = setTimeout(() => fail(new BodyTimeout()), deadline);
  if (request.destroyed && !request.complete) broken();
  else request.on('data', take).on('end', end).on('error', broken).on('close', broken);
  return promise;
}

const tooLarge = () =>
  new ProtocolError('payload_too_large', `The body must not be longer than ${LIMIT} bytes.`, { close: true });
