import { ProtocolError } from '../model/failure.ts';
import type { Pair } from '../model/wire.ts';

/** One member of a flat object: a string literal, a colon, and a string or another scalar. Anchored by `y`, so it never scans ahead. */
const STRING = String.raw`"(?:[^"\\]|\\.)*"`;
const MEMBER = new RegExp(
  String.raw`\s*(${STRING})\s*:\s*(${STRING}|true|false|null|-?[0-9][0-9.eE+-]*)\s*([,}])`,
  'y',
);

/**
 * Reads a JSON object of scalars as pairs. `JSON.parse` judges the syntax but keeps only the last of repeated members (RFC 8259 §4);
 * a repeated parameter must be seen to be refused, so the members are then read one by one. `null` counts as not sent.
 * @throws ProtocolError `invalid_request` for anything but a JSON object whose members are strings, numbers, booleans or null.
 */
export function jsonPairs(text: string): readonly Pair[] {
  const start = /^\s*\{/.exec(text)?.[0].length;
  if (!isJson(text) || start === undefined)
    throw new ProtocolError('invalid_request', 'The body must be a JSON object.');
  if (/^\s*\}/.test(text.slice(start))) return [];
  const pairs: Pair[] = [];
  MEMBER.lastIndex = start;
  for (;;) {
    const [, name = '', value = '', end] = MEMBER.exec(text) ?? [];
    if (end === undefined) {
      throw new ProtocolError(
        'invalid_request',
        'Every member of the JSON object must be a string, a number or a boolean.',
      );
    }
    if (value !== 'null') pairs.push([JSON.parse(name), value.startsWith('"') ? JSON.parse(value) : value]);
    if (end === '}') return pairs;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
