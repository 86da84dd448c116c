import { ProtocolError } from '../model/failure.ts';
import type { Pair } from '../model/wire.ts';

/**
 * Reads `application/x-www-form-urlencoded` text, of a body or of a query, as pairs in the order they were sent.
 * @throws ProtocolError `invalid_request` for a broken percent-encoding or bytes that are not UTF-8, which URLSearchParams lets pass.
 */
export function formPairs(text: string): readonly Pair[] {
  const pairs: Pair[] = [];
  for (const part of text.split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    pairs.push(equals < 0 ? [decode(part), ''] : [decode(part.slice(0, equals)), decode(part.slice(equals + 1))]);
  }
  return pairs;
}

const ENCODED = /[%+]/;

function decode(text: string): string {
  if (!ENCODED.test(text)) return text;
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch (error) {
    throw new ProtocolError('invalid_request', 'A parameter is not percent-encoded UTF-8.', {}, error);
  }
}
