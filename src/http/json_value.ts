import { ProtocolError } from '../model/failure.ts';

/** Deeper than anything that is asked for here, and shallow enough for whatever walks the value. */
const DEEPEST = 32;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Reads a JSON text that means one thing to every reader: no member twice (RFC 8259 §4), none called `__proto__`, no lone surrogates,
 * not nested deeper than 32.
 * @throws ProtocolError `invalid_request`, saying what is wrong.
 */
export function jsonValue(text: string): unknown {
  // First, because it bounds the depth of what is parsed then. Of a text that is no JSON its findings may be odd, but it is refused.
  const problem = problemOf(text);
  if (problem !== undefined) throw new ProtocolError('invalid_request', problem);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ProtocolError('invalid_request', 'The body is not JSON.', {}, error);
  }
}

function problemOf(text: string): string | undefined {
  /** The members of each object that is open; undefined stands for a list. */
  const open: (Set<string> | undefined)[] = [];
  for (let at = 0; at < text.length; at++) {
    switch (text[at]) {
      case '{':
      case '[':
        open.push(text[at] === '{' ? new Set() : undefined);
        if (open.length > DEEPEST) return `The body is nested deeper than ${DEEPEST} levels.`;
        break;
      case '}':
      case ']':
        open.pop();
        break;
      case '"': {
        const end = endOfString(text, at);
        const value = stringOf(text.slice(at, end));
        if (value === undefined) return 'The body is not JSON.';
        if (!value.isWellFormed()) return 'The body holds half of a surrogate pair, which is no text.';
        at = end - 1;
        const members = open.at(-1);
        if (members === undefined || !isName(text, end)) break;
        if (value === '__proto__') return 'The body holds a member called __proto__.';
        if (members.has(value)) return 'The body holds an object with the same member twice.';
        members.add(value);
      }
    }
  }
  return undefined;
}

/** @param start of the opening quote. @returns the position behind the closing one, or the end of the text. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at++;
    else if (code === QUOTE) return at + 1;
  }
  return text.length;
}

function stringOf(literal: string): string | undefined {
  try {
    const value: unknown = JSON.parse(literal);
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

const NEXT = /\s*:/y;

function isName(text: string, end: number): boolean {
  NEXT.lastIndex = end;
  return NEXT.test(text);
}
