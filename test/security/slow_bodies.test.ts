import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { milliseconds } from '../../src/model/units.ts';
import { startTlsGatehouse } from '../http/tls_gatehouse.ts';
import { type GatehouseProcess, startGatehouse } from '../support/gatehouse_process.ts';
import { answerOf } from '../support/http2_client.ts';
import { data, FRAME, frameClient, headers } from '../support/http2_frames.ts';
import { route, startLaneServer } from '../support/lane_server.ts';
import { rawClient } from '../support/raw_client.ts';
import { type RecordingUpstream, startRecordingUpstream } from '../support/recording_upstream.ts';

/*
 * Threat: a caller that sends a byte of its body whenever the time for a pause is nearly over. No pause is ever too long, and each such
 * call holds a connection to the upstream, and one of its workers, for days.
 */

const RATE = 500;
/** More than any caller has: whatever is counted that is not its fault would end its call. */
const ANY_WAIT_IS_TOO_LONG = 1_000_000_000;
/** Milliseconds: what a body may pause on these routes, and so how long it may be slow. */
const PAUSE = 2_000;
const DRIP = 100;
/** The same where the upstream is the slow one: a busy machine keeps callers waiting too, and must not be blamed. */
const LONG_PAUSE = 4_000;

/** Far more than what systems hold between three ends. */
const LONG = 6 * 1024 * 1024;
const PIECE = 65_536;

