import { Buffer } from 'node:buffer';
import type { Exchange } from '../model/exchange.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const ESCAPES: Readonly<Record<string, string>> = {
  ...{ '\b': '\\b', '\n': '\\n', '\r': '\\r', '\t': '\\t', '\v': '\\v' },
  ...{ '"': '\\"', '\\': '\\\\' },
};
/** Whatever is not printable ASCII, and what ends or escapes a quoted field. */
const UNSAFE = /[^\x20-\x21\x23-\x5b\x5d-\x7e]/gu;

/**
 * The line of a call in the combined log format of Apache (`%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"`), with its end. The
 * third field is the id of the user; the request and the referer are without their queries.
 * @param ended milliseconds since the epoch; the line says when the call began, in UTC.
 */
export function combinedLine(exchange: Exchange, ended: number): string {
  const { notes, user, method, path, status, bytesOut, duration } = exchange;
  const { address = '', httpVersion = '1.1', referer, userAgent } = notes?.caller ?? {};
  // Bytes that made no request have no method.
  const request = method === '' ? '-' : `${escaped(method)} ${escaped(path === '' ? '-' : path)} HTTP/${httpVersion}`;
  const size = bytesOut === undefined || bytesOut === 0 ? '-' : bytesOut;
  const time = timeOf(ended - duration);
  return `${address === '' ? '-' : address} - ${field(user)} [${time}] "${request}" ${status} ${size} ${quoted(referer === undefined ? undefined : refererIn(referer))} ${quoted(userAgent)}\n`;
}

/** As Apache does (`ap_escape_logitem`): of what callers send, nothing can end a field or a line. */
export function escaped(text: string): string {
  return text.replace(UNSAFE, (character) => ESCAPES[character] ?? bytesOf(character));
}

const bytesOf = (character: string): string =>
  [...Buffer.from(character)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');

/** A field without quotes ends at a space, which Apache leaves to chance. */
const field = (text: string | undefined): string =>
  text === undefined || text === '' ? '-' : escaped(text).replaceAll(' ', '\\x20');

/** Where somebody came from, without what may let somebody in: a code in the query, a token in the fragment, a name before the host. */
const refererIn = (referer: string): string => referer.replace(/[?#].*$/s, '').replace(/\/\/[^/]*@/, '//');

const quoted = (text: string | undefined): string => (text === undefined ? '"-"' : `"${escaped(text)}"`);

let lastSecond = Number.NaN;
let lastTime = '';
/** `21/Nov/2026:03:11:00 +0000`: many calls begin in one second. */
function timeOf(began: number): string {
  const second = Math.floor(began / 1000);
  if (second === lastSecond) return lastTime;
  const date = new Date(second * 1000);
  const two = (number: number) => String(number).padStart(2, '0');
  const day = `${two(date.getUTCDate())}/${MONTHS[date.getUTCMonth()]}/${date.getUTCFullYear()}`;
  const clock = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
  lastSecond = second;
  lastTime = `${day}:${clock} +0000`;
  return lastTime;
}
