/*
 * The attack: HTTP/2 says where a request ends in its frames, and HTTP/1.1 in its headers. A proxy that writes the one as the other
 * can be made to write a head that the server behind it reads as two requests, or with a host, path or method that was never
 * checked ("HTTP/2: the sequel is always worse"). Each vector must be refused, or come out as exactly one request without it.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { tlsGatehouse } from '../http/tls_gatehouse.ts';
import { data, FRAME, type Frame, frameClient, headers, statusIn } from '../support/http2_frames.ts';
import { type RecordingUpstream, startRecordingUpstream } from '../support/recording_upstream.ts';

let upstream: RecordingUpstream;
const gatehouse = tlsGatehouse(async () => {
  upstream = await startRecordingUpstream();
  return upstream.origin;
});
afterAll(() => upstream.close());

type Pair = readonly [string, string];
const METHOD: Pair = [':method', 'POST'];
const SCHEME: Pair = [':scheme', 'https'];
const AUTHORITY: Pair = [':authority', 'api.example.com'];
const PATH: Pair = [':path', '/open/a'];
const PLAIN = [METHOD, SCHEME, AUTHORITY, PATH];

/** What became of a request: a status, the error its stream was reset with, or the end of the connection. */
async function fateOf(pairs: readonly Pair[], body: readonly string[] = []): Promise<number | 'reset' | 'closed'> {
  const client = await frameClient(gatehouse().port);
  client.send(headers(1, pairs, body.length === 0 ? 'ended' : 'open'));
  for (const [at, piece] of body.entries()) client.send(data(1, piece, at === body.length - 1 ? 'ended' : 'open'));
  const isEnd = ({ type, stream }: Frame) =>
    type === FRAME.GOAWAY || (stream === 1 && (type === FRAME.HEADERS || type === FRAME.RST_STREAM));
  const end = await client.frame(isEnd);
  client.socket.destroy();
  if (end === undefined || end.type === FRAME.GOAWAY) return 'closed';
  return end.type === FRAME.RST_STREAM ? 'reset' : (statusIn(end) ?? 0);
}

/** What went out since, whether or not it was answered. */
async function sentWhile(act: () => Promise<unknown>) {
  const before = upstream.requests.length;
  await act();
  // Whatever was on the way is there when a later call has come back.
  expect(await fateOf([[':method', 'GET'], SCHEME, AUTHORITY, [':path', '/open/last']])).toBe(200);
  const sent = upstream.requests.slice(before);
  expect(sent.at(-1)?.target).toBe('/open/last');
  return sent.slice(0, -1);
}

describe('is refused, and nothing goes out', () => {
  it.each<[string, readonly Pair[], (readonly string[])?]>([
    [
      'transfer-encoding',
      [...PLAIN, ['transfer-encoding', 'chunked']],
      ['0\r\n\r\nGET /up/x HTTP/1.1\r\nHost: a\r\n\r\n'],
    ],
    ['transfer-encoding: identity', [...PLAIN, ['transfer-encoding', 'identity']], ['x']],
    ['connection', [...PLAIN, ['connection', 'x-user-id']]],
    ['connection: keep-alive', [...PLAIN, ['connection', 'keep-alive']]],
    ['keep-alive', [...PLAIN, ['keep-alive', 'timeout=5']]],
    ['proxy-connection', [...PLAIN, ['proxy-connection', 'keep-alive']]],
    ['upgrade', [...PLAIN, ['upgrade', 'h2c']]],
    ['te beyond trailers', [...PLAIN, ['te', 'gzip']]],
    ['a name in upper case', [...PLAIN, ['Transfer-Encoding', 'chunked']], ['x']],
    ['two lengths', [...PLAIN, ['content-length', '5'], ['content-length', '0']], ['hello']],
    ['a length that is no number', [...PLAIN, ['content-length', '5, 5']], ['hello']],
    ['a length with a sign', [...PLAIN, ['content-length', '+5']], ['hello']],
    ['a length that is another number in octal', [...PLAIN, ['content-length', '010']], ['0123456789']],
    ['a length without a body', [...PLAIN, ['content-length', '5']]],
    ['two hosts', [...PLAIN, ['host', 'other.example.com']]],
    ['two Host lines', [METHOD, SCHEME, PATH, ['host', 'a'], ['host', 'b']]],
    ['no host at all', [METHOD, SCHEME, PATH]],
    ['an empty authority', [METHOD, SCHEME, PATH, [':authority', '']]],
    ['user info in the authority', [METHOD, SCHEME, PATH, [':authority', 'api.example.com@evil.example.com']]],
    ['a path in the authority', [METHOD, SCHEME, PATH, [':authority', 'api.example.com/open/a']]],
    ['a line break in the authority', [METHOD, SCHEME, PATH, [':authority', 'a\r\nX: y']]],
    ['a pseudo-header behind a header', [METHOD, SCHEME, AUTHORITY, ['x', 'y'], PATH]],
    ['the method twice', [...PLAIN, [':method', 'GET']]],
    ['the path twice', [...PLAIN, [':path', '/up/x']]],
    ['the authority twice', [...PLAIN, [':authority', 'b']]],
    ['no path', [METHOD, SCHEME, AUTHORITY]],
    ['an unknown pseudo-header', [...PLAIN, [':protocol', 'websocket']]],
    ['a pseudo-header of answers', [...PLAIN, [':status', '200']]],
    ['a line break in the method', [[':method', 'GET / HTTP/1.1\r\nX: '], SCHEME, AUTHORITY, PATH]],
    ['a space in the method', [[':method', 'GET /up/x'], SCHEME, AUTHORITY, PATH]],
    ['a method in lower case', [[':method', 'post'], SCHEME, AUTHORITY, PATH]],
    ['a method that nobody knows', [[':method', 'FROBNICATE'], SCHEME, AUTHORITY, PATH]],
    [
      'CONNECT',
      [
        [':method', 'CONNECT'],
        [':authority', 'a:443'],
      ],
    ],
    ['a scheme that is not this connection’s', [METHOD, [':scheme', 'http'], AUTHORITY, PATH]],
    ['a scheme that is a URL', [METHOD, [':scheme', 'https://evil.example.com/?'], AUTHORITY, PATH]],
    ...(
      [
        ['a line break', '/open/a HTTP/1.1\r\nHost: b\r\n\r\nGET /up/x'],
        ['a space', '/open/a HTTP/1.1'],
        ['a tab', '/open/a\tb'],
        ['a NUL', '/open/a\0'],
        ['a byte beyond ASCII', '/open/\xe9'],
        ['a fragment', '/open/a#b'],
        ['a backslash', '/open\\..\\up/x'],
        ['dots', '/open/../up/x'],
        ['an encoded slash', '/open/..%2fup/x'],
        ['a second slash in front', '//evil.example.com/open/a'],
        ['absolute form', 'https://evil.example.com/open/a'],
        ['no slash', 'open/a'],
        ['a star', '*'],
        ['nothing', ''],
      ] as const
    ).map(([what, path]): [string, readonly Pair[]] => [
      `a path with ${what}`,
      [METHOD, SCHEME, AUTHORITY, [':path', path]],
    ]),
  ])('%s', async (_what, pairs, body) => {
    const sent = await sentWhile(async () => expect([400, 'reset', 'closed']).toContain(await fateOf(pairs, body)));
    expect(sent).toEqual([]);
  });
});

