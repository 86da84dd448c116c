import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demoConfig } from '../support/demo_config.ts';
import { type GatehouseProcess, startGatehouse } from '../support/gatehouse_process.ts';
import { isLong, measured, quantile } from '../support/measured.ts';
import { type RedisServer, startRedis } from '../support/redis_server.ts';
import { aliceTokens, call, post, type Tokens } from '../support/token_client.ts';

// Threat: somebody floods a protected route with tokens that are made up, each another one, so that no cache ever knows it. Each
// costs the store a look-up and the cache a place, until the store is too slow for those whose tokens are good.

const FLOOD = isLong() ? 100_000 : 10_000;
const SOCKETS = 20;

let redis: RedisServer;
let nodes: readonly GatehouseProcess[];
let tokens: Tokens;
beforeAll(async () => {
  redis = await startRedis();
  const store = `{ type: redis, url: "${redis.url}", command_timeout: 5s }`;
  const secrets = ['first', 'second'].map((word) => `server_secret: ${`a ${word} secret `.repeat(4)}\n`);
  // Two settings of `server_secret`, as while it is being changed: what one node marks the other must know.
  nodes = await Promise.all(secrets.map(async (secret) => startGatehouse(await demoConfig(store, secret))));
  tokens = await aliceTokens(node(0));
});
afterAll(async () => {
  await Promise.all((nodes ?? []).map((each) => each.stop()));
  await redis?.stop();
});

const node = (index: number): string => nodes[index]?.url ?? '';

const madeUp = (prefix = 'gha_'): string => prefix + randomBytes(30).toString('base64url');
/** As a token of ours but for one character in front of the mark. */
const damaged = (token: string): string => token.slice(0, -9) + (token.at(-9) === 'A' ? 'B' : 'A') + token.slice(-8);

/** How often the store was asked for tokens since `CONFIG RESETSTAT`. */
async function lookUps(): Promise<number> {
  const stats = await redis.client().info('commandstats');
  const calls = [...stats.matchAll(/^cmdstat_(?:mget|get|getdel|evalsha|eval):calls=(\d+)/gm)];
  return calls.reduce((sum, [, count]) => sum + Number(count), 0);
}
const forget = () => redis.client().config('RESETSTAT');

/** Sends requests with these tokens over one connection, and resolves with the statuses of the answers. */
async function flood(url: string, count: number, make = madeUp): Promise<Map<string, number>> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  const statuses = new Map<string, number>();
  let answered = 0;
  let rest = '';
  let wake = () => {};
  socket.on('data', (chunk) => {
    rest += chunk.toString('latin1');
    for (const [, status = ''] of rest.matchAll(/HTTP\/1\.1 (\d{3}) [^\n]*\n/g)) {
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      answered += 1;
    }
    rest = rest.slice(rest.lastIndexOf('\n') + 1);
    wake();
  });
  socket.on('close', () => wake());
  for (let sent = 0; sent < count && !socket.destroyed; ) {
    const batch = Math.min(50, count - sent);
    const requests = Array.from(
      { length: batch },
      () => `GET /demo/hello HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: Bearer ${make()}\r\n\r\n`,
    );
    socket.write(requests.join(''));
    sent += batch;
    while (answered < sent && !socket.destroyed) await new Promise<void>((resolve) => (wake = resolve));
  }
  socket.destroy();
  return statuses;
}

describe('a flood of made-up tokens', () => {
  it('costs the store nothing, and good callers no answer', async () => {
    expect((await call(node(0), tokens.access_token)).status).toBe(200); // from now on it is cached
    await forget();
    const flooding = Promise.all(Array.from({ length: SOCKETS }, () => flood(node(0), FLOOD / SOCKETS)));
    let isOver = false;
    void flooding.finally(() => (isOver = true));
    const times: number[] = [];
    const good: number[] = [];
    while (!isOver) {
      const began = performance.now();
      good.push((await call(node(0), tokens.access_token)).status);
      times.push(performance.now() - began);
    }
    const statuses = await flooding;
    expect(statuses.reduce((sum, each) => sum + (each.get('401') ?? 0), 0)).toBe(FLOOD);
    const asked = await lookUps();
    expect(asked).toBe(0);
    expect(new Set(good)).toEqual(new Set([200]));
    measured({
      id: 'random_token_flood',
      what: 'look-ups for made-up tokens',
      count: FLOOD,
      max: asked,
      unit: 'look-ups',
    });
    const during = { count: times.length, max: Math.max(...times), p99: quantile(times, 0.99), unit: 'ms' };
    measured({ id: 'random_token_flood', what: 'good calls during a flood of made-up tokens', ...during });
  });

  it('costs nothing where tokens are introspected, refreshed or shown for claims either', async () => {
    await forget();
    for (let count = 0; count < 20; count++) {
      for (const prefix of ['gha_', 'ghr_', '1/', '']) {
        const introspected = await post(`${node(0)}/oauth2/introspect`, { token: madeUp(prefix) });
        expect(await introspected.json()).toEqual({ active: false });
      }
      const form = { grant_type: 'refresh_token', refresh_token: madeUp('ghr_') };
      expect((await post(`${node(0)}/oauth2/token`, form)).status).toBe(400);
      const headers = { authorization: `Bearer ${madeUp()}` };
      expect((await fetch(`${node(0)}/oauth2/userinfo`, { headers })).status).toBe(401);
    }
    const stats = await redis.client().info('commandstats');
    // Wrong secrets of clients are counted with GET inside a script; tokens are read with MGET.
    expect(stats).not.toMatch(/cmdstat_(?:mget|getdel):/);
  });

  it.each([19, 20, 32, 39, 40, 64, 512])('costs nothing with tokens of %d characters', async (length) => {
    await forget();
    for (const alphabet of ['hex', 'base64url'] as const) {
      const token = randomBytes(512).toString(alphabet).slice(0, length);
      expect((await call(node(0), token)).status).toBe(401);
    }
    expect(await lookUps()).toBe(0);
  });
});

