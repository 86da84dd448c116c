/** The words of the fast lane's answers: byte for byte what node:http writes for the full lane, apart from the order of the headers. */
import { Buffer } from 'node:buffer';
import { STATUS_CODES } from 'node:http';
import type { DecisionFacts, Reply } from './decide.ts';

/** Seconds for which a connection that was kept alive may be idle. */
export const KEEP_ALIVE = 65;

const KEPT_ALIVE = `Connection: keep-alive\r\nKeep-Alive: timeout=${KEEP_ALIVE}\r\n`;
const CLOSED = 'Connection: close\r\n';
const CHUNKED = 'Transfer-Encoding: chunked\r\n';

/** The end of a chunked body. */
export const LAST_CHUNK = '0\r\n\r\n';

/**
 * Writes the head of an answer.
 * @param headers names and values in turn, without `Connection` and `Transfer-Encoding`.
 * @returns text whose characters are its bytes (latin1).
 */
export function answerHead(status: number, headers: readonly string[], close: boolean, chunked: boolean): string {
  let text = statusLine(status);
  let dated = false;
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at] ?? '';
    if (name.length === 4 && name.toLowerCase() === 'date') dated = true;
    text += `${name}: ${headers[at + 1]}\r\n`;
  }
  if (!dated) text += dateLine();
  text += close ? CLOSED : KEPT_ALIVE;
  return chunked ? `${text}${CHUNKED}\r\n` : `${text}\r\n`;
}

/** Writes a whole answer of the gateway's own. @param withBody false for HEAD, whose answer only says how long it would be. */
export function ownAnswer(
  { response }: Reply,
  facts: DecisionFacts | undefined,
  close: boolean,
  withBody: boolean,
): Buffer {
  const headers: string[] = [];
  for (const [name, value] of response.headers) {
    // Cut down to one byte, another character could become a line end.
    if (!LATIN1.test(value)) throw new TypeError(`the header ${name} of an answer cannot be written`);
    headers.push(name, value);
  }
  headers.push('X-Request-Id', facts?.requestId ?? '', 'Content-Length', String(Buffer.byteLength(response.body)));
  // Also on refusals: a page may read why.
  if (facts?.cors !== undefined) headers.push(...facts.cors);
  const head = Buffer.from(answerHead(response.status, headers, close, false), 'latin1');
  return withBody ? Buffer.concat([head, Buffer.from(response.body)]) : head;
}

const LATIN1 = /^[\t\x20-\x7e\x80-\xff]*$/;

const statusLines: string[] = [];

function statusLine(status: number): string {
  let line = statusLines[status];
  if (line === undefined) {
    line = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'unknown'}\r\n`;
    statusLines[status] = line;
  }
  return line;
}

let second = 0;
let date = '';

function dateLine(): string {
  const now = Math.floor(Date.now() / 1000);
  if (now !== second) {
    second = now;
    date = `Date: ${new Date(now * 1000).toUTCString()}\r\n`;
  }
  return date;
}
