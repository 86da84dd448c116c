import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/model/clock.ts';
import type { AccessToken, RecordKind, TokenRef } from '../../src/model/token.ts';
import { STANDARD_TOKENS } from '../../src/model/token_policy.ts';
import { milliseconds, seconds } from '../../src/model/units.ts';
import { cached } from '../../src/stores/lru.ts';
import { MemoryTokens } from '../../src/stores/memory_tokens.ts';
import type { TokenStore } from '../../src/stores/token_store.ts';
import { mint, refOf } from '../../src/tokens/format.ts';
import { alice, route, startLaneServer } from '../support/lane_server.ts';
import { exchange, rawClient } from '../support/raw_client.ts';
import { startRecordingUpstream } from '../support/recording_upstream.ts';

/*
 * What was remembered about one call decides another: a cached "may pass" of one route on another, a token that outlives its expiry
 * in the cache, one caller's identity on another caller's call because answers came out of order. Facts about tokens may be
 * remembered, decisions never.
 */

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const it of open.splice(0).reverse()) await it.close();
});

/** A store whose answers come when the test says so, in the order it says. */
class Slow extends MemoryTokens {
  readonly waiting: (() => void)[] = [];
  asked = 0;
  // Wider than the original: it answers at once, this one later.
  override get(kind: RecordKind, ref: TokenRef): never {
    this.asked++;
    const answer = super.get(kind, ref);
    return new Promise((resolve) => this.waiting.push(() => resolve(answer))) as never;
  }
}

async function put(store: TokenStore, facts: Partial<AccessToken> = {}): Promise<string> {
  const token = mint(STANDARD_TOKENS.access);
  const ref = refOf(token);
  if (ref === undefined) throw new Error('a minted token has no place');
  const now = Math.floor(Date.now() / 1000);
  const record: AccessToken = {
    ...{
      family: 'f',
      client: 'app',
      user: alice,
      scopes: ['a'],
      audience: [],
      issuedAt: seconds(now),
      expiresAt: seconds(now + 60),
    },
    ...facts,
  };
  await store.put([{ kind: 'access', ref, record }]);
  return token;
}

async function start(store: TokenStore, clock = systemClock) {
  const cache = {
    maxTokens: 100,
    ttl: milliseconds(60_000),
    staleness: milliseconds(5_000),
    negativeTtl: milliseconds(1_000),
  };
  const lookup = cached(store, cache, systemClock);
  open.push(lookup);
  const upstream = await startRecordingUpstream();
  open.push(upstream);
  const lane = await startLaneServer({
    routes: [
      route('/a', upstream.origin, { scopes: ['a'] }),
      route('/b', upstream.origin, { scopes: ['b'] }),
      route('/c', upstream.origin, { audience: 'c' }),
    ],
    lookup,
    clock,
  });
  open.push(lane);
  const call = async (path: string, token: string) =>
    (await exchange(lane.port, `GET ${path} HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer ${token}\r\n\r\n`)).status;
  return { upstream, lane, call };
}

it('a token that may call one route is judged anew on every other', async () => {
  const store = new MemoryTokens(systemClock);
  const { call, upstream } = await start(store);
  const token = await put(store);
  for (let round = 0; round < 3; round++) {
    expect(await call('/a', token)).toBe(200);
    expect(await call('/b', token)).toBe(403);
    expect(await call('/c', token)).toBe(401);
  }
  expect(upstream.requests.map(({ target }) => target)).toEqual(['/a', '/a', '/a']);
});

it('a cached token ends at its expiry, however often it is used', async () => {
  let now = Date.now();
  const clock = { now: () => milliseconds(now), monotonic: systemClock.monotonic };
  const store = new MemoryTokens(systemClock);
  const { call } = await start(store, clock);
  const token = await put(store);
  for (let second = 0; second < 5; second++) {
    expect(await call('/a', token)).toBe(200);
    now += 10_000;
  }
  now += 11_000;
  expect(await call('/a', token)).toBe(401);
});

it('a token that was taken back is refused, though it was cached a moment ago', async () => {
  const store = new MemoryTokens(systemClock);
  const { call } = await start(store);
  const token = await put(store);
  const ref = refOf(token);
  expect(await call('/a', token)).toBe(200);
  if (ref !== undefined) await store.take('access', ref);
  expect(await call('/a', token)).toBe(401);
});

describe('answers of the store that come out of order', () => {
  it('reach the calls they belong to', async () => {
    const store = new Slow(systemClock);
    const { lane, upstream } = await start(store);
    const names = ['u-1', 'u-2', 'u-3', 'u-4'];
    const tokens = await Promise.all(names.map((subject) => put(store, { user: { ...alice, subject } })));
    const clients = tokens.map((token, index) => {
      const client = rawClient(lane.port);
      client.send(`GET /a HTTP/1.1\r\nHost: g\r\nX-Expect: ${names[index]}\r\nAuthorization: Bearer ${token}\r\n\r\n`);
      return client;
    });
    while (store.waiting.length < names.length) await new Promise((resolve) => setTimeout(resolve, 5));
    // The second caller leaves before its answer comes; the others are answered in reverse.
    clients[1]?.socket.resetAndDestroy();
    await lane.reported();
    for (const answer of store.waiting.reverse()) answer();
    for (const index of [0, 2, 3]) expect((await clients[index]?.response())?.status).toBe(200);
    expect(upstream.requests).toHaveLength(3);
    for (const request of upstream.requests) expect(request.values('x-user-id')).toEqual(request.values('x-expect'));
    for (const client of clients) client.close();
  });

  it('are asked for once per token, however many calls wait, and each call is judged for itself', async () => {
    const store = new Slow(systemClock);
    const { lane } = await start(store);
    const token = await put(store);
    const clients = ['/a', '/b', '/a', '/c'].map((path) => {
      const client = rawClient(lane.port);
      client.send(`GET ${path} HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer ${token}\r\n\r\n`);
      return client;
    });
    while (store.waiting.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, 50));
    for (const answer of store.waiting) answer();
    const statuses = await Promise.all(clients.map(async (client) => (await client.response()).status));
    expect(statuses).toEqual([200, 403, 200, 401]);
    expect(store.asked).toBe(1);
    for (const client of clients) client.close();
  });
});

it('identities are never mixed, whatever the order of two hundred calls by ten users', async () => {
  const store = new MemoryTokens(systemClock);
  const { lane, upstream } = await start(store);
  const tokens = await Promise.all(
    Array.from({ length: 10 }, (_, index) =>
      put(store, { user: { ...alice, subject: `u-${index}` }, client: `app-${index}` }),
    ),
  );
  await Promise.all(
    Array.from({ length: 200 }, (_, call) => {
      const user = (call * 7) % 10;
      return exchange(
        lane.port,
        `GET /a HTTP/1.1\r\nHost: g\r\nX-Expect: ${user}\r\nAuthorization: Bearer ${tokens[user]}\r\n\r\n`,
      );
    }),
  );
  expect(upstream.requests).toHaveLength(200);
  for (const request of upstream.requests) {
    expect(request.values('x-user-id')).toEqual([`u-${request.values('x-expect')[0]}`]);
    expect(request.values('x-client-id')).toEqual([`app-${request.values('x-expect')[0]}`]);
  }
});
