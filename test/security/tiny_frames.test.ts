/*
 * The same as tiny_chunks over HTTP/2: a body in frames of one byte. The windows of a connection count bytes, so a megabyte of them may
 * be under way, and a server that keeps each as an object of its own needs hundreds of megabytes for a connection whose bodies wait.
 */
import { readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTlsGatehouse } from '../http/tls_gatehouse.ts';
import { data, FRAME, frameClient, headers } from '../support/http2_frames.ts';
import { measured } from '../support/measured.ts';
import { type RecordingUpstream, startRecordingUpstream } from '../support/recording_upstream.ts';

const CONNECTIONS = 2;
const STREAMS = 8;
const BYTES = 60_000;
const GROWN_MB = 50;

let upstream: RecordingUpstream;
let gatehouse: Awaited<ReturnType<typeof startTlsGatehouse>>;
/** Takes one call, and never answers it. */
const taken = Promise.withResolvers<void>();
const busy = createServer((socket) => {
  held.push(socket.on('error', () => {}));
  taken.resolve();
});
const held: Socket[] = [];
beforeAll(async () => {
  upstream = await startRecordingUpstream();
  await new Promise<void>((resolve) => busy.listen(0, '127.0.0.1', resolve));
  const { port } = busy.address() as { port: number };
  const one = `{ targets: ["http://127.0.0.1:${port}"], max_connections: 1, connect_timeout: 20s }`;
  gatehouse = await startTlsGatehouse('', {
    listen: ', max_delay: 60s',
    routes: `  - { name: open, path: /open/*, upstream: "${upstream.origin}", auth: none }
  - { name: busy, path: /busy/*, upstream: ${one}, auth: none }`,
  });
  const first = await frameClient(gatehouse.port);
  first.send(head(1, '/busy/x'), data(1, 'a', 'ended'));
  await taken.promise;
});
afterAll(async () => {
  await gatehouse?.stop();
  for (const socket of held) socket.destroy();
  busy.close();
  await upstream?.close();
});

const memory = () =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${gatehouse.process.pid}/status`, 'utf8'))?.[1]) / 1024;

const head = (stream: number, path: string) =>
  headers(
    stream,
    [
      [':method', 'POST'],
      [':scheme', 'https'],
      [':authority', 'a'],
      [':path', path],
    ],
    'open',
  );
const crumbs = (stream: number, count = BYTES) =>
  Buffer.concat(Array.from({ length: count }, () => data(stream, 'a', 'open')));

it('reaches an upstream that takes it whole', { timeout: 30_000 }, async () => {
  const client = await frameClient(gatehouse.port);
  client.send(head(1, '/open/x'), crumbs(1), data(1, '', 'ended'));
  expect(await client.frame(({ type, stream }) => type === FRAME.HEADERS && stream === 1)).toBeDefined();
  client.socket.destroy();
  expect(upstream.requests.map(({ body }) => body.toString())).toEqual(['a'.repeat(BYTES)]);
});

it('costs no more than its bytes while it waits for a connection to its upstream', { timeout: 60_000 }, async () => {
  const before = memory();
  let most = 0;
  const sampling = setInterval(() => (most = Math.max(most, memory())), 20);
  const clients = await Promise.all(Array.from({ length: CONNECTIONS }, () => frameClient(gatehouse.port)));
  for (const client of clients) {
    for (let stream = 1; stream < 2 * STREAMS; stream += 2) client.send(head(stream, '/busy/y'), crumbs(stream));
  }
  await expect.poll(() => clients.every(({ socket }) => socket.writableLength === 0), { timeout: 30_000 }).toBe(true);
  await delay(1_000);
  clearInterval(sampling);
  for (const { socket } of clients) socket.destroy();
  const grown = Math.max(0, most - before);
  expect(grown).toBeLessThan(GROWN_MB);
  const what = `growth by ${CONNECTIONS} connections with bodies of tiny frames that wait`;
  measured({ id: 'G10', what, count: CONNECTIONS * STREAMS, max: grown, unit: 'MB' });
});

it('is broken off when there is more of it than is kept for an upstream that does not take it', {
  timeout: 30_000,
}, async () => {
  const client = await frameClient(gatehouse.port);
  client.send(head(1, '/busy/z'), crumbs(1, BYTES + 20_000));
  const reset = await client.frame(({ type, stream }) => type === FRAME.RST_STREAM && stream === 1);
  // ENHANCE_YOUR_CALM (RFC 9113 §7).
  expect(reset?.payload.readUInt32BE()).toBe(0xb);
  client.socket.destroy();
});
