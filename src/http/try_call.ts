import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '../model/clock.ts';
import { DependencyUnavailable } from '../model/failure.ts';
import { type Milliseconds, milliseconds } from '../model/units.ts';

/** A call that an operator wants to see made. */
export interface Trial {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  /** The value of Host; where the listener is if absent. */
  readonly host?: string | undefined;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body?: string | undefined;
}

export interface TrialAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The beginning of it. */
  readonly body: Uint8Array;
  readonly truncated: boolean;
  /** Until the last byte, or until enough was read. */
  readonly duration: Milliseconds;
}

/** Bytes of an answer that are read; the rest is not waited for. */
const ENOUGH = 65_536;
const TIMEOUT = milliseconds(30_000);

/** These say where a message ends and what becomes of the connection, which is ours; Host is given apart. */
const OURS = ['host', 'connection', 'content-length', 'transfer-encoding', 'upgrade', 'expect', 'te', 'trailer'];

/**
 * Makes calls through the main listener, as anybody on this machine could.
 * @param url where it can be reached (`unix:` and the path for a socket); undefined while it does not listen.
 * @throws DependencyUnavailable if there is no answer within 30 s.
 */
export function createTryCall({ url, clock }: { readonly url: () => string | undefined; readonly clock: Clock }) {
  return async (trial: Trial): Promise<TrialAnswer> => {
    const where = url();
    if (where === undefined || where === '')
      throw new DependencyUnavailable('the main listener', 'it does not listen yet');
    const began = clock.monotonic();
    const answer = await asked(where, trial).catch((error: unknown) => {
      throw new DependencyUnavailable('the main listener', error instanceof Error ? error.name : 'no answer');
    });
    const { body, truncated } = await beginningOf(answer);
    const pairs = answer.rawHeaders;
    return {
      status: answer.statusCode ?? 0,
      headers: pairs.flatMap((name, at) => (at % 2 === 0 ? [[name, pairs[at + 1] ?? ''] as const] : [])),
      body,
      truncated,
      duration: milliseconds(clock.monotonic() - began),
    };
  };
}

function asked(where: string, { method, target, host, headers, body }: Trial): Promise<IncomingMessage> {
  const { secure, authority, ...place } = placeOf(where);
  const lines = headers.filter(([line]) => !OURS.includes(line.toLowerCase())).flat();
  const bytes = body === undefined ? undefined : Buffer.from(body);
  const name = (host ?? authority).replace(/:\d+$/, '');
  const options: RequestOptions & { readonly servername?: string } = {
    ...place,
    method,
    path: target,
    agent: false,
    signal: AbortSignal.timeout(TIMEOUT),
    // Line by line: a header that stands there twice, in whatever case, is one that the gateway is to see twice.
    headers: [
      ...['Host', host ?? authority],
      ...lines,
      ...['Connection', 'close'],
      ...(bytes ? ['Content-Length', String(bytes.length)] : []),
    ],
    // It is this machine that is asked, whatever name its certificate is for.
    ...(secure && { rejectUnauthorized: false, ...(isIP(name) === 0 && { servername: name }) }),
  };
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const request = (secure ? httpsRequest : httpRequest)(options, resolve);
  // For an answer after which the connection is no HTTP any more (to a CONNECT it always is) Node has an event of its own.
  const answeredOtherwise = (answer: IncomingMessage, socket: Duplex): void => {
    socket.destroy();
    resolve(answer);
  };
  request.once('connect', answeredOtherwise).once('upgrade', answeredOtherwise);
  request.once('error', reject);
  request.once('close', () => reject(new Error('closed')));
  request.end(bytes);
  return promise;
}

/** Everywhere is also here. */
const HERE: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '[::]': '[::1]' };

function placeOf(where: string) {
  if (where.startsWith('unix:'))
    return { secure: false, authority: 'localhost', socketPath: where.slice('unix:'.length) };
  const { protocol, hostname, port, host } = new URL(where);
  const secure = protocol === 'https:';
  const address = (HERE[hostname] ?? hostname).replace(/^\[|\]$/g, '');
  return { secure, authority: host, host: address, port: port === '' ? (secure ? 443 : 80) : Number(port) };
}

async function beginningOf(answer: IncomingMessage): Promise<Pick<TrialAnswer, 'body' | 'truncated'>> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of answer) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > ENOUGH) break;
    }
  } catch {
    // It broke off: what there is of it is shown.
    return { body: Buffer.concat(chunks).subarray(0, ENOUGH), truncated: true };
  }
  return { body: Buffer.concat(chunks).subarray(0, ENOUGH), truncated: length > ENOUGH };
}
