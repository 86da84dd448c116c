/*
 * A record in the store cannot be read: bits have rotted, or somebody wrote there. Whoever presents its token must not be let in on
 * half a record, nor be told that the token is bad; everybody else must not notice; an operator must; and it must be possible to end it.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { refOf } from '../../src/tokens/format.ts';
import { demoConfig } from '../support/demo_config.ts';
import { type GatehouseProcess, startGatehouse } from '../support/gatehouse_process.ts';
import { measured } from '../support/measured.ts';
import { type RedisServer, startRedis } from '../support/redis_server.ts';
import { aliceTokens, call, revoke } from '../support/token_client.ts';

let redis: RedisServer;
let gatehouse: GatehouseProcess;
beforeAll(async () => {
  redis = await startRedis();
  gatehouse = await startGatehouse(await demoConfig(`{ type: redis, url: "${redis.url}" }`));
});
afterAll(async () => {
  await gatehouse.stop();
  await redis.stop();
});

const CORRUPT = ['', 'x', '[]', '[1,[]]', '{"a":1}', '[2,0]', '\u0000\u0001', 'null', '9'.repeat(500)];

it('is 503 for its token and an alert, others pass, and its revocation ends it', async () => {
  const good = await aliceTokens(gatehouse.url);
  for (const [at, text] of CORRUPT.entries()) {
    const bad = await aliceTokens(gatehouse.url);
    const key = `gh:{${refOf(bad.access_token)?.tag}}`;
    // What the gateway wrote there must have been there, or nothing is tested.
    expect(await redis.client().exists(key)).toBe(1);
    await redis.client().set(key, text);
    const answers = await Promise.all([bad, good].map(({ access_token }) => call(gatehouse.url, access_token)));
    expect([at, answers.map(({ status }) => status)]).toEqual([at, [503, 200]]);
    expect(answers[0]?.headers.get('retry-after')).not.toBeNull();
  }
  await gatehouse.line(/"event":"corrupt_record"/);

  const bad = await aliceTokens(gatehouse.url);
  const key = `gh:{${refOf(bad.access_token)?.tag}}`;
  await redis.client().set(key, 'rotten');
  expect((await revoke(gatehouse.url, bad.refresh_token ?? '')).status).toBe(200);
  await expect.poll(async () => (await call(gatehouse.url, bad.access_token)).status).toBe(401);
  expect(await redis.client().exists(key)).toBe(0);
  expect((await call(gatehouse.url, good.access_token)).status).toBe(200);
  measured({
    id: 'corrupt record',
    what: 'tokens let in on a record that cannot be read',
    count: CORRUPT.length + 1,
    max: 0,
    unit: 'let in',
  });
});
