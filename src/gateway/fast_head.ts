/**
 * The grammar of the fast lane: the plain majority of HTTP/1.1 request heads, and nothing beside it. What it accepts is a subset of
 * what llhttp accepts, read in the same way; what it does not accept it does not judge.
 */
import { Buffer } from 'node:buffer';
import { NameMemory } from './name_memory.ts';
import { type ForwardedNote, MAX_HEADERS, type RequestHead } from './request_head.ts';

/** The longest head that is read, in bytes. */
export const MAX_HEAD = 16_384;

/** The head is not there yet as a whole; what is there follows the grammar. */
export const INCOMPLETE = 0;
/** Not of this grammar: whoever knows the whole of HTTP must read it. */
export const UNUSUAL = -1;

const NO_HEADERS: readonly string[] = [];

/** Of so many lines the names are kept for the next head, if they are no longer than this: there are as many as there are callers. */
const MOST_EXPECTED = 32;
const LONGEST_EXPECTED = 64;

/** A request head that is read into again and again: it holds what was read last. */
export class FastHead implements RequestHead {
  method = '';
  target = '';
  readonly httpVersion = '1.1';
  rawHeaders = NO_HEADERS;
  remoteAddress: string | undefined;
  readonly secure: boolean;
  /** The value of the one Host header. */
  host = '';
  /** Bytes of the body; 0 if there is none. */
  length = 0;
  forwarded: ForwardedNote | undefined;
  /** Whether the caller wants the connection closed behind the answer. */
  close = false;
  /** The names of the head that was read last, its first ones. */
  readonly names: Name[] = [];

  constructor(secure: boolean) {
    this.secure = secure;
  }

  /** Lets go of what was read last: it is up to 16 KiB, and has the token in it. */
  forget(): void {
    this.target = '';
    this.rawHeaders = NO_HEADERS;
    this.host = '';
  }
}

const SPACE = 0x20;
const TAB = 0x09;
const CR = 0x0d;
const LF = 0x0a;
const COLON = 0x3a;
const SLASH = 0x2f;

const TOKEN = 1;
const VISIBLE = 2;
const VALUE = 4;
const CLASSES = new Uint8Array(256);
for (let code = SPACE; code < 0x7f; code++) CLASSES[code] = code === SPACE ? VALUE : VISIBLE | VALUE;
CLASSES[TAB] = VALUE;
for (const character of "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") {
  CLASSES[character.charCodeAt(0)] = TOKEN | VISIBLE | VALUE;
}

const METHODS = ['GET ', 'POST ', 'PUT ', 'PATCH ', 'DELETE ', 'HEAD ', 'OPTIONS '];
const VERSION = ' HTTP/1.1\r\n';

type Kind = 'plain' | 'host' | 'length' | 'connection' | 'type' | 'unusual';

const KINDS = new Map<string, Kind>([
  ['host', 'host'],
  ['content-length', 'length'],
  ['connection', 'connection'],
  ['content-type', 'type'],
  // They change where the body ends, who answers what, or what becomes of the connection (llhttp reads Proxy-Connection as one more
  // Connection), so they are for the full lane.
  ...['transfer-encoding', 'upgrade', 'expect', 'te', 'trailer', 'http2-settings', 'proxy-connection'].map(
    (name) => [name, 'unusual'] as const,
  ),
]);

interface Name {
  readonly text: string;
  readonly kind: Kind;
}

/** One string for each name, which also makes every later look-up by it cheap. */
const remembered = new NameMemory<Name>();

/**
 * Reads the head at the start of `text`.
 * @param text latin1, cut off wherever the bytes were; not longer than `MAX_HEAD`.
 * @returns the length of the head, `INCOMPLETE`, or `UNUSUAL`. `head` holds what was read only in the first case.
 */
