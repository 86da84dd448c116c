/** How the body of a request to one of our own endpoints becomes parameters. Proxied bodies never come here: they stream. */
import { bodyParser } from '@koa/bodyparser';
import type { Context, Next } from 'koa';
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
/** Reads text only: how it is split into parameters is decided here, where repetitions are kept. */
const readText = bodyParser({
  enableTypes: ['text'],
  extendTypes: { text: [FORM, JSON_TYPE] },
  textLimit: `${LIMIT}b`,
});

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
export async function readBody(ctx: Context, accepts: Accepts, deadline: Milliseconds): Promise<readonly Pair[]> {
  const type = mediaType(ctx, accepts);
  if (type === undefined) return [];
  // HTTP/1.0 would take it for the answer (RFC 9110 §10.1.1).
  if (ctx.req.headers.expect !== undefined && ctx.req.httpVersion !== '1.0') ctx.res.writeContinue();
  const text = await withDeadline(textOf(ctx), deadline);
  // What the decoder puts for bytes that are not UTF-8. Sent on purpose it would be no sensible name or password either.
  if (text.includes('\ufffd')) throw new ProtocolError('invalid_request', 'The body is not UTF-8.');
  return type === JSON_TYPE ? jsonPairs(text) : formPairs(text);
}

/** The one of our two types that the request names, if it names any; strict, because a guess is a way around a check. */
function mediaType(ctx: Context, accepts: Accepts): string | undefined {
  const {
    'content-encoding': coding,
    'content-type': value,
    'content-length': length,
    'transfer-encoding': chunked,
  } = ctx.req.headers;
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

async function textOf(ctx: Context): Promise<string> {
  const done: Next = async () => undefined;
  try {
    await readText(ctx, done);
  } catch (error) {
    throw readingFailed(error);
  }
  // Without a content type the parser reads nothing and leaves this unset.
  const raw: unknown = ctx.request.rawBody;
  return typeof raw === 'string' ? raw : '';
}

function readingFailed(error: unknown): ProtocolError {
  const type = error instanceof Error && 'type' in error ? error.type : undefined;
  if (type === 'entity.too.large') {
    return new ProtocolError('payload_too_large', `The body must not be longer than ${LIMIT} bytes.`, { close: true });
  }
  return new ProtocolError('invalid_request', 'The request body broke off.', { close: true }, error);
}

async function withDeadline<T>(reading: Promise<T>, deadline: Milliseconds): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new BodyTimeout()), deadline);
  });
  try {
    return await Promise.race([reading, late]);
  } finally {
    clearTimeout(timer);
    // After the deadline nobody waits for it any more; its end must not count as unhandled.
    reading.catch(() => undefined);
  }
}
