import { Buffer } from 'node:buffer';
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
  const { method, target, headers, ours } = call;
  if (!TARGET.test(target) || (!EXPECTS_BODY.has(method) && !METHOD.test(method))) return undefined;
  const start = `${method} ${basePath}${target}${behindTarget}`;
  if (ours === undefined) return linesOf(headers, headers.length, start);
  const head = linesOf(headers, ours.from, start);
  return head === undefined ? undefined : head + ours.text;
}

/** Header lines as a list, names and values in turn, and as they are sent. */
export interface HeaderLines {
  readonly list: readonly string[];
  /** Absent if they cannot be sent. */
  readonly text: string | undefined;
}

/** Checks and joins lines for many calls, in a text that keeps nothing else alive. */
export function lastingLines(list: readonly string[]): HeaderLines {
  const text = linesOf(list);
  return { list, text: text && Buffer.from(text, 'latin1').toString('latin1') };
}

/**
 * Writes header lines, each with its end.
 * @param headers names and values in turn.
 * @param end where in the list to stop.
 * @param before goes in front of them.
 * @returns undefined if one of them could end its line.
 */
export function linesOf(headers: readonly string[], end = headers.length, before = ''): string | undefined {
  let text = before;
  for (let at = 0; at + 1 < end; at += 2) {
    const name = headers[at] ?? '';
    const value = headers[at + 1] ?? '';
    if (UNSENDABLE.test(value) || !(names.find(name) || isName(name))) return undefined;
    text += `${name}: ${value}\r\n`;
  }
  return text;
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
