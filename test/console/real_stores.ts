import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { systemClock } from '../../src/model/clock.ts';
import type { Backend } from '../../src/stores/backend.ts';
import { embedded } from '../../src/stores/embedded.ts';
import { memory } from '../../src/stores/memory.ts';
import { redis } from '../../src/stores/redis.ts';
import type { TokenStore } from '../../src/stores/token_store.ts';
import { dependencies } from '../contract/backend_under_test.ts';
import { type RedisServer, startRedis } from '../support/redis_server.ts';

/** Every store on real time, as Redis has no other; to be called where a file describes its tests. Whoever opens one closes it. */
export function realStores(): readonly (readonly [name: string, open: () => Promise<Backend>])[] {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());
  return [
    ['memory', async () => memory.create({}, dependencies(systemClock))],
    [
      'embedded',
      async () => {
        const folder = await mkdtemp(join(tmpdir(), 'gatehouse-console-'));
        onTestFinished(() => rm(folder, { recursive: true }));
        return embedded.create(embedded.options.parse({ path: 'g.db' }), dependencies(systemClock, folder));
      },
    ],
    [
      'redis',
      async () =>
        redis.create(
          redis.options.parse({ url: server.url, key_prefix: randomUUID().slice(0, 8) }),
          dependencies(systemClock),
        ),
    ],
  ];
}

/** A store that does some things in another way. */
export const storeWith = (store: TokenStore, others: Partial<TokenStore>): TokenStore =>
  new Proxy(store, {
    get(target, name) {
      const own: unknown = Reflect.get(others, name) ?? Reflect.get(target, name);
      return typeof own === 'function' ? own.bind(target) : own;
    },
  });
