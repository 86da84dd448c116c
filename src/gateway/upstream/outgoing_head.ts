import { NameMemory } from '../name_memory.ts';
import type { Outgoing } from './exchange.ts';

/** Whether a call with this method that has no body says a length of 0: the others never have one by themselves. */
const EXPECTS_BODY = new Map<string, boolean>([
  ['GET', false],
  ['HEAD', false],
  ['OPTIONS', false],
  ['DELETE', false],
]);

/** A method of the map, or any other token. */
const METHOD = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const TARGET = /^[\x21-\x7e]+$/;
const NAME = METHOD;
/** Also what is not latin1: written as bytes, `č` would become a carriage return. */
const UNSENDABLE = /[^\t\x20-\x7e\x80-\xff]/;

/** Names that were seen to be tokens. */
const names = new NameMemory<true>();

/** Whether a call of this method without a body says `Content-Length: 0` (RFC 9110 §8.6). */
export function expectsBody(method: string): boolean {
  return EXPECTS_BODY.get(method) ?? true;
}

/**
 * The head of a call up to its framing: request line and header lines, each with its end, without the empty line behind them.
 * @param behindTarget the rest of the request line and the lines that are the same for every call to this target.
 * @returns undefined if a part of it could end its line: then nothing must be sent.
 */
export function outgoingHead(call: Outgoing, basePath: string, behindTarget: string): string | undefined {
  const { method, target, headers } = call;
  if (!TARGET.test(target) || (!EXPECTS_BODY.has(method) && !METHOD.test(method))) return undefined;
  let head = `${method} ${basePath}${target}${behindTarget}`;
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at] ?? '';
    const value = headers[at + 1] ?? '';
    if (UNSENDABLE.test(value) || !(names.find(name) || isName(name))) return undefined;
    head += `${name}: ${value}\r\n`;
  }
  return head;
}

/** What `Content-Length` in a header list says; -1 if it is not there exactly once and in digits. */
export function declaredLength(headers: readonly string[]): number {
  let length = -1;
  for (let at = 0; at + 1 < headers.length; at += 2) {
    if (headers[at]?.toLowerCase() !== 'content-length') continue;
    const value = headers[at + 1] ?? '';
    if (length >= 0 || !/^\d{1,15}$/.test(value)) return -1;
    length = Number(value);
  }
  return length;
}

function isName(name: string): boolean {
  if (!NAME.test(name)) return false;
  names.keep(name, true);
  return true;
}