/** Takes a piece of what it is sent now and then, after a while the rest at once, and answers when it has so many bytes of a body. */
async function startSlowUpstream() {
  const sockets = new Set<Socket>();
  /** Bytes of each call, by its target. */
  const taken = new Map<string, number>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const began = performance.now();
    let target: string | undefined;
    socket.on('data', (chunk) => {
      if (performance.now() - began < LONG_PAUSE + 1_500) socket.pause();
      target ??= chunk.toString('latin1').split(' ')[1] ?? '';
      const count = (taken.get(target) ?? 0) + chunk.length;
      taken.set(target, count);
      if (count >= LONG) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    });
    const timer = setInterval(() => socket.resume(), 70);
    socket.on('error', () => {});
    socket.on('close', () => {
      clearInterval(timer);
      sockets.delete(socket);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    taken,
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

let upstream: RecordingUpstream;
let slow: Awaited<ReturnType<typeof startSlowUpstream>>;
let gatehouse: GatehouseProcess;
let impatient: Awaited<ReturnType<typeof startTlsGatehouse>>;
beforeAll(async () => {
  upstream = await startRecordingUpstream();
  slow = await startSlowUpstream();
  const open = `  - { name: open, path: /open/*, upstream: { targets: ["${upstream.origin}"], idle_timeout: ${PAUSE}ms }, auth: none }\n`;
  const slowly = `  - { name: slow, path: /slow/*, upstream: { targets: ["${slow.origin}"], idle_timeout: ${LONG_PAUSE}ms }, auth: none }\n`;
  const listen = `listen: { host: 127.0.0.1, port: 0, min_body_rate: ${RATE} }`;
  gatehouse = await startGatehouse(`${listen}\nadmin: { port: 0 }\nstore: { type: memory }\nroutes:\n${open}`);
  const rate = `, min_body_rate: ${ANY_WAIT_IS_TOO_LONG}`;
  impatient = await startTlsGatehouse(upstream.origin, { listen: rate, routes: open + slowly });
});
afterAll(async () => {
  await gatehouse?.stop();
  await impatient?.stop();
  await upstream?.close();
  await slow?.close();
});

const portOf = ({ url }: GatehouseProcess) => Number(new URL(url).port);
const post = (path: string, ...lines: string[]) => [`POST ${path} HTTP/1.1`, 'Host: g', ...lines, '', ''].join('\r\n');

/** Resolves when the slow upstream has all but the last piece of a body. */
const takenOf = (target: string) =>
  expect.poll(() => slow.taken.get(target) ?? 0, { timeout: 20_000 }).toBeGreaterThan(LONG - PIECE);

interface Framing {
  readonly head: (length: number) => string;
  readonly framed: (text: string) => string;
  readonly end: string;
}
const WITH_LENGTH: Framing = { head: (length) => `Content-Length: ${length}`, framed: (text) => text, end: '' };
const IN_CHUNKS: Framing = {
  head: () => 'Transfer-Encoding: chunked',
  framed: (text) => `${text.length.toString(16)}\r\n${text}\r\n`,
  end: '0\r\n\r\n',
};

/** Sends a byte now and then until it is told to stop. */
function dripping(send: (byte: string) => void): () => void {
  const timer = setInterval(() => send('x'), DRIP);
  return () => clearInterval(timer);
}

// Chunks are not in the grammar of the fast lane.
describe.each([
  ['with a length, on the fast lane', WITH_LENGTH],
  ['in chunks, on the full lane', IN_CHUNKS],
])('a body %s', (_lane, { head, framed, end }) => {
  it.concurrent('that comes byte by byte is 408, and holds neither its connection nor one to the upstream', async () => {
    const client = rawClient(portOf(gatehouse));
    client.send(post('/open/x', head(1_000_000)));
    const stop = dripping((byte) => client.socket.writable && client.send(framed(byte)));
    const answer = await client.response().finally(stop);
    expect([answer.status, JSON.parse(answer.body).error]).toEqual([408, 'request_timeout']);
    expect(answer.values('connection')).toEqual(['close']);
    await client.closed();
    await upstream.idle();
    expect(await gatehouse.line(/BodyTooSlow/)).toContain('"status":408');
  });

  it.concurrent('that is quick at first and then comes byte by byte has a second for each 500 bytes', async () => {
    const client = rawClient(portOf(gatehouse));
    client.send(post('/open/x', head(1_000_000)) + framed('x'.repeat(2 * RATE)));
    const began = performance.now();
    const stop = dripping((byte) => client.socket.writable && client.send(framed(byte)));
    expect((await client.response().finally(stop)).status).toBe(408);
    expect(performance.now() - began).toBeGreaterThan(PAUSE + 2_000);
    await client.closed();
    await upstream.idle();
  });

  it.concurrent('that comes as slowly as a very poor line brings it gets through', async () => {
    const client = rawClient(portOf(gatehouse));
    const [piece, count] = ['x'.repeat((RATE * DRIP * 2) / 1_000), 35];
    client.send(post('/open/x', head(piece.length * count)));
    for (let sent = 0; sent < count; sent++) {
      await sleep(DRIP);
      client.send(framed(piece));
    }
    client.send(end);
    expect((await client.response()).status).toBe(200);
    client.close();
  });

  it.concurrent('that a slow upstream keeps waiting is not blamed for it', async () => {
    const client = rawClient(impatient.port, true);
    const began = performance.now();
    const target = `/slow/${end.length}`;
    client.send(post(target, head(LONG)));
    for (let sent = 0; sent < LONG - PIECE; sent += PIECE) client.send(framed('x'.repeat(PIECE)));
    await takenOf(target);
    expect(performance.now() - began).toBeGreaterThan(LONG_PAUSE + 1_000);
    // What is still to come has a long way.
    await sleep(500);
    client.send(framed('x'.repeat(PIECE)) + end);
    expect((await client.response()).status).toBe(200);
    client.close();
  });
});

describe('a body over HTTP/2', () => {
  it.concurrent('that comes byte by byte ends, and its connection serves on', async () => {
    const client = await frameClient(impatient.port);
    const head = [
      [':method', 'POST'],
      [':scheme', 'https'],
      [':authority', 'a'],
      [':path', '/open/x'],
    ] as const;
    client.send(headers(1, head, 'open'));
    const stop = dripping((byte) => client.send(data(1, byte, 'open')));
    await client.frame(({ type, stream }) => type === FRAME.HEADERS && stream === 1).finally(stop);
    expect(await impatient.process.line(/BodyTooSlow/)).toContain('"status":408');
    client.send(headers(3, head, 'open'), data(3, 'whole', 'ended'));
    expect(await client.frame(({ type, stream }) => type === FRAME.HEADERS && stream === 3)).toBeDefined();
    client.socket.destroy();
  });

  it.concurrent('that a slow upstream keeps waiting is not blamed for it', async () => {
    const session = await impatient.client();
    const stream = session.request({ ':method': 'POST', ':path': '/slow/h2' }, { endStream: false });
    const answer = answerOf(stream);
    for (let sent = 0; sent < LONG - PIECE; sent += PIECE) stream.write('x'.repeat(PIECE));
    await takenOf('/slow/h2');
    await sleep(500);
    stream.end('x'.repeat(PIECE));
    expect((await answer).status).toBe(200);
    session.destroy();
  });
});

it.each(['fast', 'full'] as const)('without a least rate, a body may come byte by byte: %s lane', async (via) => {
  const terms = { auth: 'none' as const, upstream: { idleTimeout: milliseconds(300) } };
  const lane = await startLaneServer({ via, routes: [route('/*', upstream.origin, terms)] });
  const client = rawClient(lane.port);
  client.send(post('/x', 'Content-Length: 10'));
  let left = 10;
  const stop = dripping((byte) => left-- > 0 && client.send(byte));
  expect((await client.response().finally(stop)).status).toBe(200);
  client.close();
  await lane.close();
});
