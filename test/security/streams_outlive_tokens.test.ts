/*
 * Streams that outlive their token: a call is checked when it begins, and a WebSocket or an event stream then goes on for days. Who
 * stole a token, or was dismissed, keeps listening after the token was revoked, has expired, or its family was ended for reuse; on
 * another node than the one that was told; or because the store that knows is away.
 */
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { demoConfig } from '../support/demo_config.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault_proxy.ts';
import { type HouseUnderTest, startHouse } from '../support/house.ts';
import { measured } from '../support/measured.ts';
import { rawClient } from '../support/raw_client.ts';
import { type RedisServer, startRedis } from '../support/redis_server.ts';
import { aliceTokens, post, revoke, type Tokens } from '../support/token_client.ts';

/** What is promised (G4), in milliseconds. */
const PROMISED = 5_000;
/** What it takes where everything is well; the promise leaves room for what is not. */
const USUAL = 2_000;

let redis: RedisServer;
let proxy: FaultProxy;
let here: HouseUnderTest;
let elsewhere: HouseUnderTest;
beforeAll(async () => {
  redis = await startRedis();
  proxy = await startFaultProxy({ host: redis.host, port: redis.port });
  const [behind, direct] = [`redis://${proxy.host}:${proxy.port}`, redis.url];
  [here, elsewhere] = (await Promise.all(
    [behind, direct].map(async (url) => startHouse(await demoConfig(`{ type: redis, url: "${url}" }`))),
  )) as [HouseUnderTest, HouseUnderTest];
});
afterAll(async () => {
  await Promise.all([here.close(), elsewhere.close()]);
  await proxy.close();
  await redis.stop();
});

interface OpenStream {
  /** Milliseconds from the call of this to the end of the stream, which must not look like one that the upstream wanted. */
  ended(): Promise<number>;
  isOpen(): boolean;
  close(): void;
}

async function openSocket(token: string): Promise<OpenStream> {
  const socket = new WebSocket(`${here.url.replace('http', 'ws')}/demo/socket`, {
    headers: { authorization: `Bearer ${token}` },
  });
  await once(socket, 'open');
  const closed = once(socket, 'close');
  return {
    async ended() {
      const from = performance.now();
      expect((await closed)[0]).toBe(1006);
      return performance.now() - from;
    },
    isOpen: () => socket.readyState === WebSocket.OPEN,
    close: () => socket.terminate(),
  };
}

/** @param more lines that make the request unusual, so that the full lane has it. */
async function openEvents(token: string, more = ''): Promise<OpenStream> {
  const client = rawClient(here.port);
  let open = true;
  client.socket.on('close', () => (open = false));
  const events = once(client.socket, 'data');
  client.send(`GET /demo/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n${more}\r\n`);
  expect(String((await events)[0])).toMatch(/^HTTP\/1\.1 200 /);
  return {
    async ended() {
      const from = performance.now();
      const bytes = String(await client.closed());
      expect(bytes).toContain('data: ');
      expect(bytes).not.toMatch(/\r\n0\r\n/);
      return performance.now() - from;
    },
    isOpen: () => open,
    close: () => client.close(),
  };
}

const openAll = (token: string): Promise<OpenStream[]> =>
  Promise.all([openSocket(token), openEvents(token), openEvents(token, 'TE: trailers\r\n')]);
const allEnded = async (streams: readonly OpenStream[]): Promise<number> =>
  Math.max(...(await Promise.all(streams.map((stream) => stream.ended()))));

describe('WebSockets and event streams, in both lanes', () => {
  let tokens: Tokens;
  let streams: OpenStream[];
  let others: OpenStream[];
  const open = async (): Promise<void> => {
    tokens = await aliceTokens(here.url);
    [streams, others] = await Promise.all([
      openAll(tokens.access_token),
      aliceTokens(here.url).then(({ access_token }) => openAll(access_token)),
    ]);
    // Watched from now on: the first events have come, and the first look has been taken.
    await new Promise((resolve) => setTimeout(resolve, 150));
  };

  afterEach(() => {
    for (const stream of [...streams, ...others]) stream.close();
  });

  it('end when their token is revoked on another node, and no others do', async () => {
    await open();
    expect((await revoke(elsewhere.url, tokens.access_token)).status).toBe(200);
    expect(await allEnded(streams)).toBeLessThan(USUAL);
    expect(others.every((stream) => stream.isOpen())).toBe(true);
    await expect.poll(() => here.calls().filter(({ fault }) => fault === 'token_ended')).toHaveLength(3);
  });

  it('end when the family is, by its refresh token', async () => {
    await open();
    expect((await revoke(elsewhere.url, tokens.refresh_token ?? '')).status).toBe(200);
    expect(await allEnded(streams)).toBeLessThan(USUAL);
    expect(others.every((stream) => stream.isOpen())).toBe(true);
  });

  it('end when the family is, because a refresh token was used twice', async () => {
    await open();
    const refresh = () =>
      post(`${elsewhere.url}/oauth2/token`, {
        grant_type: 'refresh_token',
        refresh_token: tokens.refresh_token ?? '',
      });
    expect((await refresh()).status).toBe(200);
    expect((await refresh()).status).toBe(200);
    expect(streams.every((stream) => stream.isOpen())).toBe(true);
    // Past the grace for answers that were lost.
    elsewhere.advance(11_000);
    expect((await refresh()).status).toBe(400);
    elsewhere.advance(-11_000);
    expect(await allEnded(streams)).toBeLessThan(USUAL);
    expect(others.every((stream) => stream.isOpen())).toBe(true);
  });

  it.each(['answers', 'everything'] as const)(
    'end although the message that would say so is swallowed (%s)',
    async (swallow) => {
      await open();
      proxy.set({ which: (opening) => opening.includes('gatehouse-listening'), swallow });
      try {
        const since = performance.now();
        expect((await revoke(elsewhere.url, tokens.access_token)).status).toBe(200);
        await allEnded(streams);
        const took = performance.now() - since;
        expect(took).toBeLessThan(PROMISED);
        expect(others.every((stream) => stream.isOpen())).toBe(true);
        measured({
          id: 'G4',
          what: `streams of a dead token, invalidation swallowed (${swallow})`,
          count: 3,
          max: took,
          unit: 'ms',
        });
      } finally {
        proxy.heal();
      }
    },
  );

  it('end when their token expires', async () => {
    await open();
    here.advance(3_600_000);
    expect(await allEnded([...streams, ...others])).toBeLessThan(USUAL);
    here.advance(-3_600_000);
  });

  it('end when nobody can say any more that their token lives', async () => {
    await open();
    redis.pause();
    try {
      const took = await allEnded(streams);
      expect(took).toBeLessThan(PROMISED);
      expect(took).toBeGreaterThan(1_000);
    } finally {
      redis.resume();
    }
  });

  it('go on through a moment in which the store says nothing', async () => {
    await expect
      .poll(() =>
        aliceTokens(here.url).then(
          () => 'back',
          () => 'away',
        ),
      )
      .toBe('back');
    await open();
    redis.pause();
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    redis.resume();
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect([...streams, ...others].every((stream) => stream.isOpen())).toBe(true);
  });
});
