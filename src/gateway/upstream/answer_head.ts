import { NameMemory } from '../name_memory.ts';
import type { AnswerHead } from './exchange.ts';

/** A head that can be read in one way only, and what it says about the connection it came on. */
export interface ReadHead extends AnswerHead {
  /** How the end of the body is found. */
  readonly framing: 'none' | 'length' | 'chunked' | 'close';
  /** Whether the connection may carry another call afterwards. */
  readonly keepAlive: boolean;
  /** The value of `Keep-Alive`, if there is one. */
  readonly keepAliveTerms: string | undefined;
  /** What `Upgrade` names, if `Connection` names `Upgrade`; lower case. */
  readonly upgrade: string | undefined;
}

/** Why a head is refused; goes into the log. */
export type HeadFault =
  | 'not_http'
  | 'bad_status'
  | 'bad_line'
  | 'bad_name'
  | 'bad_value'
  | 'too_many_lines'
  | 'two_lengths'
  | 'bad_length'
  | 'bad_coding'
  | 'length_and_coding'
  | 'bad_interim';

/** A header name, and what is done with its line. */
export interface Name {
  readonly text: string;
  readonly kind: Kind;
}

/** More lines than any honest server sends; each costs a look at it on the way back as well. */
const MAX_LINES = 256;
/** Of so many lines the names are kept for the next head, if they are no longer than this. */
const MOST_EXPECTED = 32;
const LONGEST_EXPECTED = 64;

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const ZERO = 0x30;
const COLON = 0x3a;
const DELETE = 0x7f;

