import { once } from 'node:events';
import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { createListener } from '../../src/http/listener.ts';
import { milliseconds } from '../../src/model/units.ts';
import { selfSigned } from '../http/self_signed.ts';
import { type LaneServer, route, startLaneServer } from '../support/lane_server.ts';
import { exchange, type RawResponse, rawClient } from '../support/raw_client.ts';
import { type Script, startRecordingUpstream } from '../support/recording_upstream.ts';

/** What only the fast lane has to show; what both lanes promise is in the tests that vitest.config.ts runs with each. */

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const it of open.splice(0).reverse()) await it.close();
});

async function start(script?: Script, more: Parameters<typeof route>[2] = { auth: 'none' }) {
  const upstream = await startRecordingUpstream(script);
  open.push(upstream);
  const lane = await startLaneServer({ via: 'fast', routes: [route('/*', upstream.origin, more)] });
  open.push(lane);
  return { upstream, lane, port: lane.port };
}

/** The same lane behind the listener of the product. */
async function listen(lane: LaneServer, tls?: { cert: string; key: string }, headersTimeout = 10_000) {
  const listener = createListener({
    ...{ host: '127.0.0.1', port: 0, tls, http2: false, headersTimeout: milliseconds(headersTimeout) },
    handle: (request, response) => lane.lane.handle(request, response),
    firstReader: lane.fastLane,
  });
  const url = new URL(await listener.listen());
  open.push({ close: () => listener.drain(milliseconds(0)) });
  return { listener, port: Number(url.port) };
}

