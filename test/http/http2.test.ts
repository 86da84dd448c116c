import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { constants } from 'node:http2';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { answerOf, ask } from '../support/http2_client.ts';
import { data, frameClient, headers, reset } from '../support/http2_frames.ts';
import { type RecordedRequest, type RecordingUpstream, startRecordingUpstream } from '../support/recording_upstream.ts';
import { startTlsGatehouse, tlsGatehouse } from './tls_gatehouse.ts';

const run = promisify(execFile);
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

let upstream: RecordingUpstream;
let script: (request: RecordedRequest, socket: Socket) => string | Buffer | undefined = () => OK;
let onHead: (socket: Socket) => void = () => {};
const gatehouse = tlsGatehouse(async () => {
  upstream = await startRecordingUpstream(
    (request, socket) => script(request, socket),
    (_head, socket) => onHead(socket),
  );
  return upstream.origin;
});
afterAll(() => upstream.close());
beforeEach(() => {
  script = () => OK;
  onHead = () => {};
});

/** Asks on a connection of its own. */
async function askOnce(headers: Parameters<typeof ask>[1], body?: readonly (string | Buffer)[]) {
  const session = await gatehouse().client();
  try {
    return await ask(session, headers, body);
  } finally {
    session.destroy();
  }
}

const pairs = (list: readonly string[]): [string, string][] =>
  list.flatMap((name, at) => (at % 2 === 0 ? [[name, list[at + 1] ?? '']] : []));

const last = (): RecordedRequest => {
  const request = upstream.requests.at(-1);
  if (request === undefined) throw new Error('nothing came');
  return request;
};

