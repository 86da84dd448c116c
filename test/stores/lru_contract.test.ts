import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/model/clock.ts';
import type { CacheSettings } from '../../src/model/config.ts';
import { milliseconds } from '../../src/model/units.ts';
import type { Backend } from '../../src/stores/backend.ts';
import { cached } from '../../src/stores/lru.ts';
import { memory } from '../../src/stores/memory.ts';
import { redis } from '../../src/stores/redis.ts';
import { type BackendUnderTest, dependencies } from '../contract/backend_under_test.ts';
import { newGrant } from '../contract/records.ts';
import { tokenStoreContract, until } from '../contract/token_store.ts';
import { ManualClock } from '../support/manual_clock.ts';
import { type RedisServer, startRedis } from '../support/redis_server.ts';
import { redisUnderTest } from './redis_under_test.ts';

/** A cached store is a token store: it keeps the same contract, in front of a store that answers at once and of one that does not. */

const SETTINGS: CacheSettings = {
  maxTokens: 1_000,
  ttl: milliseconds(60_000),
  staleness: milliseconds(5_000),
  negativeTtl: milliseconds(1_000),
};

const behindCache = (under: BackendUnderTest): BackendUnderTest => ({
  ...under,
  open: async () => {
    const backend = await under.open();
    const tokens = cached(backend.tokens, SETTINGS, under.clock);
    const close = async (): Promise<void> => {
      tokens.close();
      await backend.close();
    };
    return { ...backend, tokens, close };
  },
});

describe('the cache over memory', () => {
  tokenStoreContract(async () => {
    const clock = new ManualClock();
    const backend = await memory.create({}, dependencies(clock));
    return behindCache({
      clock,
      open: async () => backend,
      elapse: async (time) => clock.advance(time),
      stop: () => backend.close(),
    });
  });
});

describe('the cache over redis', () => {
  tokenStoreContract(async () => {
    const server = await startRedis();
    return behindCache(redisUnderTest({ url: server.url }, () => server.stop()));
  });
});

describe('two gateways with a cache each over one redis', () => {
  let server: RedisServer;
  let backends: Backend[];
  beforeAll(async () => {
    server = await startRedis();
    const open = (): Promise<Backend> =>
      redis.create(redis.options.parse({ url: server.url }), dependencies(systemClock));
    backends = await Promise.all([open(), open()]);
  });
  afterAll(async () => {
    for (const backend of backends) await backend.close();
    await server.stop();
  });

  it('refuse a revoked token within a quarter of a second, both of them, a hundred times', async () => {
    const [here, there] = backends.map((backend) => cached(backend.tokens, SETTINGS, systemClock));
    if (here === undefined || there === undefined) throw new Error('two backends');
    const delays: number[] = [];
    for (let round = 0; round < 100; round += 1) {
      const grant = newGrant(Date.now());
      const [token] = grant.access;
      if (token === undefined) throw new Error('a grant has an access token');
      await here.put(grant.entries);
      await there.get('access', token);
      expect(there.get('access', token)).not.toBeInstanceOf(Promise);
      await here.revoke(grant.ref);
      const revoked = performance.now();
      expect(await here.get('access', token)).toBeUndefined();
      await until(async () => (await there.get('access', token)) === undefined);
      delays.push(performance.now() - revoked);
      expect(await there.get('access', token)).toBeUndefined();
    }
    delays.sort((a, b) => a - b);
    expect(delays[98]).toBeLessThan(250);
    expect(delays[99]).toBeLessThan(1_000);
    for (const cache of [here, there]) cache.close();
  });
});
