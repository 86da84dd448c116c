import fc from 'fast-check';

/** An answer's bytes as latin1, and the pieces in which they come. */
export interface Pieces {
  readonly whole: string;
  readonly pieces: readonly string[];
}

const chunk = (body: string, extension = '') => `${body.length.toString(16)}${extension}\r\n${body}\r\n`;

/** Answers as servers give them, and as they should not. */
const SEEDS = [
  'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello',
  'HTTP/1.1 200 OK\r\nDate: Sat, 21 Nov 2026 00:00:00 GMT\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nContent-Length: 0\r\n\r\n',
  'HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok',
  `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunk('hello')}${chunk(' world', ';a=b')}0\r\n\r\n`,
  `HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\nTrailer: X-T\r\n\r\n${chunk('abc')}0\r\nX-T: 1\r\n\r\n`,
  'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end',
  'HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nold',
  'HTTP/1.0 404 Not Found\r\n\r\nnothing',
  'HTTP/1.1 204 No Content\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\n',
  'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n',
  'HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx',
  'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\noops',
  'HTTP/1.1 200 OK\r\nX-Empty:\r\nX-Tab:\ta\tb\t\r\nX-Latin: \xe9\r\nContent-Length: 1\r\n\r\ny',
];

/** What parsers stumble over. */
const STUMBLING = [
  ...[
    '\r\n',
    '\n',
    '\r',
    '\r\n\r\n',
    '\r\r\n',
    '\0',
    ' ',
    '\t',
    '\x0b',
    '\x0c',
    '\x7f',
    '\x80',
    '\xff',
    ':',
    ' :',
    ',',
  ],
  ...[
    '\r\n ',
    '\r\n\t',
    ';',
    ';a',
    ';a="b"',
    '"',
    '0',
    '00',
    '0x',
    '-',
    '+',
    'f',
    'ffffffff',
    '5',
    '5, 5',
    '99999999999',
  ],
  ...[
    'Content-Length: 5\r\n',
    'Content-Length: 0\r\n',
    'Content-Length : 5\r\n',
    'content-length:5\r\n',
    'Content-Length:\r\n',
  ],
  ...['Transfer-Encoding: chunked\r\n', 'Transfer-Encoding: identity\r\n', 'Transfer-Encoding:\x0bchunked\r\n'],
  ...['Transfer-Encoding: gzip, chunked\r\n', 'Transfer-Encoding: chunked, chunked\r\n', 'Connection: close\r\n'],
  ...[
    'Connection: content-length\r\n',
    'Connection: upgrade\r\nUpgrade: websocket\r\n',
    'X: 1\r\n',
    'HTTP/1.1 ',
    'HTTP/1.0 ',
  ],
  ...[
    '101',
    '199',
    '204',
    '205',
    '304',
    '600',
    '0\r\n\r\n',
    '0\r\nX: 1\r\n\r\n',
    '5\r\nhello\r\n',
    'HTTP/1.1 200 OK\r\n\r\n',
  ],
];

type Damage = (text: string) => string;

const insert =
  (what: string, where: number): Damage =>
  (text) => {
    const at = Math.floor(where * (text.length + 1));
    return text.slice(0, at) + what + text.slice(at);
  };
const atLineStart =
  (what: string, where: number): Damage =>
  (text) => {
    const starts = [...text.matchAll(/\r\n/g)].map(({ index }) => index + 2);
    const at = starts[Math.floor(where * starts.length)] ?? 0;
    return text.slice(0, at) + what + text.slice(at);
  };
const remove =
  (where: number, length: number): Damage =>
  (text) => {
    const at = Math.floor(where * text.length);
    return text.slice(0, at) + text.slice(at + length);
  };
const change =
  (where: number, code: number): Damage =>
  (text) => {
    const at = Math.floor(where * text.length);
    return text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1);
  };
const swapCase =
  (where: number): Damage =>
  (text) => {
    const at = Math.floor(where * text.length);
    const char = text.charAt(at);
    return (
      text.slice(0, at) + (char === char.toLowerCase() ? char.toUpperCase() : char.toLowerCase()) + text.slice(at + 1)
    );
  };

const position = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });

const damage: fc.Arbitrary<Damage> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.tuple(fc.constantFrom(...STUMBLING), position).map(([what, where]) => insert(what, where)),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.constantFrom(...STUMBLING), position).map(([what, at]) => atLineStart(what, at)),
  },
  fc.tuple(position, fc.integer({ min: 1, max: 6 })).map(([where, length]) => remove(where, length)),
  fc.tuple(position, fc.integer({ min: 0, max: 255 })).map(([where, code]) => change(where, code)),
  position.map(swapCase),
);

/** Bodies of any bytes in any framing. */
const fresh = fc
  .tuple(fc.array(fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 40 }), { maxLength: 5 }), fc.boolean())
  .map(([parts, chunks]) =>
    chunks
      ? `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${parts.map((part) => chunk(part)).join('')}0\r\n\r\n`
      : `HTTP/1.1 200 OK\r\nContent-Length: ${parts.join('').length}\r\n\r\n${parts.join('')}`,
  );

/** Answers, most of them damaged in a few places, cut into a few pieces. */
export const damagedAnswers: fc.Arbitrary<Pieces> = fc
  .tuple(
    fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...SEEDS) }, fresh),
    fc.array(damage, { maxLength: 3 }),
    fc.array(position, { maxLength: 3 }),
  )
  .map(([seed, damages, cuts]) => {
    const whole = damages.reduce((text, each) => each(text), seed);
    const at = [0, ...cuts.map((cut) => Math.floor(cut * whole.length)).sort((a, b) => a - b), whole.length];
    return { whole, pieces: at.slice(1).map((end, index) => whole.slice(at[index], end)) };
  });
