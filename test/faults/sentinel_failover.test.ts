/*
 * A planned failover of Redis under load. For a moment nobody knows who the master is: calls and sign-ins may fail with 503 for two
 * seconds at most, nobody with a good token is told that it is bad, and no revocation is lost that the old master confirmed.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { demoConfig } from '../support/demo_config.ts';
import { type GatehouseProcess, startGatehouse } from '../support/gatehouse_process.ts';
import { measured } from '../support/measured.ts';
import { type Sentinel, startSentinel } from '../support/redis_topology.ts';
import { startCalls } from '../support/steady_calls.ts';
import { aliceTokens, call, post, revoke, type Tokens } from '../support/token_client.ts';

const RATE = 300;
/** The longest time from the first error to the last, in milliseconds. */
const ERRORS = 2_000;

let sentinel: Sentinel;
let gatehouse: GatehouseProcess;
beforeAll(async () => {
  sentinel = await startSentinel();
  const { sentinels, master } = sentinel;
  const store = `{ type: redis, sentinels: ${JSON.stringify(sentinels)}, master: ${master}, wait_replicas: 1 }`;
  // Without a cache every call asks Redis: what a cache hides is not what is tested.
  const yaml = await demoConfig(store);
  gatehouse = await startGatehouse(yaml.replace(/^( +max_tokens:) 100000/m, '$1 0'));
});
afterAll(async () => {
  await gatehouse.stop();
  await sentinel.stop();
});

const signIn = (): Promise<Response> => post(`${gatehouse.url}/oauth2/token`, { grant_type: 'client_credentials' });

it('R5: costs two seconds of 503 at most, no 401, and no revocation', async () => {
  await expect.poll(async () => (await signIn()).status, { timeout: 10_000 }).toBe(200);
  const good = await Promise.all(Array.from({ length: 10 }, () => signIn().then((it) => it.json() as Promise<Tokens>)));
  const dead = await aliceTokens(gatehouse.url);
  await expect
    .poll(async () => (await revoke(gatehouse.url, dead.refresh_token ?? '')).status, { timeout: 10_000 })
    .toBe(200);

  let turn = 0;
  const calls = startCalls(() => {
    turn += 1;
    return { url: `${gatehouse.url}/demo/x`, token: good[turn % good.length]?.access_token ?? '' };
  }, RATE);
  const errors: number[] = [];
  const statuses = new Set<number>();
  let over = false;
  const signingIn = (async () => {
    while (!over) {
      const { status } = await signIn();
      statuses.add(status);
      if (status !== 200) errors.push(performance.now());
      await delay(20);
    }
  })();
  await expect.poll(() => calls.outcomes.length, { timeout: 15_000 }).toBeGreaterThan(30);
  await sentinel.failover();
  await gatehouse.line(/"event":"store_failover"/);
  await delay(500);
  await expect.poll(async () => (await signIn()).status, { timeout: 5_000 }).toBe(200);
  over = true;
  await signingIn;
  const outcomes = await calls.stop();

  expect(
    [...new Set(outcomes.map(({ status }) => status)), ...statuses].filter((it) => it !== 200 && it !== 503),
  ).toEqual([]);
  const failed = outcomes.filter(({ status }) => status !== 200);
  const moments = [...failed.map(({ at }) => at), ...errors].sort((a, b) => a - b);
  const window = (moments.at(-1) ?? 0) - (moments[0] ?? 0);
  expect(window).toBeLessThanOrEqual(ERRORS);
  expect((await call(gatehouse.url, dead.access_token)).status).toBe(401);
  measured({
    id: 'R5',
    what: `from the first 503 to the last in a planned failover, ${outcomes.length} calls`,
    count: moments.length,
    max: window,
    unit: 'ms',
  });
});
