import { Buffer } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { DecisionFacts, Reply } from './decide.ts';
import { LINGER_BYTES, LINGER_TIME, READ_TO_END } from './unread_body.ts';

/** Connections that end with an answer that is decided, though it may not be sent yet. */
const ending = new WeakSet<Socket>();

/**
 * Makes this request the last one of its connection. What stands behind it may be the rest of it, read in another way, so it must
 * not be taken for a request; HTTP itself would hand it on while the answer is on its way. To be called before anything is awaited.
 */
export function takeNoMore(request: IncomingMessage): void {
  ending.add(request.socket);
}

/** Whether a request came behind the last one of its connection: it is neither done nor answered (RFC 9112 §9.6). */
export function isTooLate(request: IncomingMessage): boolean {
  return ending.has(request.socket);
}

/** Answers a request itself. A body that is still coming is not waited for: the connection closes behind the answer. */
export function answerRefusal(
  request: IncomingMessage,
  response: ServerResponse,
  reply: Reply,
  facts: DecisionFacts | undefined,
): void {
  const { status, headers: pairs, body } = reply.response;
  const close = reply.close || !endsSoon(request);
  if (close) takeNoMore(request);
  const headers: string[] = [];
  for (const [name, value] of pairs) headers.push(name, value);
  // HTTP itself answers no body on these, and so says no length of one.
  headers.push('X-Request-Id', facts?.requestId ?? '', 'Content-Length', String(Buffer.byteLength(body)));
  // Also on refusals: a page may read why.
  if (facts?.cors !== undefined) headers.push(...facts.cors);
  if (close) headers.push('Connection', 'close');
  response.writeHead(status, headers);
  if (request.method !== 'HEAD') response.write(body);
  finish(request, response);
}

/**
 * Ends an answer that is completely written. If the request's body is still coming, some of it is read and thrown away first:
 * closing a socket with unread bytes makes the system reset it, and the answer would be lost on its way.
 */
export function finish(request: IncomingMessage, response: ServerResponse): void {
  if (request.complete || endsSoon(request) || response.destroyed) {
    response.end();
    return;
  }
  let left = LINGER_BYTES;
  const stop = () => {
    clearTimeout(timer);
    request.off('data', take).off('end', stop).off('close', stop).pause();
    response.end();
  };
  const take = (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) stop();
  };
  const timer = setTimeout(stop, LINGER_TIME);
  request.on('data', take).on('end', stop).on('close', stop).resume();
}

/** Cuts an answer of which the head is out and the rest will never come: only a broken connection says so. */
export function cutOff(request: IncomingMessage, response: ServerResponse): void {
  const { socket } = response;
  // Without a length or chunks, a plain close would be the end of a complete body.
  if (socket !== null && !('encrypted' in socket) && request.httpVersion === '1.0') socket.resetAndDestroy();
  else breakOff(response);
}

/** Closes the connection. Behind another answer it breaks in its turn; destroyed before, it would be waited for, for ever. */
export function breakOff(response: ServerResponse): void {
  if (response.socket === null && !response.destroyed) response.once('socket', (socket) => socket.destroy());
  else response.destroy();
}

/**
 * Whether no body is announced, or a short one that the caller sends without waiting for a word from us. An HTTP/2 stream can be
 * ended at any time, and nothing of it is taken for anything else.
 */
export function endsSoon(request: IncomingMessage): boolean {
  if (request.httpVersionMajor === 2) return true;
  const { 'transfer-encoding': coding, 'content-length': length, expect } = request.headers;
  return coding === undefined && expect === undefined && Number(length ?? 0) <= READ_TO_END;
}