describe('a call over HTTP/2', () => {
  it('reaches the upstream as one HTTP/1.1 request with the identity of its token, and is answered', async () => {
    script = () =>
      Buffer.from(
        'HTTP/1.1 203 Fine\r\nContent-Length: 4\r\nConnection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nX-Own: \xe9\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\nbody',
        'latin1',
      );
    const { token, port } = gatehouse();
    const answer = await askOnce([
      ...[':method', 'GET', ':path', '/up/a%20b?q=1', ':scheme', 'https', ':authority', `localhost:${port}`],
      ...[
        'authorization',
        `Bearer ${token}`,
        'x-user-id',
        'mallory',
        'cookie',
        'a=1',
        'cookie',
        'b=2',
        'te',
        'trailers',
      ],
    ]);
    expect(answer).toMatchObject({ status: 203, body: 'body', complete: true });
    expect(answer.headers).toMatchObject({ 'x-own': '\xe9', 'set-cookie': ['a=1', 'b=2'], 'content-length': '4' });
    expect(answer.headers).toHaveProperty('date');
    for (const name of ['connection', 'keep-alive', 'transfer-encoding', 'x-hop'])
      expect(answer.headers).not.toHaveProperty(name);
    const request = last();
    expect(request).toMatchObject({ method: 'GET', target: '/up/a%20b?q=1', version: 'HTTP/1.1' });
    expect(request.values('x-client-id')).toEqual(['app']);
    expect(request.values('x-user-id')).toEqual([]);
    expect(request.values('cookie')).toEqual(['a=1; b=2']);
    expect(request.values('authorization')).toEqual([]);
    expect(request.values('host')).toHaveLength(1);
    expect(request.values('x-forwarded-proto')).toEqual(['https']);
    expect(request.values('x-forwarded-host')).toEqual([`localhost:${port}`]);
    expect(request.values('x-request-id')).toEqual([answer.headers['x-request-id']]);
    expect(request.headers.filter(([name]) => name.startsWith(':') || name.toLowerCase() === 'te')).toEqual([]);
  });

  it('is refused without a token, in the words of HTTP/1.1', async () => {
    const before = upstream.requests.length;
    const answer = await askOnce({ ':path': '/up/x' });
    expect(answer).toMatchObject({ status: 401, complete: true });
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="gatehouse"');
    expect(upstream.requests).toHaveLength(before);
  });

  it('shares its connection with others that are under way', async () => {
    const held: Socket[] = [];
    script = (_request, socket) => void held.push(socket);
    const session = await gatehouse().client();
    const answers = Array.from({ length: 50 }, (_, at) => ask(session, { ':path': `/open/${at}` }));
    while (held.length < 50) await new Promise((resolve) => setTimeout(resolve, 5));
    for (const socket of held) socket.write(OK);
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Array(50).fill(200));
    session.destroy();
  });

  it('carries a body with its length, and without', async () => {
    await askOnce({ ':method': 'POST', ':path': '/open/a', 'content-length': 10 }, ['hello', 'world']);
    expect(last()).toMatchObject({ framing: 'length', body: Buffer.from('helloworld') });
    await askOnce({ ':method': 'DELETE', ':path': '/open/a' }, ['hello', 'world']);
    expect(last()).toMatchObject({ framing: 'chunked', body: Buffer.from('helloworld') });
    expect((await askOnce({ ':method': 'POST', ':path': '/open/a' })).status).toBe(200);
    expect(last().body).toHaveLength(0);
  });

  it('carries megabytes both ways unchanged', async () => {
    const whole = Buffer.from(Array.from({ length: 3_000_000 }, (_, at) => (at * 7 + (at >> 8)) & 0xff));
    script = ({ body }) =>
      Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`), body]);
    const answer = await askOnce({ ':method': 'PUT', ':path': '/open/big' }, [whole]);
    expect(answer.complete).toBe(true);
    expect(last().body.equals(whole)).toBe(true);
    expect(Buffer.from(answer.body, 'latin1').equals(whole)).toBe(true);
  });

  it.each([
    ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n', 200],
    ['GET', 'HTTP/1.1 204 No Content\r\n\r\n', 204],
    ['GET', 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n', 304],
    ['GET', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', 200],
  ])('has no body where HTTP/1.1 has none: %s %j', async (method, bytes, status) => {
    script = () => bytes;
    expect(await askOnce({ ':method': method, ':path': '/open/a' })).toMatchObject({
      status,
      body: '',
      complete: true,
    });
  });

  it('is asked for its body only when somebody wants it', async () => {
    const session = await gatehouse().client();
    const head = { ':method': 'POST', expect: '100-continue' };
    const refused = session.request({ ...head, ':path': '/up/x' }, { endStream: false });
    expect((await answerOf(refused)).status).toBe(401);
    const stream = session.request({ ...head, ':path': '/open/x' }, { endStream: false });
    const answer = answerOf(stream);
    await once(stream, 'continue');
    stream.end('wanted');
    expect((await answer).status).toBe(200);
    expect(last().body.toString()).toBe('wanted');
    session.destroy();
  });

  it('gets an early answer whole, and is told to stop sending', async () => {
    onHead = (socket) => socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 5\r\n\r\nlarge');
    script = () => undefined;
    const session = await gatehouse().client();
    const stream = session.request({ ':method': 'POST', ':path': '/open/x' }, { endStream: false });
    stream.write('a piece');
    expect(await answerOf(stream)).toMatchObject({ status: 413, body: 'large', code: constants.NGHTTP2_NO_ERROR });
    session.destroy();
  });

  it('streams, each piece as it comes', async () => {
    let send: Socket | undefined;
    script = (_request, socket) => {
      send = socket;
      return 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n';
    };
    const session = await gatehouse().client();
    const stream = session.request({ ':path': '/open/events' });
    await once(stream, 'response');
    for (const event of ['data: 1\n\n', 'data: 2\n\n']) {
      send?.write(event);
      expect(String((await once(stream, 'data'))[0])).toBe(event);
    }
    stream.close(constants.NGHTTP2_CANCEL);
    await once(send ?? stream, 'close');
    session.destroy();
  });

  it('waits for a slow reader instead of remembering what it has not read', async () => {
    const total = 64 * 1024 * 1024;
    let sent = 0;
    script = (_request, socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`);
      const piece = Buffer.alloc(65_536, 'x');
      const more = (): void => {
        while (sent < total) {
          sent += piece.length;
          if (!socket.write(piece)) return void socket.once('drain', more);
        }
      };
      more();
      return undefined;
    };
    const session = await gatehouse().client();
    const stream = session.request({ ':path': '/open/big' });
    stream.pause();
    await once(stream, 'response');
    // It comes to rest: nothing has moved for a while.
    for (let before = -1; before !== sent; ) {
      before = sent;
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    expect(sent).toBeLessThan(total / 4);
    const other = await ask(session, { ':path': '/up/x' });
    expect(other.status).toBe(401);
    let read = 0;
    stream.on('data', (piece: Buffer) => (read += piece.length)).resume();
    await once(stream, 'end');
    expect(read).toBe(total);
    session.destroy();
  });

  it('passes trailers of the upstream on to who said that it takes them', async () => {
    script = () =>
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 7\r\n\r\n';
    const answer = await askOnce({ ':path': '/open/a', te: 'trailers' });
    expect(answer).toMatchObject({ body: 'ok', complete: true, trailers: { 'x-sum': '7' } });
  });

  it('passes every line of them on, and none that HTTP/2 has no way to say, which would end the process', async () => {
    script = () =>
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nHTTP2-Settings: AAMA\r\nX-Sum: 7\r\nX-Sum: 8\r\n\r\n';
    const answer = await askOnce({ ':path': '/open/a', te: 'trailers' });
    expect(answer).toMatchObject({ body: 'ok', complete: true, trailers: { 'x-sum': '7, 8' } });
    expect(answer.trailers).not.toHaveProperty('http2-settings');
  });
});

