import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { AnswerHead, Outgoing } from '../../src/gateway/upstream/exchange.ts';
import { createUpstreams } from '../../src/gateway/upstream/upstreams.ts';
import type { Upstream } from '../../src/model/route.ts';
import { milliseconds } from '../../src/model/units.ts';
import { startDeafListener } from '../support/deaf_listener.ts';
import { route } from '../support/lane_server.ts';
import { type Script, startRecordingUpstream } from '../support/recording_upstream.ts';
import { begin, CollectingReader, call, type Told } from '../support/upstream_call.ts';
import { startWorkerUpstream } from '../support/worker_upstream.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const it of open.splice(0).reverse()) await it.close();
});

const GOOD = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

async function start(script?: Script, more: Partial<Upstream> = {}) {
  const upstream = await startRecordingUpstream(script);
  const upstreams = createUpstreams({});
  open.push(upstream, upstreams);
  return { upstream, upstreams, to: route('/*', upstream.origin, { upstream: more }) };
}

/** An address where nobody listens. */
async function nowhere(): Promise<string> {
  const server: Server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

/** Answers only when told to, in the order of the requests. */
function onDemand() {
  const waiting: Socket[] = [];
  const script: Script = (_request, socket) => void waiting.push(socket);
  return { script, waiting, answer: () => void waiting.shift()?.write(GOOD) };
}

describe('a connection that the upstream had closed before the call was sent on it', () => {
  /** @param rest how long it was idle, in milliseconds. */
  async function called(deed: 'close' | 'reset' | 'answer', rest: number, more: Partial<Outgoing> = {}) {
    const upstream = await startWorkerUpstream();
    const upstreams = createUpstreams({});
    open.push(upstream, { close: async () => void upstreams.close() });
    const to = route('/*', upstream.origin);
    await call(upstreams, to);
    await new Promise((resolve) => setTimeout(resolve, rest));
    const before = await upstream.seen();
    const { promise, resolve } = Promise.withResolvers<Told>();
    await upstream.meanwhile(deed, () => void call(upstreams, to, more).then(resolve));
    const told = await promise;
    const { requests, connections } = await upstream.seen();
    return { told, requests: requests - before.requests, connections: connections - before.connections };
  }

  for (const deed of ['close', 'reset', 'answer'] as const) {
    it(`(${deed}), idle for a while, costs a GET nothing: it is sent on a fresh one`, async () => {
      const { told, ...seen } = await called(deed, 250);
      expect(told).toMatchObject({ status: 200, body: 'ok', error: undefined });
      expect(seen).toEqual({ requests: 1, connections: 1 });
    });

    it(`(${deed}), idle for a while, costs a POST its answer, and the upstream sees none`, async () => {
      const { told, ...seen } = await called(deed, 250, { method: 'POST' });
      expect(told.error).toMatchObject({ problem: 'unreachable' });
      expect(seen).toEqual({ requests: 0, connections: 0 });
    });

    it(`(${deed}), busy a moment ago, makes no two calls of one`, async () => {
      const { told, requests } = await called(deed, 0);
      // It may have an answer or none, as it happens: an upstream that has closed may still have read it.
      expect(requests).toBe(1);
      expect(told.error?.problem ?? told.body).toMatch(/^(ok|unreachable|nonsense)$/);
    });
  }
});

describe('an idle connection', () => {
  it('on which something comes is closed', async () => {
    const sockets = new Set<Socket>();
    const { upstream, upstreams, to } = await start((_request, socket) => {
      sockets.add(socket);
      return GOOD;
    });
    await call(upstreams, to);
    for (const socket of sockets) socket.write(GOOD);
    await upstream.idle();
    expect(await call(upstreams, to)).toMatchObject({ status: 200, error: undefined });
    expect(upstream.connections).toHaveLength(2);
  });

  it('is closed before the upstream would close it', async () => {
    const { upstream, upstreams, to } = await start(
      () => 'HTTP/1.1 200 OK\r\nKeep-Alive: timeout=2, max=5\r\nContent-Length: 0\r\n\r\n',
    );
    const begun = performance.now();
    await call(upstreams, to);
    await upstream.idle();
    expect(performance.now() - begun).toBeGreaterThan(900);
    expect(performance.now() - begun).toBeLessThan(2_000);
  });

  it('is not kept if the upstream would close it within a second', async () => {
    const { upstream, upstreams, to } = await start(
      () => 'HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 0\r\n\r\n',
    );
    await call(upstreams, to);
    await upstream.idle();
  });

  it('carries the next call, and the one after it', async () => {
    const { upstream, upstreams, to } = await start();
    for (let turn = 0; turn < 5; turn++) await call(upstreams, to);
    await Promise.all(Array.from({ length: 3 }, () => call(upstreams, to)));
    expect(upstream.connections).toHaveLength(3);
  });
});

const HANDSHAKE = { method: 'GET', target: '/x', headers: [], body: 'none', upgrade: 'websocket' } as const;

/** Who asks to switch, and listens to what the upstream says after that. */
function listener() {
  const reader = new CollectingReader();
  const heard = new Promise<string>((resolve) => {
    Object.assign(reader, {
      onSwitch(_head: AnswerHead, connection: Socket) {
        open.push({ close: async () => void connection.destroy() });
        connection.once('data', (words: Buffer) => resolve(String(words))).resume();
      },
    });
  });
  return { reader, heard };
}

async function switches(there: Socket | undefined): Promise<void> {
  there?.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  await new Promise((resolve) => setTimeout(resolve, 50));
  there?.write('hello');
}

describe('the bound of connections', () => {
  it('lets further calls wait for one', async () => {
    const { upstream, upstreams, to } = await start(undefined, { maxConnections: 2 });
    const all = await Promise.all(Array.from({ length: 20 }, () => call(upstreams, to)));
    expect(all.every(({ status, error }) => status === 200 && error === undefined)).toBe(true);
    expect(upstream.connections).toHaveLength(2);
  });

  it('refuses what would have to wait behind too many', async () => {
    const { script, answer } = onDemand();
    const { upstream, upstreams, to } = await start(script, { maxConnections: 1, queue: 1 });
    const [first, second, third] = [1, 2, 3].map(() => call(upstreams, to));
    expect((await third)?.error).toMatchObject({ problem: 'overloaded', code: 'queue_full' });
    await upstream.next();
    answer();
    expect(await first).toMatchObject({ status: 200 });
    await upstream.next();
    answer();
    expect(await second).toMatchObject({ status: 200 });
  });

  it('lets nothing wait for longer than a connection may take', async () => {
    const { script, answer } = onDemand();
    const more = { maxConnections: 1, connectTimeout: milliseconds(150) };
    const { upstream, upstreams, to } = await start(script, more);
    const first = call(upstreams, to);
    expect((await call(upstreams, to)).error).toMatchObject({ problem: 'overloaded', code: 'queue_timeout' });
    await upstream.next();
    answer();
    expect(await first).toMatchObject({ status: 200 });
  });

  it('gives the place of a connection that broke, or whose call was taken away, to who waits', async () => {
    const { script, waiting, answer } = onDemand();
    const { upstream, upstreams, to } = await start(script, { maxConnections: 1 });
    const broken = call(upstreams, to);
    const taken = begin(upstreams, to);
    const gone = begin(upstreams, to);
    const last = call(upstreams, to);
    await upstream.next();
    gone.sending.abort();
    waiting.shift()?.destroy();
    expect((await broken).error).toMatchObject({ problem: 'unreachable' });
    await upstream.next();
    taken.sending.abort();
    waiting.shift();
    await upstream.next();
    answer();
    expect(await last).toMatchObject({ status: 200 });
    expect(upstream.requests).toHaveLength(3);
  });

  it('gives a call that may switch protocols a connection of its own, also when it had to wait for it', async () => {
    const { script, waiting, answer } = onDemand();
    const { upstream, upstreams, to } = await start(script, { maxConnections: 1 });
    const first = call(upstreams, to);
    await upstream.next();
    const { reader, heard } = listener();
    upstreams.send({ ...HANDSHAKE, route: to }, reader);
    answer();
    expect(await first).toMatchObject({ status: 200 });
    await upstream.next();
    await switches(waiting[0]);
    expect(await heard).toBe('hello');
    expect(upstream.connections).toHaveLength(2);
  });

  it('closes one that is idle for a call that needs one of its own', async () => {
    const { script, waiting, answer } = onDemand();
    const { upstream, upstreams, to } = await start(script, { maxConnections: 1 });
    const first = call(upstreams, to);
    await upstream.next();
    answer();
    expect(await first).toMatchObject({ status: 200 });
    const { reader, heard } = listener();
    upstreams.send({ ...HANDSHAKE, route: to }, reader);
    await upstream.next();
    await switches(waiting[0]);
    expect(await heard).toBe('hello');
  });
});

describe('a call that finds no connection', () => {
  it('goes to another target, once, if its method may', async () => {
    const { upstream, upstreams } = await start();
    const targets = [await nowhere(), upstream.origin];
    const to = route('/*', targets);
    for (const method of ['GET', 'PUT', 'DELETE'])
      expect(await call(upstreams, { ...to, name: method }, { method })).toMatchObject({ status: 200 });
    const told = await call(upstreams, route('/*', targets), { method: 'POST' });
    expect(told.error).toMatchObject({ problem: 'unreachable', code: 'ECONNREFUSED' });
    const never = route('/*', targets, { upstream: { retries: 0 } });
    expect((await call(upstreams, never)).error).toMatchObject({ code: 'ECONNREFUSED' });
    const all = route('/*', [await nowhere(), await nowhere(), upstream.origin]);
    expect((await call(upstreams, all)).error).toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('takes its body along', async () => {
    const { upstream, upstreams } = await start();
    const to = route('/*', [await nowhere(), upstream.origin]);
    const { sending, told } = begin(upstreams, to, {
      method: 'PUT',
      headers: ['Content-Length', '11'],
      body: 'length',
    });
    expect(sending.write(Buffer.from('hello '))).toBe(false);
    sending.write(Buffer.from('world'));
    sending.end();
    expect(await told).toMatchObject({ status: 200 });
    expect((await upstream.next()).body.toString()).toBe('hello world');
  });

  it('is told of it after it began, and of nothing once it was taken away', async () => {
    const upstreams = createUpstreams({});
    const deaf = await startDeafListener();
    open.push(upstreams, deaf);
    const one = begin(upstreams, route('/*', deaf.origin, { upstream: { connectTimeout: milliseconds(100) } }));
    const other = begin(upstreams, route('/*', deaf.origin, { upstream: { connectTimeout: milliseconds(50) } }));
    other.sending.abort();
    expect((await one.told).error).toMatchObject({ problem: 'timeout', code: 'connect_timeout' });
    expect(await Promise.race([other.told, 'silence'])).toBe('silence');
  });
});

describe('a body', () => {
  it('that is longer or shorter than was said never becomes a request', async () => {
    const { upstream, upstreams, to } = await start();
    const terms = { method: 'POST', headers: ['Content-Length', '5'], body: 'length' } as const;
    const long = begin(upstreams, to, terms);
    long.sending.write(Buffer.from('hello world'));
    expect((await long.told).error).toMatchObject({ problem: 'unsendable' });
    const short = begin(upstreams, to, terms);
    short.sending.write(Buffer.from('hell'));
    short.sending.end();
    expect((await short.told).error).toMatchObject({ problem: 'unsendable' });
    await upstream.idle();
    expect(upstream.requests).toHaveLength(0);
  });

  it('is asked for again when there is room', async () => {
    const { upstream, upstreams, to } = await start();
    const { sending, reader, told } = begin(upstreams, to, { method: 'POST', body: 'chunked' });
    const piece = Buffer.alloc(100_000, 'x');
    for (let turn = 0; turn < 20; turn++) {
      if (sending.write(piece)) continue;
      while (reader.drains === 0) await new Promise((resolve) => setTimeout(resolve, 2));
      reader.drains = 0;
    }
    sending.end();
    expect(await told).toMatchObject({ status: 200 });
    expect((await upstream.next()).body.length).toBe(2_000_000);
  });
});

describe('a header that could end its line', () => {
  for (const [title, headers] of [
    ['a line break in a value', ['X', 'a\r\nX-User-Id: root']],
    ['a line feed in a value', ['X', 'a\nb']],
    ['a zero byte', ['X', 'a\0b']],
    ['a character whose low byte is a line feed', ['X', 'aĊb']],
    ['a colon in a name', ['X: 1\r\nY', 'b']],
    ['a space in a name', ['X Y', 'b']],
  ] as const) {
    it(`(${title}) is not sent`, async () => {
      const { upstream, upstreams, to } = await start();
      expect((await call(upstreams, to, { headers })).error).toMatchObject({ problem: 'unsendable' });
      expect((await call(upstreams, to)).status).toBe(200);
      expect(upstream.requests).toHaveLength(1);
    });
  }

  it('nor is a target or a method that could', async () => {
    const { upstream, upstreams, to } = await start();
    for (const more of [{ target: '/x HTTP/1.1\r\nX: y' }, { target: '/x y' }, { method: 'GET /y' }, { method: '' }])
      expect((await call(upstreams, to, more)).error).toMatchObject({ problem: 'unsendable' });
    expect(upstream.requests).toHaveLength(0);
  });
});

it('a call may take so long in all, however it flows', async () => {
  const { upstream, upstreams, to } = await start(
    (_request, socket) => {
      const flow = setInterval(() => socket.write('1\r\na\r\n'), 20);
      socket.on('close', () => clearInterval(flow));
      return 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
    },
    { totalTimeout: milliseconds(250) },
  );
  const told = await call(upstreams, to);
  expect(told).toMatchObject({ status: 200, error: { problem: 'timeout', code: 'total_timeout' } });
  await upstream.idle();
});

it('closing lets calls under way finish and takes no more', async () => {
  const { script, answer } = onDemand();
  const { upstream, upstreams, to } = await start(script);
  const late = call(upstreams, to);
  await upstream.next();
  const closed = upstreams.close();
  expect((await call(upstreams, to)).error).toMatchObject({ problem: 'unreachable', code: 'closing' });
  answer();
  expect(await late).toMatchObject({ status: 200 });
  await closed;
  await upstream.idle();
});
