/**
 * The threat: a body in chunks of one byte. What is a few hundred kilobytes on the wire becomes an object for each byte in a server
 * that keeps pieces as they come, a hundred times as much memory, and a call of everything for each of them. Limits count bytes and do
 * not see it; a token is not needed where bodies are read before somebody has signed in, and one is enough where a body waits.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeSelfSigned } from '../http/self_signed.ts';
import { demoConfig } from '../support/demo_config.ts';
import { type GatehouseProcess, startGatehouse } from '../support/gatehouse_process.ts';
import { measured } from '../support/measured.ts';
import { rawClient } from '../support/raw_client.ts';
import { type RecordingUpstream, startRecordingUpstream } from '../support/recording_upstream.ts';
import { type StallReports, stallReports } from '../support/stall_reports.ts';
import { startCalls } from '../support/steady_calls.ts';
import { aliceTokens } from '../support/token_client.ts';

const CALLERS = 20;
/** Below what our own endpoints read and a stream holds: the limit of bytes is never met. */
const BYTES = 60_000;
const GROWN_MB = 50;
const CRUMBS = Buffer.from('1\r\na\r\n'.repeat(BYTES));

describe.each(['fast', 'full'] as const)('bodies of tiny chunks, on a listener with the %s lane', (lane) => {
  let gatehouse: GatehouseProcess;
  let upstream: RecordingUpstream;
  let token: string;
  /** Takes one call, and never answers it. */
  const busy = createServer((socket) => void held.push(socket.on('error', () => {})));
  const held: Socket[] = [];
  beforeAll(async () => {
    upstream = await startRecordingUpstream();
    await new Promise<void>((resolve) => busy.listen(0, '127.0.0.1', resolve));
    const { port } = busy.address() as { port: number };
    // What it costs is looked at here; that a process which is behind its work says so has tests of its own.
    const listen = `listen: { host: 127.0.0.1, port: 0, max_delay: 60s, fast_lane: ${lane === 'fast'} }\n`;
    const one = `{ targets: ["http://127.0.0.1:${port}"], max_connections: 1, connect_timeout: 20s }`;
    const routes = `  - { name: open, path: /open/*, upstream: "${upstream.origin}", auth: none }
  - { name: busy, path: /busy/*, upstream: ${one}, auth: none }\n`;
    const yaml = await demoConfig('{ type: memory }', listen);
    gatehouse = await startGatehouse(yaml.replace(/^routes:\n/m, `routes:\n${routes}`));
    token = (await aliceTokens(gatehouse.url)).access_token;
    // A process grows with its first work, whatever that is.
    const clients = pour('/open/first', '0\r\n\r\n');
    for (const client of clients) expect((await client.response()).status).toBe(200);
    for (const client of clients) client.close();
  }, 60_000);
  afterAll(async () => {
    await gatehouse?.stop('SIGKILL');
    for (const socket of held) socket.destroy();
    busy.close();
    await upstream?.close();
  });

  const memory = () =>
    Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${gatehouse.pid}/status`, 'utf8'))?.[1]) / 1024;

  /** @returns the connections, on each of which a whole body of tiny chunks is under way. @param end without it the body goes on. */
  function pour(target: string, end: string) {
    const { port } = new URL(gatehouse.url);
    return Array.from({ length: CALLERS }, () => {
      const client = rawClient(Number(port));
      const type = 'Content-Type: application/x-www-form-urlencoded';
      client.send(`POST ${target} HTTP/1.1\r\nHost: a\r\n${type}\r\nTransfer-Encoding: chunked\r\n\r\n`);
      client.send(CRUMBS);
      client.send(end);
      return client;
    });
  }

  /** What `attack` costs in memory while others call, who must not notice. */
  async function growth(what: string, attack: () => Promise<void>): Promise<void> {
    const calls = startCalls(() => ({ url: `${gatehouse.url}/demo/hello`, token }), 50);
    await expect.poll(() => calls.outcomes.length, { timeout: 10_000 }).toBeGreaterThan(50);
    const before = memory();
    let most = 0;
    const sampling = setInterval(() => (most = Math.max(most, memory())), 20);
    await attack();
    clearInterval(sampling);
    const outcomes = await calls.stop();
    const good = outcomes.filter(({ status }) => status === 200).length;
    expect(good / outcomes.length).toBeGreaterThan(0.98);
    const grown = Math.max(0, most - before);
    expect(grown).toBeLessThan(GROWN_MB);
    measured({
      id: 'G10',
      what: `growth by ${CALLERS} bodies of tiny chunks, ${what}`,
      count: CALLERS,
      max: grown,
      unit: 'MB',
    });
  }

  it('are read by our own endpoints at the price of their bytes', { timeout: 60_000 }, async () => {
    await growth(`to the token endpoint (${lane} lane)`, async () => {
      // Never ended at first: all of them are held at the same time.
      const clients = pour('/oauth2/token', '');
      await expect
        .poll(() => clients.every(({ socket }) => socket.writableLength === 0), { timeout: 20_000 })
        .toBe(true);
      await delay(500);
      for (const client of clients) client.send('0\r\n\r\n');
      for (const client of clients) expect([400, 401]).toContain((await client.response()).status);
      for (const client of clients) client.close();
    });
  });

  it('reach the upstream whole', { timeout: 60_000 }, async () => {
    await growth(`carried (${lane} lane)`, async () => {
      const clients = pour('/open/x', '0\r\n\r\n');
      for (const client of clients) expect((await client.response()).status).toBe(200);
      for (const client of clients) client.close();
    });
    const bodies = upstream.requests.filter(({ target }) => target === '/open/x').map(({ body }) => body);
    expect(bodies.map((body) => body.length)).toEqual(Array.from({ length: CALLERS }, () => BYTES));
    expect(bodies.every((body) => body.every((byte) => byte === 0x61))).toBe(true);
  });

  it('wait for a place at the price of their bytes', { timeout: 60_000 }, async () => {
    const first = rawClient(Number(new URL(gatehouse.url).port));
    first.send('GET /busy/x HTTP/1.1\r\nHost: a\r\n\r\n');
    await expect.poll(() => held.length, { timeout: 10_000 }).toBe(1);
    await growth(`that wait for a connection to their upstream (${lane} lane)`, async () => {
      const clients = pour('/busy/y', '');
      await delay(3_000);
      for (const client of clients) client.close();
    });
    first.close();
  });
});

// All that has come on a TLS connection is handed to Node's parser in one turn, and a body of crumbs is ten thousand calls in each read.
describe.each(['fast', 'full'] as const)('bodies of tiny chunks over TLS, on a listener with the %s lane', (lane) => {
  const ROUNDS = 2;
  /** Of the turns of the event loop, as in floods.test.ts: some are long because the machine is slow just then. */
  const LET_PASS = 4;
  /** A turn reads each connection once, 64 KiB at most, which is 5 ms of work: twice that on a busy machine. Together they would be 0.4 s. */
  const STALL_MS = CALLERS * 10;
  let gatehouse: GatehouseProcess;
  let upstream: RecordingUpstream;
  let stalls: StallReports;
  let tls: Awaited<ReturnType<typeof makeSelfSigned>>;
  beforeAll(async () => {
    upstream = await startRecordingUpstream();
    stalls = await stallReports();
    tls = await makeSelfSigned();
    const keys = `tls: { cert: ${tls.cert}, key: ${tls.key} }`;
    gatehouse = await startGatehouse(
      `
listen: { host: 127.0.0.1, port: 0, max_delay: 60s, fast_lane: ${lane === 'fast'}, ${keys} }
admin: { port: 0 }
store: { type: memory }
clients: [{ id: app, secret: a-secret-for-the-app, grants: [client_credentials], scopes: [a] }]
routes: [{ name: open, path: /open/*, upstream: "${upstream.origin}", auth: none }]
`,
      stalls.env,
    );
  }, 60_000);
  afterAll(async () => {
    await gatehouse?.stop('SIGKILL');
    await Promise.all([upstream?.close(), stalls?.remove(), tls?.remove()]);
  });

  it('let others have their turn', { timeout: 120_000 }, async () => {
    const clients = Array.from({ length: CALLERS }, () => rawClient(Number(new URL(gatehouse.url).port), true));
    await Promise.all(clients.map(({ socket }) => once(socket, 'secureConnect')));
    await stalls.report(gatehouse);
    const before = upstream.requests.length;
    for (let round = 0; round < ROUNDS; round++) {
      // The second behind the first, in one go.
      for (const target of ['/open/x', '/oauth2/token']) {
        for (const client of clients) {
          const type = 'Content-Type: application/x-www-form-urlencoded';
          client.send(`POST ${target} HTTP/1.1\r\nHost: a\r\n${type}\r\nTransfer-Encoding: chunked\r\n\r\n`);
          client.send(CRUMBS);
          client.send('0\r\n\r\n');
        }
      }
      for (const client of clients) {
        expect((await client.response()).status).toBe(200);
        expect((await client.response()).status).toBe(400);
      }
    }
    const { longest } = await stalls.report(gatehouse);
    for (const client of clients) client.close();
    const bodies = upstream.requests.slice(before).map(({ body }) => body.length);
    expect(bodies).toEqual(Array.from({ length: CALLERS * ROUNDS }, () => BYTES));
    const stall = longest[LET_PASS] ?? 0;
    expect(stall).toBeLessThan(STALL_MS);
    const what = `fifth longest turn of the event loop, while ${CALLERS} connections send nothing but tiny chunks over TLS (${lane} lane)`;
    measured({ id: 'G10', what, count: CALLERS * ROUNDS * 2, max: stall, unit: 'ms' });
  });
});