describe('a stream that breaks', () => {
  it.each([
    ['POST', 'with an error', constants.NGHTTP2_CANCEL],
    ['POST', 'without one', constants.NGHTTP2_NO_ERROR],
    ['HEAD', 'without one', constants.NGHTTP2_NO_ERROR],
  ])('in the middle of its body never looks complete upstream: %s reset %s', async (method, _how, code) => {
    const reached = Promise.withResolvers<Socket>();
    onHead = (socket) => reached.resolve(socket);
    const before = upstream.requests.length;
    const client = await frameClient(gatehouse().port);
    const head = [':method', method, ':scheme', 'https', ':authority', 'a', ':path', '/open/upload'];
    client.send(headers(1, pairs(head), 'open'), data(1, 'half of it', 'open'));
    const socket = await reached.promise;
    client.send(reset(1, code));
    await new Promise((resolve) => socket.once('close', resolve));
    expect(upstream.requests).toHaveLength(before);
    client.socket.destroy();
  });

  it('takes its upstream connection with it, and no other stream', async () => {
    const reached = Promise.withResolvers<Socket>();
    script = (_request, socket) => void reached.resolve(socket);
    const session = await gatehouse().client();
    const stream = session.request({ ':path': '/open/slow' });
    stream.on('error', () => {});
    const socket = await reached.promise;
    script = () => OK;
    stream.close(constants.NGHTTP2_CANCEL);
    await new Promise((resolve) => socket.once('close', resolve));
    expect((await ask(session, { ':path': '/open/other' })).status).toBe(200);
    session.destroy();
  });

  it.each([
    ['a length', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'],
    ['chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n'],
  ])('upstream in the middle of an answer never looks complete to the caller: %s', async (_what, bytes) => {
    script = (_request, socket) => void socket.end(bytes);
    const answer = await askOnce({ ':path': '/open/a' });
    expect(answer).toMatchObject({ status: 200, complete: false, code: constants.NGHTTP2_INTERNAL_ERROR });
  });
});

describe('the port', () => {
  it('speaks HTTP/1.1, with its limits, to who did not ask for HTTP/2', async () => {
    const { port, cert } = gatehouse();
    const ca = await readFile(cert, 'utf8');
    const bytes = await new Promise<string>((resolve) => {
      const socket = connectTls({ port, host: '127.0.0.1', servername: 'localhost', ca, ALPNProtocols: ['http/1.1'] });
      let text = '';
      socket.on('data', (piece) => (text += piece.toString('latin1')));
      socket.on('close', () => resolve(text));
      socket.write(
        `GET /open/a HTTP/1.1\r\nHost: a\r\n\r\nGET /open/b HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(20_000)}`,
      );
    });
    expect(bytes).toMatch(/^HTTP\/1.1 200 .*HTTP\/1.1 431 /s);
  });

  it('answers curl and h2load', async () => {
    const { port, cert, token } = gatehouse();
    const curl = ['-sS', '--http2', '--cacert', cert, '-o', '/dev/null', '-w', '%{http_version} %{http_code}'];
    const { stdout } = await run('curl', [
      ...curl,
      '-H',
      `Authorization: Bearer ${token}`,
      `https://localhost:${port}/up/x`,
    ]);
    expect(stdout).toBe('2 200');
    const load = await run('h2load', ['-n', '2000', '-c', '4', '-m', '20', `https://localhost:${port}/open/x`]);
    expect(load.stdout).toMatch(/2000 succeeded, 0 failed, 0 errored, 0 timeout/);
  });

  it('offers no HTTP/2 where the configuration says so', async () => {
    const plain = await startTlsGatehouse(upstream.origin, { listen: ', http2: false', http2: false });
    const curl = ['-sS', '--http2', '--cacert', plain.cert, '-o', '/dev/null', '-w', '%{http_version} %{http_code}'];
    const { stdout } = await run('curl', [...curl, `https://localhost:${plain.port}/open/x`]);
    expect(stdout).toBe('1.1 200');
    await plain.stop();
  });
});

it('ends what is under way, and takes nothing more, when the process is told to stop', async () => {
  const own = await startTlsGatehouse(upstream.origin);
  const reached = Promise.withResolvers<Socket>();
  script = (_request, socket) => void reached.resolve(socket);
  const session = await own.client();
  const idle = await own.client();
  const held = ask(session, { ':path': '/open/held' });
  const socket = await reached.promise;
  const told = [once(session, 'goaway'), once(idle, 'close')];
  const stopped = own.process.stop('SIGTERM');
  await Promise.all(told);
  socket.write(OK);
  expect(await held).toMatchObject({ status: 200, body: 'ok', complete: true });
  expect(await stopped).toBe(0);
  await own.stop();
});
