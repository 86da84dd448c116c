/** The head of an upstream's answer, as it goes on to the caller. */
export interface ResponseHeaders {
  /** Names and values in turn. */
  readonly headers: string[];
  /** What `Content-Length` says; undefined if there is none. */
  readonly length: number | undefined;
}

type Kind = 'forward' | 'drop' | 'connection' | 'content-length' | 'transfer-encoding';

/** Between two neighbours only (RFC 9110 §7.6.1), or said by us. */
const SPECIAL = new Map<string, Kind>([
  ['connection', 'connection'],
  ['content-length', 'content-length'],
  ['transfer-encoding', 'transfer-encoding'],
  ...[
    'keep-alive',
    'proxy-authenticate',
    'proxy-authentication-info',
    'proxy-connection',
    'te',
    'trailer',
    'upgrade',
  ].map((name) => [name, 'drop'] as const),
  ['x-request-id', 'drop'],
]);

/** Names that upstreams have sent, by their spelling. There are few; the bound is for upstreams that make names up. */
const remembered = new Map<string, Kind>();
const REMEMBERED = 1024;

/**
 * Removes what concerns only the upstream's connection: hop-by-hop headers and what its `Connection` names.
 * @param raw names and values in turn, as received.
 * @returns undefined if the body is in a coding that would be lost on the way (`Transfer-Encoding` other than `chunked`).
 */
export function responseHeaders(raw: readonly (Buffer | string)[], status: number): ResponseHeaders | undefined {
  const headers: string[] = [];
  let named: ReadonlySet<string> | undefined;
  let length: string | undefined;
  let chunked = false;
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = text(raw[at]);
    const value = text(raw[at + 1]);
    switch (kindOf(name)) {
      case 'forward':
        headers.push(name, value);
        break;
      case 'connection':
        named = withNames(named, value);
        break;
      case 'content-length':
        length = value;
        break;
      case 'transfer-encoding':
        if (value.toLowerCase() !== 'chunked') return undefined;
        chunked = true;
        break;
    }
  }
  // RFC 9110 §8.6: never on a 204; RFC 9112 §6.3: chunks overrule a length.
  if (length === undefined || chunked || status === 204) return { headers: without(headers, named), length: undefined };
  headers.push('content-length', length);
  return { headers: without(headers, named), length: Number(length) };
}

function kindOf(name: string): Kind {
  const known = remembered.get(name);
  if (known !== undefined) return known;
  const kind = SPECIAL.get(name.toLowerCase()) ?? 'forward';
  if (remembered.size < REMEMBERED) remembered.set(name, kind);
  return kind;
}

function text(part: Buffer | string | undefined): string {
  return part === undefined ? '' : typeof part === 'string' ? part : part.toString('latin1');
}

function withNames(known: ReadonlySet<string> | undefined, value: string): ReadonlySet<string> | undefined {
  const plain = value.toLowerCase();
  if (plain === 'keep-alive' || plain === 'close') return known;
  return new Set([...(known ?? []), ...plain.split(',').map((name) => name.trim())]);
}

function without(headers: string[], named: ReadonlySet<string> | undefined): string[] {
  if (named === undefined) return headers;
  const left: string[] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at] ?? '';
    const lower = name.toLowerCase();
    // Naming the length would take the end of the body away.
    if (!named.has(lower) || lower === 'content-length') left.push(name, headers[at + 1] ?? '');
  }
  return left;
}