describe('tokens of 32 hexadecimal digits, whose marks are short', () => {
  let locus: GatehouseProcess;
  let short: Tokens;
  const form = { client_id: 'demo-app', client_secret: 'demo-secret' };
  const ask = (more: Record<string, string>) => post(`${locus.url}/oauth/token`, { ...form, ...more }, null);
  beforeAll(async () => {
    const store = `{ type: redis, url: "${redis.url}", command_timeout: 5s }`;
    locus = await startGatehouse(await demoConfig(store, '', 'config/locus.yaml'));
    const answer = await ask({ grant_type: 'password', username: 'alice', password: 'wonderland' });
    short = (await answer.json()) as Tokens;
  });
  afterAll(() => locus?.stop());

  it('are good, for calls and for refreshing', async () => {
    for (const token of [short.access_token, short.refresh_token ?? '']) expect(token).toMatch(/^[0-9a-f]{32}$/);
    expect((await call(locus.url, short.access_token)).status).toBe(200);
    expect((await ask({ grant_type: 'refresh_token', refresh_token: short.refresh_token ?? '' })).status).toBe(200);
  });

  it('cost the store one look-up in 65,536 when they are made up', async () => {
    await forget();
    const make = () => randomBytes(16).toString('hex');
    const statuses = await Promise.all(Array.from({ length: 4 }, () => flood(locus.url, FLOOD / 4, make)));
    expect(statuses.reduce((sum, each) => sum + (each.get('401') ?? 0), 0)).toBe(FLOOD);
    // In 10,000 there is one in every seventh run, and there are four in one of fifty thousand.
    expect(await lookUps()).toBeLessThan(4 + FLOOD / 10_000);
    const refresh = await ask({ grant_type: 'refresh_token', refresh_token: make() });
    expect([refresh.status, await refresh.json()]).toMatchObject([400, { error: 'invalid_grant' }]);
  });

  it('have a mark that belongs to the rest of them', async () => {
    await forget();
    const { access_token: token } = short;
    // Each digit that is not the mark's, in the place of another: by chance one mark in 65,536 fits all the same.
    const damaged = Array.from({ length: 28 }, (_, at) =>
      [token.slice(0, at), token[at] === '0' ? '1' : '0', token.slice(at + 1)].join(''),
    );
    for (const each of damaged) expect((await call(locus.url, each)).status).toBe(401);
    expect(await lookUps()).toBeLessThan(2);
  });
});

describe('the mark of a token', () => {
  it('is known on every node that shares the store, whatever its secret is', async () => {
    for (const from of [0, 1]) {
      const fresh = await aliceTokens(node(from));
      expect((await call(node(1 - from), fresh.access_token)).status).toBe(200);
      const form = { grant_type: 'refresh_token', refresh_token: fresh.refresh_token ?? '' };
      expect((await post(`${node(1 - from)}/oauth2/token`, form)).status).toBe(200);
    }
  });

  it('belongs to the rest of it', async () => {
    await forget();
    expect((await call(node(0), damaged(tokens.access_token))).status).toBe(401);
    expect(await lookUps()).toBe(0);
  });

  it('outlives a restart, and a store that was emptied under the nodes', async () => {
    const third = await startGatehouse(await demoConfig(`{ type: redis, url: "${redis.url}", command_timeout: 5s }`));
    try {
      expect((await call(third.url, tokens.access_token)).status).toBe(200);
    } finally {
      await third.stop();
    }
    const key = await redis.client().hget(await keyOfKeys(), 'marks');
    await redis.client().flushall();
    await expect.poll(async () => redis.client().hget(await keyOfKeys(), 'marks'), { timeout: 15_000 }).toBe(key);
    const fresh = await aliceTokens(node(1));
    expect((await call(node(0), fresh.access_token)).status).toBe(200);
  });
});

/** Where the documents of the kind `token_key` are; any name while there is none. */
async function keyOfKeys(): Promise<string> {
  const names = await redis.client().keys('*token_key*');
  for (const name of names) if ((await redis.client().type(name)) === 'hash') return name;
  return 'none';
}