/** 1 for the characters of a token (RFC 9110 §5.6.2). */
export const TOKEN = new Uint8Array(256);
for (const char of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
  TOKEN[char.charCodeAt(0)] = 1;

/**
 * Reads an answer's head strictly and takes out what concerns only the upstream's connection, in one pass. What two programs could
 * read in two ways is refused: bare line feeds, folded lines, control characters, two lengths, a length beside a coding.
 * @param text latin1.
 * @param from where the head begins.
 * @param end where the empty line begins that ends it: `text` has CRLF CRLF there.
 * @param toHead whether it answers a HEAD.
 * @param before the names of the answer before on this connection, and then of this one: nearly always they are the same, in the
 *   same order, and to compare is cheaper than to read.
 */
export function readAnswerHead(
  text: string,
  from: number,
  end: number,
  toHead: boolean,
  before: Name[] = [],
): ReadHead | HeadFault {
  // RFC 9112 §4: version, space, three digits, and a reason after a space, which some servers leave out together.
  if (!text.startsWith('HTTP/1.', from)) return 'not_http';
  const minor = text.charCodeAt(from + 7) - 0x30;
  if ((minor !== 1 && minor !== 0) || text.charCodeAt(from + 8) !== SPACE) return 'not_http';
  const status = threeDigits(text, from + 9);
  if (status < 100) return 'bad_status';
  let at = from + 12;
  let char = text.charCodeAt(at);
  if (char !== SPACE && char !== CR) return 'bad_status';
  while (char !== CR) {
    if ((char < SPACE && char !== TAB) || char === DELETE) return 'bad_status';
    char = text.charCodeAt(++at);
  }
  if (text.charCodeAt(at + 1) !== LF) return 'bad_line';
  at += 2;

  const headers: string[] = [];
  let lines = 0;
  let length = -1;
  let lengthText = '';
  let chunked = false;
  let keepAlive = minor === 1;
  let keepAliveTerms: string | undefined;
  let named: Set<string> | undefined;
  let upgrade: string | undefined;

  while (at < end) {
    let name = before[lines];
    if (++lines > MAX_LINES) return 'too_many_lines';
    if (name !== undefined && text.startsWith(name.text, at) && text.charCodeAt(at + name.text.length) === COLON) {
      at += name.text.length;
    } else {
      const nameAt = at;
      for (char = text.charCodeAt(at); char !== COLON; char = text.charCodeAt(++at)) {
        if (TOKEN[char] !== 1) return 'bad_name';
      }
      if (at === nameAt) return 'bad_name';
      name = nameOf(text.slice(nameAt, at));
      if (lines <= MOST_EXPECTED && name.text.length <= LONGEST_EXPECTED) before[lines - 1] = name;
    }
    char = text.charCodeAt(++at);
    while (char === SPACE || char === TAB) char = text.charCodeAt(++at);
    const valueAt = at;
    while (char !== CR) {
      if ((char < SPACE && char !== TAB) || char === DELETE) return 'bad_value';
      char = text.charCodeAt(++at);
    }
    if (text.charCodeAt(at + 1) !== LF) return 'bad_line';
    let valueEnd = at;
    for (; valueEnd > valueAt; valueEnd--) {
      const last = text.charCodeAt(valueEnd - 1);
      if (last !== SPACE && last !== TAB) break;
    }
    const value = text.slice(valueAt, valueEnd);
    at += 2;

    switch (name.kind) {
      case 'forward':
        headers.push(name.text, value);
        break;
      case 'content-length':
        if (length >= 0) return 'two_lengths';
        if (!/^\d{1,15}$/.test(value)) return 'bad_length';
        length = Number(value);
        // With a zero in front it is another number to a caller who takes that for octal.
        lengthText = value.charCodeAt(0) === ZERO ? String(length) : value;
        break;
      case 'transfer-encoding':
        // Any other coding, or a list of them, would be lost on the way; HTTP/1.0 knows none.
        if (chunked || minor === 0 || value.toLowerCase() !== 'chunked') return 'bad_coding';
        chunked = true;
        break;
      case 'connection': {
        const plain = value.toLowerCase();
        if (plain === 'keep-alive') break;
        if (plain === 'close') keepAlive = false;
        else named = withNames(named, plain);
        break;
      }
      case 'keep-alive':
        keepAliveTerms = value;
        break;
      case 'upgrade':
        upgrade = upgrade === undefined ? value.toLowerCase() : `${upgrade}, ${value.toLowerCase()}`;
        break;
    }
  }

  if (chunked && length >= 0) return 'length_and_coding';
  if (named?.has('close')) keepAlive = false;
  // RFC 9112 §6.1, §6.2: no interim answer and no 204 has a coding, no interim answer a length; nor can it be the last.
  if (status < 200 && (chunked || length >= 0 || !keepAlive)) return 'bad_interim';
  if (status === 204 && chunked) return 'bad_coding';
  if (!named?.has('upgrade')) upgrade = undefined;
  const kept = named === undefined ? headers : without(headers, named);
  // RFC 9110 §8.6: a 204 says no length.
  if (length >= 0 && status !== 204) kept.push('content-length', lengthText);
  const about = { status, headers: kept, keepAlive, keepAliveTerms, upgrade };
  if (toHead || status === 204 || status === 304 || status < 200) return { ...about, length: 0, framing: 'none' };
  if (chunked) return { ...about, length: -1, framing: 'chunked' };
  if (length < 0) return { ...about, length: -1, framing: 'close', keepAlive: false };
  return { ...about, length, framing: length === 0 ? 'none' : 'length' };
}

function threeDigits(text: string, at: number): number {
  let number = 0;
  for (let index = at; index < at + 3; index++) {
    const digit = text.charCodeAt(index) - 0x30;
    if (!(digit >= 0 && digit <= 9)) return -1;
    number = number * 10 + digit;
  }
  return number;
}

type Kind = 'forward' | 'drop' | 'connection' | 'content-length' | 'transfer-encoding' | 'keep-alive' | 'upgrade';

/** Between two neighbours only (RFC 9110 §7.6.1), or said by us. */
const SPECIAL = new Map<string, Kind>([
  ['connection', 'connection'],
  ['content-length', 'content-length'],
  ['transfer-encoding', 'transfer-encoding'],
  ['keep-alive', 'keep-alive'],
  ['upgrade', 'upgrade'],
  ...['proxy-authenticate', 'proxy-authentication-info', 'proxy-connection', 'te', 'trailer', 'x-request-id'].map(
    (name) => [name, 'drop'] as const,
  ),
]);

/** Names that upstreams have sent. */
const remembered = new NameMemory<Name>();

function nameOf(sent: string): Name {
  const known = remembered.find(sent);
  if (known !== undefined) return known;
  // A copy: a part of a string keeps the whole answer alive.
  const text = Buffer.from(sent).toString('latin1');
  const name = { text, kind: SPECIAL.get(text.toLowerCase()) ?? 'forward' };
  remembered.keep(text, name);
  return name;
}

function withNames(known: ReadonlySet<string> | undefined, plain: string): Set<string> {
  return new Set([...(known ?? []), ...plain.split(',').map((name) => name.trim())]);
}

function without(headers: readonly string[], named: ReadonlySet<string>): string[] {
  const left: string[] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at] ?? '';
    if (!named.has(name.toLowerCase())) left.push(name, headers[at + 1] ?? '');
  }
  return left;
}
