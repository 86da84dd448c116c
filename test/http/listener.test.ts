import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect as connectTls } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createListener } from '../../src/http/listener.ts';
import { milliseconds } from '../../src/model/units.ts';
import { exchange, rawClient } from '../support/raw_client.ts';
import { type EdgeOptions, startEdge } from './edge_under_test.ts';
import { selfSigned } from './self_signed.ts';

async function edgeWith(options: EdgeOptions = {}) {
  const edge = await startEdge(options);
  onTestFinished(() => edge.drain());
  return edge;
}

describe('bytes that make no request', () => {
  it.each([
    ['garbage', 'GARBAGE\r\n\r\n', 400],
    ['a TLS handshake', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['a bare line feed in a header', 'GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n', 400],
    ['a space before the colon', 'GET / HTTP/1.1\r\nHost : a\r\n\r\n', 400],
    [
      'two ways to find the end',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['a negative length', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n', 400],
    ['a NUL in a header', 'GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n', 400],
    ['a request line without an end', `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 414],
    ['a header without an end', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
    ['headers without an end', `GET / HTTP/1.1\r\nHost: a\r\n${'X: y\r\n'.repeat(10_000)}\r\n`, 431],
    ['a tunnel', 'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n', 400],
  ])('get a JSON answer and the end of the connection: %s', async (_what, bytes, status) => {
    const edge = await edgeWith();
    const client = rawClient(edge.port);
    client.send(bytes);
    const answer = await client.response();
    expect(answer.status).toBe(status);
    expect(answer.values('connection')).toEqual(['close']);
    expect(JSON.parse(answer.body)).toEqual({ error: expect.any(String), error_description: expect.any(String) });
    expect(await client.closed()).toHaveLength(0);
    const requestId = answer.values('x-request-id')[0];
    expect(edge.exchanges).toMatchObject([{ requestId, method: '', path: '', status, refused: expect.any(String) }]);
  });

  it('get 408 when a head does not end in time, or never begins', async () => {
    const listener = createListener({
      host: '127.0.0.1',
      port: 0,
      handle: () => {},
      headersTimeout: milliseconds(200),
    });
    const port = Number(new URL(await listener.listen()).port);
    onTestFinished(() => listener.drain(milliseconds(0)));
    const clients = ['', 'GET / HTTP/1.1\r\nHost: a\r\nX-Slow: '].map((bytes) => {
      const client = rawClient(port);
      if (bytes) client.send(bytes);
      return client;
    });
    const answers = await Promise.all(clients.map((client) => client.response()));
    expect(answers.map(({ status }) => status)).toEqual([408, 408]);
  });

  it.each([
    ['garbage', 'GARBAGE\r\n\r\n'],
    ['a tunnel', 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n'],
  ])('never disturb the answer to a request that came before them: %s', async (_what, bytes) => {
    const { promise: reached, resolve } = Promise.withResolvers<() => void>();
    const edge = await edgeWith({ lane: (_request, response) => resolve(() => response.end('first')) });
    const client = rawClient(edge.port);
    client.send(`GET /a HTTP/1.1\r\nHost: a\r\n\r\n${bytes}`);
    const answer = await reached;
    answer();
    expect(await client.response()).toMatchObject({ status: 200, body: 'first' });
    expect(await client.closed()).toHaveLength(0);
  });

  it('get their answer even while they keep coming', async () => {
    const edge = await edgeWith();
    const client = rawClient(edge.port);
    client.send(`GET / HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(20_000)}`);
    const writing = setInterval(() => client.send('a'.repeat(100_000)), 1);
    expect((await client.response()).status).toBe(431);
    await client.closed();
    clearInterval(writing);
    expect(edge.exchanges).toHaveLength(1);
  });

  it('cut an answer whose own request has turned out to be broken', async () => {
    const edge = await edgeWith({
      lane: (_request, response) => {
        response.writeHead(200, { 'Content-Length': '10' });
        response.write('half');
      },
    });
    const client = rawClient(edge.port);
    client.send('POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
    while (client.socket.bytesRead === 0) await once(client.socket, 'data');
    client.send('ZZ\r\n');
    const answer = await client.response();
    expect(answer).toMatchObject({ status: 200, complete: false });
  });

  it('do not take away an answer that was given before they came', async () => {
    const edge = await edgeWith({ lane: (_request, response) => response.writeHead(403).end('no') });
    const client = rawClient(edge.port);
    client.send('POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: strange\r\n\r\n');
    expect(await client.response()).toMatchObject({ status: 403, body: 'no', complete: true });
    await client.closed();
  });

  it('harm nobody else when the caller breaks the connection behind them', async () => {
    const edge = await edgeWith();
    const uncaught: unknown[] = [];
    const onUncaught = (error: unknown) => void uncaught.push(error);
    process.on('uncaughtException', onUncaught);
    onTestFinished(() => void process.off('uncaughtException', onUncaught));
    for (const bytes of ['GARBAGE\r\n\r\n', 'CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n']) {
      const client = rawClient(edge.port);
      client.send(bytes);
      expect((await client.response()).status).toBe(400);
      client.socket.resetAndDestroy();
      await client.closed();
      // Node has told the listener of the reset before it tells it of anything that came later.
      expect((await exchange(edge.port, 'GET /x HTTP/1.1\r\nHost: a\r\n\r\n')).status).toBe(200);
    }
    expect(uncaught).toEqual([]);
  });

  it('get 400 in the middle of a body that nobody has answered yet', async () => {
    const edge = await edgeWith({ lane: () => {} });
    const client = rawClient(edge.port);
    client.send('POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nZZ\r\n');
    expect((await client.response()).status).toBe(400);
    await client.closed();
  });
});

describe('the listener', () => {
  it('treats an upgrade as the ordinary request that it is, and as the last of its connection', async () => {
    const edge = await edgeWith();
    const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n';
    const client = rawClient(edge.port);
    client.send(`GET /demo HTTP/1.1\r\nHost: a\r\n${upgrade}\r\n`);
    const answer = await client.response();
    expect(answer).toMatchObject({ status: 200, body: 'lane' });
    expect(answer.values('connection')).toEqual(['close']);
    expect(String(await client.closed())).toBe('');
  });

  it('hands on every header line, however many there are', async () => {
    const edge = await edgeWith({ lane: (request, response) => response.end(String(request.rawHeaders.length / 2)) });
    const lines = 'X: y\r\n'.repeat(2_500);
    const answer = await exchange(edge.port, `GET /demo HTTP/1.1\r\nHost: a\r\n${lines}\r\n`);
    expect(answer.body).toBe('2501');
  });

  it('asks for no body before somebody wants it', async () => {
    const edge = await edgeWith({ lane: (_request, response) => response.writeHead(403).end() });
    const client = rawClient(edge.port);
    client.send('POST /demo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n');
    expect((await client.response()).status).toBe(403);
    client.close();
  });

  it('takes a request with an expectation that nobody knows for any other: nothing is answered past log and decision', async () => {
    const edge = await edgeWith();
    const answer = await exchange(edge.port, 'GET /demo HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\n\r\n');
    expect(answer).toMatchObject({ status: 200, body: 'lane' });
    const reported = edge.nextExchange();
    const own = 'GET /.well-known/oauth-authorization-server HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\n\r\n';
    expect((await exchange(edge.port, own)).status).toBe(200);
    expect(await reported).toMatchObject({ method: 'GET', status: 200 });
  });

  it('says when its address is taken', async () => {
    const edge = await edgeWith();
    await expect(startEdge({ listen: { port: edge.port } })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('speaks TLS with the certificate of the configuration, and marks what came over it as secure', async () => {
    const tls = await selfSigned();
    const edge = await edgeWith({
      listen: { tls },
      lane: (request, response) => response.end(String('encrypted' in request.socket)),
    });
    expect(edge.url).toMatch(/^https:/);
    const ca = await readFile(tls.cert, 'utf8');
    const socket = connectTls({ port: edge.port, host: '127.0.0.1', servername: 'localhost', ca });
    await once(socket, 'secureConnect');
    expect(socket.getPeerX509Certificate()?.fingerprint256).toBe(new X509Certificate(ca).fingerprint256);
    socket.write('GET /demo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toContain('true');
    const plain = rawClient(edge.port);
    plain.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await plain.closed();
  });
});