const GET = 'GET /x HTTP/1.1\r\nHost: g\r\n\r\n';
const post = (body: string) => `POST /x HTTP/1.1\r\nHost: g\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const CHUNKED = 'POST /x HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n';

describe('a connection', () => {
  it('is carried as long as what comes is plain, one request after the other', async () => {
    const { upstream, lane, port } = await start();
    const client = rawClient(port);
    for (let call = 0; call < 3; call++) {
      client.send(GET);
      expect(await client.response()).toMatchObject({ status: 200, body: 'ok' });
    }
    client.send(post('one') + GET + post('two'));
    for (let call = 0; call < 3; call++) expect((await client.response()).status).toBe(200);
    expect(upstream.requests.map(({ body }) => body.toString())).toEqual(['', '', '', 'one', '', 'two']);
    expect(lane.fastLane?.stats()).toEqual({ taken: 6, handedOver: 0 });
    client.close();
  });

  it('is handed over for good with the first request that is not, and no byte is lost', async () => {
    const { upstream, lane, port } = await start();
    const client = rawClient(port);
    client.send(GET + post('one') + CHUNKED + post('two') + CHUNKED);
    for (let call = 0; call < 5; call++) expect((await client.response()).status).toBe(200);
    client.send(GET);
    expect((await client.response()).status).toBe(200);
    const bodies = upstream.requests.map(({ body }) => body.toString());
    expect(bodies.toSorted()).toEqual(['', '', 'hello', 'hello', 'one', 'two']);
    expect(lane.fastLane?.stats()).toEqual({ taken: 2, handedOver: 1 });
    client.close();
  });

  it('whose head comes in some pieces is carried, and in very many is handed over', async () => {
    const { lane, port } = await start();
    for (const [count, stats] of [
      [3, { taken: 1, handedOver: 0 }],
      [20, { taken: 1, handedOver: 1 }],
    ] as const) {
      const client = rawClient(port);
      const size = Math.ceil(GET.length / count);
      for (let at = 0; at < GET.length; at += size) {
        client.send(GET.slice(at, at + size));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      expect((await client.response()).status).toBe(200);
      expect(lane.fastLane?.stats()).toEqual(stats);
      client.close();
    }
  });

  it.each([
    ['that begins with a head and never ends it', 'GET / HTTP/1.1\r\nHost: a\r\nX-Slow: '],
    ['that never says anything', ''],
  ])('%s is soon left to the time-outs of node:http', async (_what, bytes) => {
    const { lane } = await start();
    const { port } = await listen(lane, undefined, 300);
    const client = rawClient(port);
    if (bytes !== '') client.send(bytes);
    expect((await client.response()).status).toBe(408);
    expect(lane.fastLane?.stats()).toEqual({ taken: 0, handedOver: 1 });
  });

  it('over TLS is carried too, and is told to be secure', async () => {
    const { upstream, lane } = await start();
    const tls = await selfSigned();
    const { port } = await listen(lane, tls);
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const big = 'x'.repeat(300_000);
    socket.write(post(big));
    const [answer] = await once(socket, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    const request = await upstream.next();
    expect(request.values('x-forwarded-proto')).toEqual(['https']);
    expect(request.body.length).toBe(big.length);
    expect(lane.fastLane?.stats()).toEqual({ taken: 1, handedOver: 0 });
    socket.write(GET + CHUNKED + GET);
    for (const body of ['', 'hello', '']) expect((await upstream.next()).body.toString()).toBe(body);
    expect(lane.fastLane?.stats()).toEqual({ taken: 2, handedOver: 1 });
    socket.destroy();
  });
});

describe('a body that nobody reads', () => {
  it('is skipped if it is short, and what follows it is the next request', async () => {
    const { upstream, port } = await start(undefined, { auth: 'required' });
    const client = rawClient(port);
    client.send(post(GET) + GET);
    for (let call = 0; call < 2; call++) {
      const answer = await client.response();
      expect(answer.status).toBe(401);
      expect(answer.values('connection')).toEqual(['keep-alive']);
    }
    client.send('GET /x HTTP/1.1\r\nHost: g\r\nConnection: close\r\n\r\n');
    expect((await client.response()).status).toBe(401);
    expect(await client.closed()).toHaveLength(0);
    expect(upstream.requests).toHaveLength(0);
  });

  it('ends the connection if it is long, without taking the answer away', async () => {
    const { port } = await start(undefined, { auth: 'required' });
    const client = rawClient(port);
    client.send('POST /x HTTP/1.1\r\nHost: g\r\nContent-Length: 5000000\r\n\r\n');
    client.send('x'.repeat(1_000_000));
    const answer = await client.response();
    expect(answer.status).toBe(401);
    expect(answer.values('connection')).toEqual(['close']);
    await client.closed();
  });
});

it('a caller that does not read its answer is cut off after the idle time, and the upstream let go', async () => {
  const { upstream, lane, port } = await start(
    (_request, socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n');
      const pump = () => {
        while (socket.write(Buffer.alloc(65_536)));
      };
      socket.on('drain', pump);
      pump();
      return undefined;
    },
    { auth: 'none', upstream: { idleTimeout: milliseconds(300) } },
  );
  const client = rawClient(port);
  client.socket.pause();
  client.send(GET);
  expect(await lane.reported()).toMatchObject({ status: 499 });
  await expect.poll(() => upstream.connections[0]?.open).toBe(false);
  client.close();
});

it('a caller that pipelines and does not read is not read from either', async () => {
  const { upstream, port } = await start(() => `HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n${'x'.repeat(60_000)}`);
  const client = rawClient(port);
  client.socket.pause();
  for (let call = 0; call < 2_000; call++) client.send(GET);
  let before = -1;
  while (upstream.requests.length !== before || before <= 0) {
    before = upstream.requests.length;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect(upstream.requests.length).toBeLessThan(1_000);
  client.close();
});

describe('when the listener drains', () => {
  it('an exchange under way ends with Connection: close, and its connection with it', async () => {
    let answer = () => {};
    const { upstream, lane } = await start((_request, socket) => {
      answer = () => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate');
      return undefined;
    });
    const { listener, port } = await listen(lane);
    const client = rawClient(port);
    client.send(GET);
    await upstream.next();
    const drained = listener.drain(milliseconds(5_000));
    answer();
    const response = await client.response();
    expect(response).toMatchObject({ status: 200, body: 'late' });
    expect(response.values('connection')).toEqual(['close']);
    await client.closed();
    await drained;
  });

  it('a connection that was kept alive is closed at once, and one that said nothing a little later', async () => {
    const { lane } = await start();
    const { listener, port } = await listen(lane);
    const [idle, silent] = [rawClient(port), rawClient(port)];
    idle.send(GET);
    await idle.response();
    const began = performance.now();
    const drained = listener.drain(milliseconds(30_000));
    await idle.closed();
    expect(performance.now() - began).toBeLessThan(1_000);
    await silent.closed();
    await drained;
    expect(performance.now() - began).toBeLessThan(4_000);
  });

  it('a request that is on the way is still answered, and says so', async () => {
    const { lane } = await start();
    const { listener, port } = await listen(lane);
    const client = rawClient(port);
    client.send(GET);
    await client.response();
    client.send(GET);
    const drained = listener.drain(milliseconds(5_000));
    const answer = await client.response();
    expect(answer.status).toBe(200);
    expect(answer.values('connection')).toEqual(['close']);
    await drained;
  });

  it('a connection that still sends a body which was refused is closed soon after its end', async () => {
    const { lane } = await start(undefined, {});
    const { listener, port } = await listen(lane);
    const client = rawClient(port);
    client.send('POST /x HTTP/1.1\r\nHost: g\r\nContent-Length: 10\r\n\r\n12345');
    expect((await client.response()).status).toBe(401);
    const began = performance.now();
    const drained = listener.drain(milliseconds(8_000));
    client.send('67890');
    await client.closed();
    await drained;
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  it('what is left when the time is up is cut', async () => {
    const { upstream, lane } = await start(() => undefined);
    const { listener, port } = await listen(lane);
    const client = rawClient(port);
    client.send(GET);
    await upstream.next();
    await listener.drain(milliseconds(200));
    expect(await client.closed()).toHaveLength(0);
    expect(await lane.reported()).toMatchObject({ status: 499 });
  });
});

describe('answers have the same head in both lanes:', () => {
  const CASES: readonly (readonly [title: string, request: string, answer: string])[] = [
    ['a length', GET, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: b\r\n\r\nok'],
    [
      'a date of its own',
      GET,
      'HTTP/1.1 201 Made\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Length: 2\r\n\r\nok',
    ],
    ['chunks', GET, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-T: 1\r\n\r\n'],
    ['no body', GET, 'HTTP/1.1 204 No Content\r\nETag: "1"\r\n\r\n'],
    ['nothing new', GET, 'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n'],
    ['a length of 0', GET, 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
    ['an unknown status', GET, 'HTTP/1.1 299 Odd\r\nContent-Length: 0\r\n\r\n'],
    ['HEAD', GET.replace('GET', 'HEAD'), 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n'],
    ['HEAD without a length', GET.replace('GET', 'HEAD'), 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
    [
      'the last of a connection',
      GET.replace('Host', 'Connection: close\r\nHost'),
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
    ],
    ['a refusal', GET.replace('/x', '/closed'), ''],
    ['a refusal of HEAD', GET.replace('GET /x', 'HEAD /closed'), ''],
    ['an ambiguous target', GET.replace('/x', '/x/../y'), ''],
    ['no such route', GET.replace('Host: g', 'Host: other'), ''],
    ['nonsense', GET, 'SSH-2.0\r\n\r\n'],
  ];
  it.each(CASES)('%s', async (_title, request, bytes) => {
    const upstream = await startRecordingUpstream(() => bytes);
    open.push(upstream);
    const host = { host: 'g' };
    const routes = [
      route('/x', upstream.origin, { auth: 'none', ...host }),
      route('/closed', upstream.origin, { auth: 'required', ...host }),
    ];
    const seen: unknown[] = [];
    for (const via of ['full', 'fast'] as const) {
      const lane = await startLaneServer({ via, routes });
      open.push(lane);
      const method = request.slice(0, request.indexOf(' '));
      seen.push(withoutWhatDiffers(await exchange(lane.port, request, method)));
      expect(lane.fastLane?.stats().taken).toBe(via === 'fast' ? 1 : undefined);
    }
    expect(seen[1]).toEqual(seen[0]);
  });

  /** The id is another for each request, and a second may have passed. The order of headers of different names means nothing. */
  function withoutWhatDiffers({ status, headers, body }: RawResponse) {
    const lines = headers.map(([name, value]) => `${name}: ${name === 'X-Request-Id' ? '' : value}`);
    return { status, body, lines: lines.map((line) => line.replace(/^Date: .* 20\d\d .*/, 'Date')).sort() };
  }
});
