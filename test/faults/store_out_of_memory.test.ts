/*
 * Redis has no memory left and refuses writes. Who has a token must not notice; who wants one is told 503 and loses nothing; and above
 * all whoever wants a token dead must be able to have it dead: a revocation that had to write a mark would fail just then.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { demoConfig } from '../support/demo_config.ts';
import { type HouseUnderTest, startHouse } from '../support/house.ts';
import { measured } from '../support/measured.ts';
import { type RedisServer, startRedis } from '../support/redis_server.ts';
import { aliceTokens, call, post, revoke } from '../support/token_client.ts';

let redis: RedisServer;
let here: HouseUnderTest;
let elsewhere: HouseUnderTest;
beforeAll(async () => {
  redis = await startRedis(['--maxmemory-policy', 'noeviction']);
  const yaml = await demoConfig(`{ type: redis, url: "${redis.url}" }`);
  [here, elsewhere] = await Promise.all([startHouse(yaml), startHouse(yaml)]);
});
afterAll(async () => {
  await Promise.all([here.close(), elsewhere.close()]);
  await redis.stop();
});

it('lets calls pass, refuses sign-ins with 503, consumes nothing, and still revokes', async () => {
  const [kept, ended, alone] = await Promise.all([1, 2, 3].map(() => aliceTokens(here.url)));
  if (!kept || !ended || !alone) throw new Error('three sign-ins');
  const refresh = () =>
    post(`${here.url}/oauth2/token`, { grant_type: 'refresh_token', refresh_token: kept.refresh_token ?? '' });
  await redis.client().config('SET', 'maxmemory', '1');
  for (const url of [here.url, elsewhere.url]) expect((await call(url, kept.access_token)).status).toBe(200);
  expect((await post(`${here.url}/oauth2/token`, { grant_type: 'client_credentials' })).status).toBe(503);
  expect((await refresh()).status).toBe(503);

  expect((await revoke(here.url, ended.refresh_token ?? '')).status).toBe(200);
  expect((await revoke(here.url, alone.access_token)).status).toBe(200);
  for (const { access_token } of [ended, alone]) {
    for (const url of [here.url, elsewhere.url])
      await expect.poll(async () => (await call(url, access_token)).status, { timeout: 1_000 }).toBe(401);
  }
  await redis.client().config('SET', 'maxmemory', '0');
  await expect.poll(async () => (await refresh()).status).toBe(200);
  measured({ id: 'out of memory', what: 'revocations that failed on a full Redis', count: 2, max: 0, unit: 'failed' });
});
