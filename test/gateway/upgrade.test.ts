import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGateway } from '../../src/gateway/gateway.ts';
import { DEFAULT_IDENTITY_HEADERS } from '../../src/gateway/header_kinds.ts';
import { createLiveStreams } from '../../src/gateway/live_streams.ts';
import { createUpgrades, type Upgrades } from '../../src/gateway/upgrade.ts';
import { createUpstreams } from '../../src/gateway/upstream/upstreams.ts';
import { systemClock } from '../../src/model/clock.ts';
import type { Exchange } from '../../src/model/exchange.ts';
import { milliseconds } from '../../src/model/units.ts';
import { MemoryCounters } from '../../src/stores/memory_counters.ts';
import { MemoryTokens } from '../../src/stores/memory_tokens.ts';
import { route } from '../support/lane_server.ts';
import { type RawClient, rawClient } from '../support/raw_client.ts';
import { type RecordingUpstream, startRecordingUpstream } from '../support/recording_upstream.ts';

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const ACCEPT = createHash('sha1').update(`${KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
const SWITCHING = `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${ACCEPT}\r\n\r\n`;
const HANDSHAKE = `GET /chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${KEY}\r\n\r\n`;

let upstream: RecordingUpstream;
/** The upstream's end of the latest handshake. */
let there: Socket;
let asked: () => void;
let upgrades: Upgrades;
let exchanges: Exchange[];
let port: number;
let clients: RawClient[];
let server: Server;
let close: () => Promise<void>;

beforeEach(async () => {
  exchanges = [];
  clients = [];
  upstream = await startRecordingUpstream((_request, socket) => {
    there = socket;
    asked?.();
    return undefined;
  });
  const terms = { timeout: milliseconds(10_000), idleTimeout: milliseconds(5_000) };
  const gateway = createGateway({
    routes: [route('/chat', upstream.origin, { auth: 'none', upstream: terms })],
    lookup: new MemoryTokens(systemClock),
    counters: new MemoryCounters(systemClock),
    clock: systemClock,
    identityHeaders: DEFAULT_IDENTITY_HEADERS,
    trustedProxies: [],
    refusalFor:
      () =>
      ({ code }) => ({ status: 503, headers: [], body: code }),
  });
  const upstreams = createUpstreams({});
  const lookup = new MemoryTokens(systemClock);
  const liveStreams = createLiveStreams({ lookup, clock: systemClock, staleness: milliseconds(5_000) });
  const report = (exchange: Exchange) => void exchanges.push(exchange);
  upgrades = createUpgrades({ gateway, clock: systemClock, report, upstreams, liveStreams });
  server = createServer({ shouldUpgradeCallback: (request) => upgrades.wants(request) });
  server.on('upgrade', (request, socket, first) => upgrades.handle(request, socket, first));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
  close = async () => {
    for (const client of clients) client.close();
    await upstream.close();
    upgrades.cut();
    server.close();
    await upstreams.close();
  };
});
afterEach(() => close());

/** A client whose handshake has reached the upstream. */
async function shaking(): Promise<RawClient> {
  const client = rawClient(port);
  clients.push(client);
  const arrived = new Promise<void>((resolve) => (asked = resolve));
  client.send(HANDSHAKE);
  await arrived;
  return client;
}

async function tunnel(): Promise<RawClient> {
  const client = await shaking();
  there.write(SWITCHING);
  expect((await client.response()).status).toBe(101);
  return client;
}

/** One whose two ends go on listening when the other has said its last word. */
async function patientTunnel(): Promise<RawClient> {
  const client = await tunnel();
  there.allowHalfOpen = true;
  client.socket.allowHalfOpen = true;
  return client;
}

const upstreamSays = (text: string) => void there.write(text);
const upstreamGot = (text: string) =>
  expect.poll(() => upstream.connections.at(-1)?.bytes.toString('latin1')).toMatch(new RegExp(`\\r\\n\\r\\n${text}$`));

describe('a tunnel', () => {
  it('lets one side say its last word and listen on', async () => {
    const client = await patientTunnel();
    client.socket.end('that is all');
    await upstreamGot('that is all');
    upstreamSays('and this is mine');
    there.end();
    expect(String(await client.closed())).toBe('and this is mine');
    await expect.poll(() => exchanges).toMatchObject([{ status: 101, bytesIn: 11, bytesOut: 16 }]);
  });

  it('lets the upstream say its last word first', async () => {
    const client = await patientTunnel();
    there.end('bye');
    await once(client.socket, 'end');
    client.send('one more thing');
    await upstreamGot('one more thing');
    client.socket.end();
    await upstream.idle();
    await expect.poll(() => exchanges).toMatchObject([{ status: 101, bytesIn: 14, bytesOut: 3 }]);
  });

  it('carries what came right behind the answer of the upstream', async () => {
    const client = await shaking();
    there.end(`${SWITCHING}first words`);
    expect((await client.response()).status).toBe(101);
    client.socket.end();
    expect(String(await client.closed())).toBe('first words');
  });

  it('breaks on one side when it breaks on the other', async () => {
    (await tunnel()).socket.resetAndDestroy();
    await upstream.idle();
    const other = await tunnel();
    there.resetAndDestroy();
    await other.closed();
    await expect.poll(() => exchanges.map(({ status }) => status)).toEqual([101, 101]);
  });
});

describe('a caller who leaves before the answer', () => {
  it.each([
    ['breaks the connection', (client: RawClient) => client.close()],
    ['resets it', (client: RawClient) => client.socket.resetAndDestroy()],
    ['says that nothing more will come', (client: RawClient) => client.socket.end()],
  ])('takes the call with it: %s', async (_how, leave) => {
    leave(await shaking());
    await upstream.idle();
    await expect.poll(() => exchanges).toMatchObject([{ status: 499, path: '/chat' }]);
  });

  it('leaves no connection behind, however many do', async () => {
    await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        const client = rawClient(port);
        client.send(HANDSHAKE);
        if (index % 2 === 0) await once(client.socket, 'connect');
        client.close();
      }),
    );
    const left = () => new Promise((resolve) => server.getConnections((_error, count) => resolve(count)));
    await expect.poll(left).toBe(0);
    await upstream.idle();
    const survivor = await tunnel();
    survivor.send('still works');
    await upstreamGot('still works');
    expect(upstream.connections.filter(({ open }) => open)).toHaveLength(1);
  });
});

describe('a house that closes', () => {
  it('closes tunnels after a moment, and those that open later at once', async () => {
    const open = await tunnel();
    const late = await shaking();
    const lateUpstream = there;
    const began = performance.now();
    upgrades.drain();
    open.send('a moment');
    await open.closed();
    expect(performance.now() - began).toBeGreaterThan(1_500);
    lateUpstream.write(SWITCHING);
    expect(String(await late.closed())).toBe('');
    await upstream.idle();
  });

  it('cuts handshakes that are still under way when its time is up', async () => {
    const waiting = await shaking();
    upgrades.cut();
    await waiting.closed();
    await upstream.idle();
    expect(exchanges).toMatchObject([{ status: 499 }]);
  });
});
