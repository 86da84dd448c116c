/*
 * Redis is there and answers every command of a kind with an error: it cannot write to its disk, has become a replica, misses its
 * replicas, lets this user do nothing, lets nobody in any more. An error is no answer: it must not be taken for "no such token", for a
 * revocation that is done, or for a reason to end. Tokens go on working for as long as they can be known to be good, nobody is told
 * that something was done that was not, and what was revoked is dead here at once and everywhere afterwards.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demoConfig } from '../support/demo_config.ts';
import { type GatehouseProcess, startGatehouse } from '../support/gatehouse_process.ts';
import { measured } from '../support/measured.ts';
import { type RedisServer, startRedis } from '../support/redis_server.ts';
import { aliceTokens, call, post, revoke, type Tokens } from '../support/token_client.ts';

const BACK = { timeout: 5_000 };

let redis: RedisServer;
let gatehouse: GatehouseProcess;
beforeAll(async () => {
  // The folder of a server that runs may be changed only where that is allowed from the start.
  redis = await startRedis(['--enable-protected-configs', 'yes']);
  gatehouse = await startGatehouse(await demoConfig(`{ type: redis, url: "${redis.url}" }`));
});
afterAll(async () => {
  await gatehouse.stop();
  await redis.stop();
});

const ask = (...command: readonly [string, ...string[]]) => redis.client().call(...command);
const status = async (token: string): Promise<number> => (await call(gatehouse.url, token)).status;
const refresh = async ({ refresh_token = '' }: Tokens): Promise<number> =>
  (await post(`${gatehouse.url}/oauth2/token`, { grant_type: 'refresh_token', refresh_token })).status;

/** A folder that is gone: the next copy to disk fails, and Redis writes nothing from then on. */
async function breakDisk(): Promise<void> {
  const gone = await mkdtemp(join(tmpdir(), 'gatehouse-gone-'));
  await redis.client().config('SET', 'dir', gone);
  await redis.client().config('SET', 'save', '3600 1');
  await rm(gone, { recursive: true });
  await ask('BGSAVE');
  await expect.poll(() => ask('SET', 'a', 'b').catch((error: Error) => error.message), BACK).toMatch(/^MISCONF/);
}
async function mendDisk(): Promise<void> {
  await redis.client().config('SET', 'save', '');
  await redis.client().config('SET', 'dir', redis.directory);
  await redis.client().config('SET', 'stop-writes-on-bgsave-error', 'no');
}
async function turnAway(...command: readonly [string, ...string[]]): Promise<void> {
  await ask(...command);
  for (const type of ['normal', 'pubsub']) await ask('CLIENT', 'KILL', 'TYPE', type, 'SKIPME', 'yes');
}

/** @param reads whether a token that is not cached can still be looked up. */
describe.each<[string, boolean, () => Promise<unknown>, () => Promise<unknown>]>([
  ['cannot write to its disk (MISCONF)', true, breakDisk, mendDisk],
  [
    'has become a replica (READONLY)',
    true,
    () => ask('REPLICAOF', '127.0.0.1', '1'),
    () => ask('REPLICAOF', 'NO', 'ONE'),
  ],
  [
    'misses its replicas (NOREPLICAS)',
    true,
    () => ask('CONFIG', 'SET', 'min-replicas-to-write', '1'),
    () => ask('CONFIG', 'SET', 'min-replicas-to-write', '0'),
  ],
  [
    'allows nothing (NOPERM)',
    false,
    () => ask('ACL', 'SETUSER', 'default', '-get', '-mget', '-eval', '-evalsha'),
    () => ask('ACL', 'SETUSER', 'default', '+@all'),
  ],
  [
    'has another password (NOAUTH)',
    false,
    () => turnAway('ACL', 'SETUSER', 'default', 'resetpass', '>another'),
    () => ask('ACL', 'SETUSER', 'default', 'nopass'),
  ],
  [
    'takes no more connections',
    false,
    () => turnAway('CONFIG', 'SET', 'maxclients', '1'),
    () => ask('CONFIG', 'SET', 'maxclients', '1000'),
  ],
])('a Redis that %s', (what, reads, breakIt, mend) => {
  it('lets known tokens pass, does nothing by halves, and denies what was revoked', async () => {
    const [kept, cold, alone, family] = await Promise.all([1, 2, 3, 4].map(() => aliceTokens(gatehouse.url)));
    if (!kept || !cold || !alone || !family) throw new Error('four sign-ins');
    expect(await status(kept.access_token)).toBe(200);
    await breakIt();
    const began = performance.now();
    expect(await status(kept.access_token)).toBe(200);
    expect(await status(cold.access_token)).toBe(reads ? 200 : 503);
    expect((await post(`${gatehouse.url}/oauth2/token`, { grant_type: 'client_credentials' })).status).toBe(503);
    await expect(aliceTokens(gatehouse.url)).rejects.toThrow(/^503/);
    expect(await refresh(kept)).toBe(503);
    expect((await revoke(gatehouse.url, alone.access_token)).status).toBe(503);
    expect((await revoke(gatehouse.url, family.refresh_token ?? '')).status).toBe(503);
    const took = performance.now() - began;
    expect(await status(alone.access_token)).toBe(401);
    // Which grant it was may be for the store alone to say; then nobody knows, and nobody is let in.
    expect([401, 503]).toContain(await status(family.access_token));

    await mend();
    for (const { access_token } of [alone, family]) await expect.poll(() => status(access_token), BACK).toBe(401);
    for (const { access_token } of [kept, cold]) await expect.poll(() => status(access_token), BACK).toBe(200);
    await expect.poll(() => refresh(kept), BACK).toBe(200);
    measured({
      id: 'error replies',
      what: `seven answers while Redis ${what}, together`,
      count: 7,
      max: took,
      unit: 'ms',
    });
  }, 30_000);
});
