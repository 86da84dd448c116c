/** A request that must never be seen, wherever it stands. */
export const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: g\r\n\r\n';

export const request = (method: string, lines: readonly string[], body = '', version = '1.1') =>
  [`${method} /x HTTP/${version}`, 'Host: g', ...lines, '', body].join('\r\n');
export const chunked = (body: string) => `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;

/** Whatever can be read in two ways: refused, and the connection closed. */
export const REFUSED: Readonly<Record<string, string>> = {
  'CL.TE': request('POST', ['Content-Length: 6', 'Transfer-Encoding: chunked'], `0\r\n\r\n${SMUGGLED}`),
  'TE.CL': request('POST', ['Transfer-Encoding: chunked', 'Content-Length: 4'], chunked(SMUGGLED)),
  'two lengths': request('POST', ['Content-Length: 0', `Content-Length: ${SMUGGLED.length}`], SMUGGLED),
  'two equal lengths': request('POST', ['Content-Length: 5', 'Content-Length: 5'], `hello${SMUGGLED}`),
  'a list of lengths': request('POST', ['Content-Length: 5, 5'], `hello${SMUGGLED}`),
  'a negative length': request('POST', ['Content-Length: -1'], SMUGGLED),
  'a signed length': request('POST', ['Content-Length: +5'], `hello${SMUGGLED}`),
  'a length that is another number in octal': request('POST', ['Content-Length: 010'], `0123456789${SMUGGLED}`),
  'no length, written twice over': request('POST', ['Content-Length: 00'], SMUGGLED),
  'a hexadecimal length': request('POST', ['Content-Length: 0x5'], `hello${SMUGGLED}`),
  'a fractional length': request('POST', ['Content-Length: 5.0'], `hello${SMUGGLED}`),
  'an empty length': request('POST', ['Content-Length:'], SMUGGLED),
  'a length beyond all numbers': request('POST', ['Content-Length: 18446744073709551621'], `hello${SMUGGLED}`),
  'a length with text': request('POST', ['Content-Length: 5 x'], `hello${SMUGGLED}`),
  'a space before the colon of a length': request('POST', ['Content-Length : 5'], `hello${SMUGGLED}`),
  'a tab before the colon of a coding': request('POST', ['Transfer-Encoding\t: chunked'], chunked('a') + SMUGGLED),
  'two codings': request(
    'POST',
    ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'],
    chunked('a') + SMUGGLED,
  ),
  'two codings in a list': request('POST', ['Transfer-Encoding: chunked, identity'], chunked('a') + SMUGGLED),
  'chunked twice': request('POST', ['Transfer-Encoding: chunked, chunked'], chunked('a') + SMUGGLED),
  'an unknown coding': request('POST', ['Transfer-Encoding: xchunked'], chunked('a') + SMUGGLED),
  'a coding before chunked': request('POST', ['Transfer-Encoding: gzip, chunked'], chunked('a') + SMUGGLED),
  'a quoted coding': request('POST', ['Transfer-Encoding: "chunked"'], chunked('a') + SMUGGLED),
  'a coding behind a comma': request('POST', ['Transfer-Encoding: ,chunked'], chunked('a') + SMUGGLED),
  'an ambiguous path': `GET /x/../y HTTP/1.1\r\nHost: g\r\n\r\n${SMUGGLED}`,
  'two hosts': request('GET', ['Host: h'], SMUGGLED),
  identity: request('POST', ['Transfer-Encoding: identity'], SMUGGLED),
  'an empty coding': request('POST', ['Transfer-Encoding:'], SMUGGLED),
  'a coding with a vertical tab': request('POST', ['Transfer-Encoding: \x0bchunked'], chunked('a') + SMUGGLED),
  'a coding with a NUL': request('POST', ['Transfer-Encoding: chun\0ked'], chunked('a') + SMUGGLED),
  'chunks on HTTP/1.0': request('POST', ['Transfer-Encoding: chunked'], chunked('a') + SMUGGLED, '1.0'),
  'chunks on HTTP/1.0 kept alive': request(
    'POST',
    ['Connection: keep-alive', 'Transfer-Encoding: chunked'],
    chunked('a') + SMUGGLED,
    '1.0',
  ),
  'an obs-fold': request('POST', ['X-A: 1', ' Transfer-Encoding: chunked', 'Content-Length: 5'], `hello${SMUGGLED}`),
  'an obs-fold in a coding': request('POST', ['Transfer-Encoding:', ' chunked'], chunked('a') + SMUGGLED),
  'a bare LF': `POST /x HTTP/1.1\nHost: g\nContent-Length: 5\n\nhello${SMUGGLED}`,
  'a bare LF between headers': `POST /x HTTP/1.1\r\nHost: g\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nhello${SMUGGLED}`,
  'a bare CR between headers': `POST /x HTTP/1.1\r\nHost: g\rTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nhello`,
  'a header name with a space': request(
    'POST',
    ['Foo Transfer-Encoding: chunked', 'Content-Length: 5'],
    `hello${SMUGGLED}`,
  ),
  'a header without a name': request('POST', [': x', 'Content-Length: 5'], `hello${SMUGGLED}`),
  'a header without a colon': request('POST', ['Transfer-Encoding chunked', 'Content-Length: 5'], `hello${SMUGGLED}`),
  'a space before the first header': `POST /x HTTP/1.1\r\n Host: h\r\nHost: g\r\n\r\n${SMUGGLED}`,
  'a version of another protocol': `POST /x HTTP/2.0\r\nHost: g\r\n\r\n${SMUGGLED}`,
  'a version that does not exist': `POST /x HTTP/1.9\r\nHost: g\r\n\r\n${SMUGGLED}`,
  'no version': `GET /x\r\n\r\n${SMUGGLED}`,
  'a request in the target': `GET /x HTTP/1.1\rX HTTP/1.1\r\nHost: g\r\n\r\n${SMUGGLED}`,
  'a method that is none': `GE(T /x HTTP/1.1\r\nHost: g\r\n\r\n${SMUGGLED}`,
  CONNECT: `CONNECT g:80 HTTP/1.1\r\nHost: g:80\r\n\r\n${SMUGGLED}`,
};

/** Bodies that break off: they never arrive as complete requests. */
export const BROKEN: Readonly<Record<string, string>> = {
  'a chunk size with a prefix': request('POST', ['Transfer-Encoding: chunked'], `0x5\r\nhello\r\n0\r\n\r\n${SMUGGLED}`),
  'a negative chunk size': request('POST', ['Transfer-Encoding: chunked'], `-5\r\nhello\r\n0\r\n\r\n${SMUGGLED}`),
  'a chunk size beyond all numbers': request(
    'POST',
    ['Transfer-Encoding: chunked'],
    `ffffffffffffffff5\r\nhello\r\n0\r\n\r\n${SMUGGLED}`,
  ),
  'a chunk longer than it says': request('POST', ['Transfer-Encoding: chunked'], `2\r\nhello\r\n0\r\n\r\n${SMUGGLED}`),
  'a chunk line that ends in a bare LF': request(
    'POST',
    ['Transfer-Encoding: chunked'],
    `5\nhello\r\n0\r\n\r\n${SMUGGLED}`,
  ),
  'chunk data that ends in a bare LF': request(
    'POST',
    ['Transfer-Encoding: chunked'],
    `5\r\nhello\n0\r\n\r\n${SMUGGLED}`,
  ),
  'a chunk extension with a bare LF': request(
    'POST',
    ['Transfer-Encoding: chunked'],
    `5;a\nb\r\nhello\r\n0\r\n\r\n${SMUGGLED}`,
  ),
  'a chunk size with a space': request('POST', ['Transfer-Encoding: chunked'], `5 5\r\nhello\r\n0\r\n\r\n${SMUGGLED}`),
  'an end that is none': request('POST', ['Transfer-Encoding: chunked'], `0\r\nX\r\n\r\n${SMUGGLED}`),
  'a length in the trailers': request(
    'POST',
    ['Transfer-Encoding: chunked'],
    `0\r\nContent-Length: 9\r\n\r\n${SMUGGLED}`,
  ),
  'a body that never ends': request('POST', ['Content-Length: 500'], 'hello'),
};

const FRAMINGS: Readonly<Record<string, readonly [lines: readonly string[], body: string]>> = {
  length: [[`Content-Length: ${SMUGGLED.length}`], SMUGGLED],
  chunks: [['Transfer-Encoding: chunked'], chunked(SMUGGLED)],
  'Chunked in other letters': [['TRANSFER-ENCODING: CHUNKED'], chunked(SMUGGLED)],
  'chunks with extensions': [
    ['Transfer-Encoding: chunked'],
    `${SMUGGLED.length.toString(16)};a="b\\"c";d\r\n${SMUGGLED}\r\n000;x\r\n\r\n`,
  ],
  'chunks with trailers': [
    ['Transfer-Encoding: chunked'],
    `${SMUGGLED.length.toString(16)}\r\n${SMUGGLED}\r\n0\r\nX-User-Id: root\r\nHost: h\r\n\r\n`,
  ],
  'chunks with leading zeros': [
    ['Transfer-Encoding: chunked'],
    `000${SMUGGLED.length.toString(16)}\r\n${SMUGGLED}\r\n0\r\n\r\n`,
  ],
  'a length and another spelling of a coding': [
    [`Content-Length: ${SMUGGLED.length}`, 'Transfer_Encoding: chunked'],
    SMUGGLED,
  ],
};

/** Exactly one request each, whose body is `SMUGGLED`, on a connection that closes behind it. */
export const WHOLE: Readonly<Record<string, string>> = Object.fromEntries(
  ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].flatMap((method) =>
    Object.entries(FRAMINGS).map(([framing, [lines, body]]) => [
      `${method} with ${framing}`,
      request(method, [...lines, 'Connection: close'], body),
    ]),
  ),
);

/** Before each case one of these goes out, so that a connection to the upstream is idle. */
export const WARM = 'GET /x HTTP/1.1\r\nHost: g\r\n\r\n';
