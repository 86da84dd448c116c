import { readdirSync } from 'node:fs';
import type { Server, Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { milliseconds } from '../../src/model/units.ts';
import { route, startLaneServer } from '../support/lane_server.ts';
import { isLong, measured } from '../support/measured.ts';
import { exchange, rawClient } from '../support/raw_client.ts';
import { startRecordingUpstream } from '../support/recording_upstream.ts';

/*
 * Callers hang up: before a byte, in the middle of a head or a body, while the upstream thinks, in the middle of its answer. Each
 * leaves a socket to the upstream, a place in a pool or a limit, or an error that nobody catches, if anything forgets to look.
 * Thousands of them at every stage, with few connections to the upstream: afterwards every socket is gone, every place is free, and
 * callers that stay were served all the time.
 */

const CALLERS = isLong() ? 2_000 : 300;
const AT_ONCE = 25;
const CONNECTIONS = 8;

interface Stage {
  readonly title: string;
  readonly send: (token: string) => string;
  /** Waits for bytes of the answer before it leaves. */
  readonly reads?: boolean;
}

const head = (target: string, token: string, ...lines: string[]) =>
  `${lines.length > 0 ? 'POST' : 'GET'} ${target} HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer ${token}\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;

const stages: readonly Stage[] = [
  { title: 'before a byte', send: () => '' },
  { title: 'in the request line', send: () => 'GET /fas' },
  { title: 'in the head', send: (token) => head('/fast', token).slice(0, -20) },
  { title: 'before the last byte of the head', send: (token) => head('/fast', token).slice(0, -1) },
  { title: 'before the body', send: (token) => head('/fast', token, 'Content-Length: 100') },
  { title: 'in a body with a length', send: (token) => `${head('/fast', token, 'Content-Length: 100')}hello` },
  { title: 'in a chunk', send: (token) => `${head('/fast', token, 'Transfer-Encoding: chunked')}64\r\nhello` },
  { title: 'between chunks', send: (token) => `${head('/fast', token, 'Transfer-Encoding: chunked')}5\r\nhello\r\n` },
  {
    title: 'before the last line of the chunks',
    send: (token) => `${head('/fast', token, 'Transfer-Encoding: chunked')}5\r\nhello\r\n0\r\n`,
  },
  {
    title: 'while it waits to be told to continue',
    send: (token) => head('/fast', token, 'Content-Length: 100', 'Expect: 100-continue'),
  },
  { title: 'while the upstream thinks', send: (token) => head('/slow', token) },
  {
    title: 'while the upstream thinks about a body',
    send: (token) => `${head('/slow', token, 'Content-Length: 5')}hello`,
  },
  { title: 'while its second request waits', send: (token) => head('/slow', token) + head('/fast', token) },
  { title: 'in an answer with a length', send: (token) => head('/length', token), reads: true },
  { title: 'in an answer in chunks', send: (token) => head('/chunks', token), reads: true },
  { title: 'in a long answer that it does not read', send: (token) => head('/large', token) },
  { title: 'behind a whole answer', send: (token) => head('/fast', token), reads: true },
  { title: 'behind a refusal', send: () => head('/fast', 'x'.repeat(48)), reads: true },
];

const ways: readonly ((socket: Socket) => void)[] = [
  (socket) => void socket.destroy(),
  (socket) => void socket.resetAndDestroy(),
  (socket) => {
    socket.end();
    setTimeout(() => socket.destroy(), 5);
  },
];

/** What the upstream says; it never ends the slow ones, so a call that is not given up holds its connection. */
const answers: Record<string, string> = {
  '/fast': 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  '/length': 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc',
  '/chunks': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n',
  '/large': `HTTP/1.1 200 OK\r\nContent-Length: 400000\r\n\r\n${'x'.repeat(400_000)}`,
};

const descriptors = () => readdirSync('/proc/self/fd').length;
const connectionsOf = (server: Server) =>
  new Promise<number>((resolve, reject) =>
    server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  );

async function until(isSo: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = performance.now() + 8_000;
  while (!(await isSo()) && performance.now() < deadline) await delay(20);
}

describe.each(['full', 'fast'] as const)('through the %s lane', (via) => {
  it(`${CALLERS} callers hang up at ${stages.length} stages, and nothing stays behind`, {
    timeout: 180_000,
  }, async () => {
    const upstream = await startRecordingUpstream(({ target }) => answers[target]);
    const lane = await startLaneServer({
      via,
      routes: [
        route('/*', upstream.origin, {
          limits: { concurrent: 2 * AT_ONCE },
          upstream: { maxConnections: CONNECTIONS, queue: 1_000, connectTimeout: milliseconds(5_000) },
        }),
      ],
    });
    const token = await lane.token();
    const good = async () => (await exchange(lane.port, head('/fast', token))).body;
    const full = () => Promise.all(Array.from({ length: CONNECTIONS * 2 }, good));
    await full();
    await until(async () => (await connectionsOf(lane.server)) === 0);
    const baseline = descriptors();

    let next = 0;
    let served = 0;
    const worker = async () => {
      for (let at = next++; at < CALLERS; at = next++) {
        const stage = stages[at % stages.length] as Stage;
        const client = rawClient(lane.port);
        const gone = new Promise((resolve) => client.socket.once('close', resolve));
        const leave = () => (ways[Math.floor(at / stages.length) % ways.length] ?? ways[0])?.(client.socket);
        client.send(stage.send(token));
        if (stage.reads) client.socket.once('data', leave);
        else client.socket.once('connect', () => setTimeout(leave, (at * 7) % 13));
        await gone;
        if (at % 10 === 0 && (await good()) === 'ok') served++;
      }
    };
    const began = performance.now();
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    expect(served).toBe(Math.ceil(CALLERS / 10));

    // Every place of the pool and of the limit is free: as many calls as before go through at once.
    await until(async () => (await connectionsOf(lane.server)) === 0);
    expect(await connectionsOf(lane.server)).toBe(0);
    expect(new Set(await full())).toEqual(new Set(['ok']));
    await until(() => Math.abs(descriptors() - baseline) <= 5);
    const left = descriptors() - baseline;
    expect(Math.abs(left)).toBeLessThanOrEqual(5);
    expect(upstream.connections.filter(({ open }) => open).length).toBeLessThanOrEqual(CONNECTIONS);
    // A body that broke off never arrived as a whole one.
    for (const { body } of upstream.requests) expect([0, 5]).toContain(body.length);
    expect(new Set(lane.exchanges.map(({ requestId }) => requestId)).size).toBe(lane.exchanges.length);
    measured({
      id: 'U4',
      what: `callers that hung up; sockets more than before (${via} lane)`,
      count: CALLERS,
      max: left,
      unit: 'sockets',
    });
    expect(performance.now() - began).toBeLessThan(CALLERS * 60 + 10_000);
    await lane.close();
    await upstream.close();
  });
});
