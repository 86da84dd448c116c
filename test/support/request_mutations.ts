import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { FastHead, readFastHead } from '../../src/gateway/fast_head.ts';

export const CORPUS = join(import.meta.dirname, '../corpus/requests');

/** The files of the corpus, as latin1 text. */
export function readCorpus(): string[] {
  return readdirSync(CORPUS)
    .sort()
    .map((file) => readFileSync(join(CORPUS, file), 'latin1'));
}

/** What parsers stumble over. */
const PIECES = [
  ...[
    '\r\n',
    '\n',
    '\r',
    '\r\n\r\n',
    '\0',
    ' ',
    '\t',
    '\x0b',
    '\x0c',
    '\x7f',
    '\x80',
    '\xa0',
    '\xff',
    ':',
    ' :',
    ',',
    ';',
    '#',
    '?',
    '%',
  ],
  ...[
    '\r\n ',
    '\r\n\t',
    'Transfer-Encoding: chunked\r\n',
    'Transfer-Encoding:\x0bchunked\r\n',
    'Content-Length: 5\r\n',
  ],
  ...[
    'Content-Length: 0\r\n',
    'Content-Length: 00\r\n',
    'Content-Length: +5\r\n',
    'Content-Length: 5, 5\r\n',
    'Content-Length:\r\n',
  ],
  ...[
    'content-length:\t2 \r\n',
    'Host: b\r\n',
    'Connection: close\r\n',
    'Connection: Keep-Alive\r\n',
    'Connection: upgrade\r\n',
  ],
  ...[
    'Proxy-Connection: close\r\n',
    'Upgrade: h2c\r\n',
    'Expect: 100-continue\r\n',
    'TE: trailers\r\n',
    'Trailer: Host\r\n',
    ': x\r\n',
  ],
  ...[
    'X-A\r\n',
    'GET /s HTTP/1.1\r\nHost: s\r\n\r\n',
    ' HTTP/1.1\r\n',
    ' HTTP/1.0\r\n',
    ' HTTP/0.9\r\n',
    'HTTP/1.1 ',
    'PRI * HTTP/2.0\r\n',
  ],
  ...[
    '0\r\n\r\n',
    '5\r\nhello\r\n',
    'POST ',
    'get ',
    'SOURCE ',
    'M-SEARCH ',
    'ICY ',
    '/../',
    '//',
    '\\',
    'http://h/',
    'chunked',
    '99999999999999999999',
  ],
] as const;

type Mutation = (text: string) => string;

/** A place in a text, as a share of its length: it stays one when the text changes. */
const place = fc.nat(9_999).map((share) => share / 10_000);
const at = (text: string, share: number) => Math.floor(share * text.length);

/** Most accidents happen at the ends of lines and names. */
function near(text: string, share: number): number {
  const from = at(text, share);
  const edges = [text.indexOf('\r\n', from), text.indexOf(':', from), text.indexOf(' ', from)].filter(
    (edge) => edge >= 0,
  );
  return edges.length === 0 ? from : Math.min(...edges);
}

const spot = fc.tuple(place, fc.boolean()).map(
  ([share, edge]) =>
    (text: string) =>
      edge ? near(text, share) : at(text, share),
);

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(spot, fc.constantFrom(...PIECES)).map(
    ([where, piece]): Mutation =>
      (text) => {
        const index = where(text);
        return text.slice(0, index) + piece + text.slice(index);
      },
  ),
  // In front of a header line, where a piece that is a line stays one.
  fc.tuple(place, fc.constantFrom(...PIECES)).map(
    ([share, piece]): Mutation =>
      (text) => {
        const line = text.indexOf('\r\n', at(text, share));
        return line < 0 ? text + piece : text.slice(0, line + 2) + piece + text.slice(line + 2);
      },
  ),
  fc.tuple(spot, fc.constantFrom(...PIECES)).map(
    ([where, piece]): Mutation =>
      (text) => {
        const index = where(text);
        return text.slice(0, index) + piece + text.slice(index + piece.length);
      },
  ),
  fc.tuple(spot, fc.nat(255)).map(
    ([where, code]): Mutation =>
      (text) => {
        const index = where(text);
        return text.slice(0, index) + String.fromCharCode(code) + text.slice(index + 1);
      },
  ),
  fc.tuple(spot, fc.nat(12)).map(
    ([where, length]): Mutation =>
      (text) => {
        const index = where(text);
        return text.slice(0, index) + text.slice(index + length);
      },
  ),
  fc.tuple(place, place).map(
    ([one, other]): Mutation =>
      (text) => {
        const lines = text.split('\r\n');
        const from = Math.floor(one * lines.length);
        const to = Math.floor(other * lines.length);
        return [...lines.slice(0, to), ...lines.slice(from, from + 1), ...lines.slice(to)].join('\r\n');
      },
  ),
  place.map(
    (share): Mutation =>
      (text) => {
        const index = at(text, share);
        const end = index + 20;
        const part = text.slice(index, end);
        return (
          text.slice(0, index) +
          (part === part.toUpperCase() ? part.toLowerCase() : part.toUpperCase()) +
          text.slice(end)
        );
      },
  ),
  place.map(
    (share): Mutation =>
      (text) =>
        text.slice(0, at(text, share)),
  ),
);

export interface Bytes {
  readonly whole: Buffer;
  /** The same, cut as the network might. */
  readonly pieces: readonly Buffer[];
}

/** Some requests behind each other, damaged in some places, and cut in others. */
export function damagedRequests(corpus: readonly string[]): fc.Arbitrary<Bytes> {
  const plain = corpus.filter((text) => readFastHead(text, new FastHead(false)) > 0);
  // What it hands over at the first byte tells nothing of how it reads.
  const request = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...plain) }, fc.constantFrom(...corpus));
  const requests = fc.array(request, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(''));
  return fc
    .tuple(requests, fc.array(mutation, { maxLength: 3 }), fc.array(place, { maxLength: 3 }))
    .map(([text, mutations, cuts]) => {
      const damaged = mutations.reduce((before, mutate) => mutate(before), text);
      const whole = Buffer.from(damaged, 'latin1');
      const places = [0, ...cuts.map((share) => at(damaged, share)).sort((a, b) => a - b), whole.length];
      const pieces = places.slice(1).map((end, index) => whole.subarray(places[index], end));
      return { whole, pieces: pieces.filter(({ length }) => length > 0) };
    });
}
