import { readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createListener } from '../../src/http/listener.ts';
import { milliseconds } from '../../src/model/units.ts';
import { type GatehouseProcess, startGatehouse } from '../support/gatehouse_process.ts';
import { rawClient } from '../support/raw_client.ts';
import { type RecordingUpstream, startRecordingUpstream } from '../support/recording_upstream.ts';

/*
 * Threat: a caller sends a thousand requests in one go, each a few bytes, and reads none of the answers. Had all of them fetched at once,
 * one connection would fill a hundred megabytes; and had nobody watched over an answer behind its end, it would do so for ever.
 */

const GET = 'GET /open/x HTTP/1.1\r\nHost: g\r\n\r\n';
const MANY = 1_500;
/** Just short enough to be passed on in one piece, which nothing keeps back. */
const SIZE = 60_000;
const ANSWER = Buffer.concat([
  Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${SIZE}\r\n\r\n`),
  Buffer.alloc(SIZE, 'x'),
]);

describe.each(['fast', 'full'] as const)('answers that nobody takes, on the %s lane', (lane) => {
  let upstream: RecordingUpstream;
  let gatehouse: GatehouseProcess;
  beforeAll(async () => {
    upstream = await startRecordingUpstream(() => ANSWER);
    gatehouse = await startGatehouse(`
listen: { host: 127.0.0.1, port: 0, fast_lane: ${lane === 'fast'} }
admin: { port: 0 }
store: { type: memory }
routes:
  - { name: open, path: /open/*, upstream: "${upstream.origin}", auth: none }
`);
  });
  afterAll(async () => {
    await gatehouse?.stop();
    await upstream?.close();
  });
  const port = () => Number(new URL(gatehouse.url).port);
  const memory = () =>
    Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${gatehouse.pid}/status`, 'utf8'))?.[1]) / 1024;

  it('are not fetched, and take no memory (G10)', async () => {
    const warm = rawClient(port());
    for (let count = 0; count < 200; count++) {
      warm.send(GET);
      expect((await warm.response()).status).toBe(200);
    }
    warm.close();
    const [before, fetched] = [memory(), upstream.requests.length];
    const client = rawClient(port());
    client.socket.pause();
    client.send(GET.repeat(MANY));
    // What systems hold between two ends is fetched, and no more.
    let last = -1;
    while (upstream.requests.length !== last) {
      last = upstream.requests.length;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    expect(last).toBeGreaterThan(fetched);
    expect(memory() - before).toBeLessThan(50);
    expect(last - fetched).toBeLessThan(MANY / 2);
    // Whoever reads after all gets every one of them.
    client.socket.resume();
    for (let count = 0; count < MANY; count++) expect((await client.response()).body.length).toBe(SIZE);
    client.close();
  });
});

describe('requests behind one that takes long', () => {
  /** Not of the fast lane, whose connections hold bytes. */
  const get = (target: string) => `GET ${target} HTTP/1.1\r\nHost: g\r\nTE: trailers\r\n\r\n`;
  const SLOW = get('/open/slow');
  /** As many as one read brings. */
  const AT_ONCE = 3_600;
  let upstream: RecordingUpstream;
  let gatehouse: GatehouseProcess;
  beforeAll(async () => {
    upstream = await startRecordingUpstream(({ target }) => (target === '/open/slow' ? undefined : ANSWER));
    gatehouse = await startGatehouse(`
listen: { host: 127.0.0.1, port: 0 }
admin: { port: 0 }
store: { type: memory }
routes:
  - { name: open, path: /open/*, upstream: "${upstream.origin}", auth: none }
`);
  });
  afterAll(async () => {
    await gatehouse?.stop();
    await upstream?.close();
  });
  const port = () => Number(new URL(gatehouse.url).port);
  /** The most memory that it has had, in MiB. */
  const most = () =>
    Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${gatehouse.pid}/status`, 'utf8'))?.[1]) / 1024;

  it('take little memory, however many connections bring them, and no place from who sends a few (G10)', async () => {
    const warm = rawClient(port());
    for (let count = 0; count < 200; count++) {
      warm.send(get('/open/x'));
      expect((await warm.response()).status).toBe(200);
    }
    const before = most();
    const clients = Array.from({ length: 40 }, () => rawClient(port()));
    for (const client of clients) client.send(SLOW);
    await expect.poll(() => upstream.requests.length, { timeout: 10_000 }).toBe(200 + clients.length);
    for (const client of clients) client.send('GET / HTTP/1.1\r\n\r\n'.repeat(AT_ONCE));
    // Whoever finds no place is hung up on.
    const open = () => clients.filter(({ socket }) => !socket.destroyed).length;
    await expect.poll(open, { timeout: 15_000 }).toBeLessThan(6);
    expect(most() - before).toBeLessThan(100);
    warm.send(get('/open/x').repeat(10));
    for (let count = 0; count < 10; count++) expect((await warm.response()).status).toBe(200);
    // Who leaves makes room.
    for (const client of clients) client.close();
    warm.send(get('/open/x').repeat(1_000));
    for (let count = 0; count < 1_000; count++) expect((await warm.response()).status).toBe(200);
    warm.close();
  });

  it('are not kept where they are never answered, because that one asks to upgrade and does not (G10)', async () => {
    const [before, asked] = [most(), upstream.requests.length];
    const client = rawClient(port());
    client.send('GET /open/slow HTTP/1.1\r\nHost: g\r\nUpgrade: a\r\nConnection: upgrade\r\n\r\n');
    await expect.poll(() => upstream.requests.length).toBe(asked + 1);
    for (let burst = 0; burst < 30; burst++) {
      await new Promise((resolve) => client.socket.write('GET / HTTP/1.1\r\n\r\n'.repeat(AT_ONCE), resolve));
      // Each is to be a read of its own.
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const later = rawClient(port());
    later.send(get('/open/x'));
    expect((await later.response()).status).toBe(200);
    expect(most() - before).toBeLessThan(50);
    later.close();
    client.close();
  });
});

describe('an answer that is written to its end', () => {
  async function listening(handle: RequestListener, lastBytes: number) {
    const listener = createListener({ host: '127.0.0.1', port: 0, handle, lastBytes: milliseconds(lastBytes) });
    onTestFinished(() => listener.drain(milliseconds(0)));
    return Number(new URL(await listener.listen()).port);
  }

  it('and not taken ends its connection', async () => {
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    const port = await listening((request, response) => {
      request.socket.once('close', () => resolve());
      response.end(Buffer.alloc(16 * 1024 * 1024));
    }, 300);
    const client = rawClient(port);
    client.socket.pause();
    client.send(GET);
    await closed;
    client.close();
  });

  it('may wait as long as it likes for the next request', async () => {
    const port = await listening((_request, response) => response.end('ok'), 100);
    const client = rawClient(port);
    for (let count = 0; count < 2; count++) {
      client.send(GET);
      expect((await client.response()).body).toBe('ok');
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    client.close();
  });
});