describe('comes out as one request without it', () => {
  it.each<[string, Pair]>([
    ['a line break in a value', ['x-evil', 'a\r\nContent-Length: 0\r\n\r\nGET /up/x HTTP/1.1\r\nHost: a\r\n\r\n']],
    ['a bare line feed in a value', ['x-evil', 'a\nTransfer-Encoding: chunked']],
    ['a bare carriage return in a value', ['x-evil', 'a\rX: y']],
    ['a NUL in a value', ['x-evil', 'a\0b']],
    ['a line break in a name', ['x-evil: a\r\ntransfer-encoding', 'chunked']],
    ['a colon in a name', ['transfer-encoding:', 'chunked']],
    ['a space in a name', ['transfer-encoding ', 'chunked']],
  ])('%s', async (_what, pair) => {
    const sent = await sentWhile(async () => {
      expect([200, 400, 'reset', 'closed']).toContain(await fateOf([...PLAIN, pair], ['hello']));
    });
    expect(sent.length).toBeLessThanOrEqual(1);
    for (const request of sent) {
      expect(request).toMatchObject({ target: '/open/a', framing: 'chunked', body: Buffer.from('hello') });
      expect(request.headers.map(([name]) => name.toLowerCase())).not.toContain('x-evil');
    }
  });

  it('a form of `te` that HTTP/2 allows', async () => {
    const sent = await sentWhile(() => fateOf([...PLAIN, ['te', 'trailers']]));
    expect(sent).toHaveLength(1);
    expect(sent[0]?.values('te')).toEqual([]);
  });

  it('the host said twice, the same', async () => {
    const sent = await sentWhile(async () => expect(await fateOf([...PLAIN, ['host', 'api.example.com']])).toBe(200));
    expect(sent[0]?.values('x-forwarded-host')).toEqual(['api.example.com']);
  });

  it('trailers, identity among them', async () => {
    const sent = await sentWhile(async () => {
      const client = await frameClient(gatehouse().port);
      client.send(headers(1, PLAIN, 'open'), data(1, 'hello', 'open'), headers(1, [['x-user-id', 'u-admin']], 'ended'));
      await client.frame(({ type, stream }) => stream === 1 && type === FRAME.HEADERS);
      client.socket.destroy();
    });
    expect(sent).toHaveLength(1);
    expect(sent[0]).toMatchObject({ body: Buffer.from('hello') });
    expect(upstream.connections.map(({ bytes }) => bytes.toString('latin1')).join()).not.toContain('u-admin');
  });
});

describe('a length that the frames do not keep', () => {
  it.each<[string, string, readonly string[]]>([
    ['more than it says', '5', ['hello', 'GET /up/x HTTP/1.1\r\nHost: a\r\n\r\n']],
    ['less than it says', '10', ['hello']],
  ])('never ends a request upstream in another place: %s', async (_what, length, body) => {
    const sent = await sentWhile(async () => {
      expect([400, 'reset', 'closed']).toContain(await fateOf([...PLAIN, ['content-length', length]], body));
    });
    // A piece of it may have gone out, but no whole request, or the one that was announced.
    for (const request of sent) expect(request).toMatchObject({ target: '/open/a', body: Buffer.from('hello') });
    expect(sent.length).toBeLessThanOrEqual(1);
  });
});

it('an upgrade to HTTP/2 on a plain request is none', async () => {
  const { default: tls } = await import('node:tls');
  const socket = tls.connect({ port: gatehouse().port, host: '127.0.0.1', rejectUnauthorized: false });
  socket.write(
    'GET /open/a HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n',
  );
  let text = '';
  for await (const piece of socket) text += piece.toString('latin1');
  expect(text).toMatch(/^HTTP\/1\.1 200 /);
  expect(upstream.requests.at(-1)?.values('upgrade')).toEqual([]);
  expect(upstream.requests.at(-1)?.values('http2-settings')).toEqual([]);
});
