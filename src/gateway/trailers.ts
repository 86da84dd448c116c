import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * Writes what comes behind the body of an answer, if the caller said `TE: trailers`: to others it is dropped (RFC 9110 §6.5.1).
 * @param trailers names and values in turn: a name may be there twice.
 */
export function addTrailers(request: IncomingMessage, response: ServerResponse, trailers: readonly string[]): void {
  if (!wantsTrailers(request)) return;
  const pairs: [string, string][] = [];
  for (let at = 0; at + 1 < trailers.length; at += 2) pairs.push([trailers[at] ?? '', trailers[at + 1] ?? '']);
  response.addTrailers(pairs);
}

function wantsTrailers({ headers }: IncomingMessage): boolean {
  return String(headers['te'] ?? '')
    .toLowerCase()
    .split(',')
    .some((coding) => coding.trim() === 'trailers');
}
