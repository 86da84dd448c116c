/*
 * A revocation that is told to be done and then undone by a failover, because no replica had it. With `wait_replicas` the answer is 200
 * only once a replica has it; otherwise 503, the token is dead on this node from that moment on, and it is tried again until it holds.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { demoConfig } from '../support/demo_config.ts';
import { type HouseUnderTest, startHouse } from '../support/house.ts';
import { measured } from '../support/measured.ts';
import { type RedisServer, startRedis } from '../support/redis_server.ts';
import { aliceTokens, call, revoke } from '../support/token_client.ts';

const DISKLESS = ['--repl-diskless-sync-delay', '0'];

let master: RedisServer;
let replica: RedisServer;
let house: HouseUnderTest;
beforeAll(async () => {
  master = await startRedis(DISKLESS);
  replica = await startRedis([...DISKLESS, '--replicaof', master.host, String(master.port)]);
  while (!(await master.client().info('replication')).includes('state=online')) await delay(20);
  house = await startHouse(await demoConfig(`{ type: redis, url: "${master.url}", wait_replicas: 1 }`));
});
afterAll(async () => {
  await house.close();
  await replica.stop();
  await master.stop();
});

it('is 503 and dead here at once while the replica is frozen, and 200 once it has it', async () => {
  // A replica that has just come online may need longer than the budget for its first answers.
  await expect
    .poll(async () => (await revoke(house.url, (await aliceTokens(house.url)).access_token)).status, {
      timeout: 10_000,
    })
    .toBe(200);
  const [one, other, kept] = await Promise.all([1, 2, 3].map(() => aliceTokens(house.url)));
  if (!one || !other || !kept) throw new Error('three sign-ins');
  for (const { access_token } of [one, other, kept]) expect((await call(house.url, access_token)).status).toBe(200);

  replica.pause();
  const times: number[] = [];
  for (const token of [one.access_token, other.refresh_token ?? '']) {
    const began = performance.now();
    expect((await revoke(house.url, token)).status).toBe(503);
    times.push(performance.now() - began);
  }
  for (const { access_token } of [one, other]) expect((await call(house.url, access_token)).status).toBe(401);
  expect((await call(house.url, kept.access_token)).status).toBe(200);

  replica.resume();
  for (const token of [one.access_token, other.refresh_token ?? ''])
    await expect.poll(async () => (await revoke(house.url, token)).status, { timeout: 5_000 }).toBe(200);
  expect(Math.max(...times)).toBeLessThanOrEqual(500);
  measured({
    id: 'G5',
    what: 'until a revocation that no replica confirms is answered 503',
    count: 2,
    max: Math.max(...times),
    unit: 'ms',
  });
});
