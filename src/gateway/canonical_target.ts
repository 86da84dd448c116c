import type { Failure } from '../model/failure.ts';
import { isUtf8 } from '../model/percent_encoding.ts';

/** A request target that can be read in one way only. */
export interface Target {
  /** The canonical path (RFC 3986 §6.2.2): what routes are matched on, and what goes upstream. */
  readonly path: string;
  /** Empty, or `?` and everything behind it, exactly as sent. */
  readonly query: string;
}

/** The longest request target that is read, in bytes. */
export const MAX_TARGET = 8192;

const SLASH = 0x2f;
const PERCENT = 0x25;
const HASH = 0x23;
const DOT = 0x2e;

/** What may stand in a path as it is: `pchar` of RFC 3986 §3.3 without `;`, which servers disagree about, and `/`. */
const PATH_CHARACTERS = charactersOf(
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,=:@%/",
);

/** RFC 3986 §2.3: the encoded and the plain form of these are the same, so only the plain one exists here. */
const UNRESERVED = charactersOf('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~');

/** Encoded, these are plain text to one server and structure to the next. */
const NEVER_ENCODED = charactersOf('/\\;#?');

function charactersOf(text: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const character of text) table[character.charCodeAt(0)] = 1;
  return table;
}

/**
 * Reads a request target as one canonical path and a query, or refuses it: whatever another server could read differently than we
 * do (encoded slashes, dot segments, `//`, `;`, double encoding, absolute-form, …) would be checked as one path and served as
 * another. Applying it to its own answer changes nothing.
 *
 * @param target the second word of the request line; origin-form only (RFC 9112 §3.2.1).
 * @returns the target, or a failure (`ambiguous_request`, `uri_too_long`) that closes the connection.
 */
export function canonicalTarget(target: string): Target | Failure {
  if (target.length > MAX_TARGET) {
    return { code: 'uri_too_long', description: `The request target is longer than ${MAX_TARGET} bytes.`, close: true };
  }
  if (target.charCodeAt(0) !== SLASH) return ambiguous('The request target must be a path that starts with "/".');

  const mark = target.indexOf('?');
  const raw = mark < 0 ? target : target.slice(0, mark);
  const query = mark < 0 ? '' : target.slice(mark);

  const path = raw.includes('%') ? decodePlain(raw) : raw;
  if (typeof path !== 'string') return path;
  const problem = problemOfPath(path) ?? problemOfQuery(query);
  return problem === undefined ? { path, query } : ambiguous(problem);
}

/** Tells a refusal from a target. */
export function isFailure(answer: object): answer is Failure {
  return 'code' in answer;
}

/** Decodes what never needed encoding and upper-cases the rest, so that equal paths are equal strings. */
function decodePlain(raw: string): string | Failure {
  let path = '';
  let beyondAscii = false;
  for (let at = 0; at < raw.length; at++) {
    if (raw.charCodeAt(at) !== PERCENT) {
      path += raw[at];
      continue;
    }
    const byte = hexValue(raw.charCodeAt(at + 1)) * 16 + hexValue(raw.charCodeAt(at + 2));
    if (!(byte >= 0)) return ambiguous('The path contains a "%" that is not followed by two hexadecimal digits.');
    if (byte < 0x20 || byte === 0x7f) return ambiguous('The path contains an encoded control character.');
    if (NEVER_ENCODED[byte])
      return ambiguous('The path contains an encoded slash, backslash, semicolon, question mark or hash.');
    if (byte > 0x7f) beyondAscii = true;
    path += UNRESERVED[byte] ? String.fromCharCode(byte) : `%${raw.slice(at + 1, at + 3).toUpperCase()}`;
    at += 2;
  }
  // Judged on the outcome: "%25%32%66" has become "%252f" only now.
  if (/%25[0-9A-Fa-f]{2}/.test(path)) return ambiguous('The path is percent-encoded twice.');
  if (beyondAscii && !isUtf8(path)) return ambiguous('The path contains encoded bytes that are not UTF-8.');
  return path;
}

/** NaN for what is no digit, which makes every later comparison false. */
function hexValue(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : Number.NaN;
}

function problemOfPath(path: string): string | undefined {
  let start = 1;
  for (let at = 1; at <= path.length; at++) {
    const code = at < path.length ? path.charCodeAt(at) : SLASH;
    if (code > 0x7f || PATH_CHARACTERS[code] !== 1) {
      return 'The path contains a character that must be percent-encoded, or is not allowed: a backslash, semicolon or hash.';
    }
    if (code !== SLASH) continue;
    const length = at - start;
    if (length === 0 && at < path.length) return 'The path contains an empty segment ("//").';
    if (length <= 2 && length > 0 && path.charCodeAt(start) === DOT && path.charCodeAt(at - 1) === DOT) {
      return 'The path contains a "." or ".." segment; send the path it leads to.';
    }
    start = at + 1;
  }
  return undefined;
}

function problemOfQuery(query: string): string | undefined {
  for (let at = 0; at < query.length; at++) {
    const code = query.charCodeAt(at);
    if (code <= 0x20 || code >= 0x7f || code === HASH) {
      return 'The query contains "#", a space, a control character or a byte beyond ASCII; percent-encode it.';
    }
  }
  return undefined;
}

function ambiguous(description: string): Failure {
  return { code: 'ambiguous_request', description, close: true };
}