export function readFastHead(text: string, head: FastHead): number {
  const method = methodOf(text);
  if (method === undefined) return UNUSUAL;
  if (method === '') return INCOMPLETE;
  const limit = text.length;
  const start = method.length + 1;
  if (start < limit && text.charCodeAt(start) !== SLASH) return UNUSUAL;
  let at = start;
  while (at < limit && (classOf(text, at) & VISIBLE) !== 0) at++;
  if (!text.startsWith(VERSION, at)) return VERSION.startsWith(text.slice(at)) ? INCOMPLETE : UNUSUAL;
  const target = text.slice(start, at);
  at += VERSION.length;

  const headers: string[] = [];
  let host: string | undefined;
  let length = -1;
  let connection: string | undefined;
  while (true) {
    if (at >= limit) return INCOMPLETE;
    if (text.charCodeAt(at) === CR) {
      if (at + 1 === limit) return INCOMPLETE;
      if (text.charCodeAt(at + 1) !== LF) return UNUSUAL;
      break;
    }
    const line = headers.length >> 1;
    let name = head.names[line];
    // Nearly always a caller sends the same names again, in the same order: to compare is cheaper than to read.
    if (name !== undefined && text.startsWith(name.text, at) && text.charCodeAt(at + name.text.length) === COLON) {
      at += name.text.length;
    } else {
      const nameStart = at;
      while (at < limit && (classOf(text, at) & TOKEN) !== 0) at++;
      if (at === limit) return INCOMPLETE;
      if (at === nameStart || text.charCodeAt(at) !== COLON) return UNUSUAL;
      name = nameOf(text.slice(nameStart, at));
      if (line < MOST_EXPECTED && name.text.length <= LONGEST_EXPECTED) head.names[line] = name;
    }
    at++;
    while (at < limit && isBlank(text.charCodeAt(at))) at++;
    const valueStart = at;
    while (at < limit && (classOf(text, at) & VALUE) !== 0) at++;
    if (at === limit) return INCOMPLETE;
    if (text.charCodeAt(at) !== CR) return UNUSUAL;
    if (at + 1 === limit) return INCOMPLETE;
    if (text.charCodeAt(at + 1) !== LF) return UNUSUAL;
    let valueEnd = at;
    while (valueEnd > valueStart && isBlank(text.charCodeAt(valueEnd - 1))) valueEnd--;
    const value = text.slice(valueStart, valueEnd);
    at += 2;

    switch (name.kind) {
      case 'plain':
        break;
      case 'host':
        if (host !== undefined) return UNUSUAL;
        host = value;
        break;
      case 'length':
        if (length >= 0) return UNUSUAL;
        length = lengthOf(value);
        if (length < 0) return UNUSUAL;
        break;
      case 'connection':
        if (connection !== undefined) return UNUSUAL;
        connection = value.toLowerCase();
        if (connection !== 'keep-alive' && connection !== 'close') return UNUSUAL;
        break;
      case 'type':
        // A form must be searched for tokens.
        if (/urlencoded/i.test(value)) return UNUSUAL;
        break;
      case 'unusual':
        return UNUSUAL;
    }
    headers.push(name.text, value);
    if (headers.length > MAX_HEADERS * 2) return UNUSUAL;
  }
  if (host === undefined) return UNUSUAL;
  head.method = method;
  head.target = target;
  head.rawHeaders = headers;
  head.host = host;
  head.length = Math.max(length, 0);
  head.close = connection === 'close';
  return at + 2;
}

/** The method that the text begins with; empty if it could become one, undefined if not. */
function methodOf(text: string): string | undefined {
  if (text.startsWith('GET ')) return 'GET';
  let possible = false;
  for (const method of METHODS) {
    if (text.startsWith(method)) return method.slice(0, -1);
    if (text.length < method.length && method.startsWith(text)) possible = true;
  }
  return possible ? '' : undefined;
}

function classOf(text: string, at: number): number {
  return CLASSES[text.charCodeAt(at)] ?? 0;
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

function nameOf(sent: string): Name {
  const known = remembered.find(sent);
  if (known !== undefined) return known;
  // A copy: a part of a string keeps the whole head alive, and with it the token.
  const text = Buffer.from(sent, 'latin1').toString('latin1');
  const name: Name = { text, kind: KINDS.get(text.toLowerCase()) ?? 'plain' };
  remembered.keep(text, name);
  return name;
}

/** 1 to 15 decimal digits, which a double holds exactly, without zeros in front; -1 for anything else. */
function lengthOf(value: string): number {
  return /^(?:0|[1-9]\d{0,14})$/.test(value) ? Number(value) : -1;
}
