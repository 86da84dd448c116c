/*
 * The disk under the embedded store is full. Tokens that are there must go on working, nobody gets a token that is not on disk, and a
 * revocation must not be told to be done: it is 503, and the token is dead from then on all the same. It ends for good when there is
 * room again. The file system is made to refuse writes by the process's own limit on file sizes, which can be moved while it runs.
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { demoConfig } from '../support/demo_config.ts';
import { type GatehouseProcess, startGatehouse } from '../support/gatehouse_process.ts';
import { measured } from '../support/measured.ts';
import { aliceTokens, call, post, revoke } from '../support/token_client.ts';

let folder: string;
let config: string;
let gatehouse: GatehouseProcess;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-disk-'));
  config = await demoConfig(`{ type: embedded, path: ${join(folder, 'tokens.db')} }`);
  gatehouse = await startGatehouse(config);
});
afterAll(async () => {
  await gatehouse.stop();
  await rm(folder, { recursive: true, force: true });
});

/** @param bytes what no file may grow beyond, and none that is longer be written at its end. */
function limitFiles(bytes: number | 'unlimited'): void {
  const { status, stderr } = spawnSync('prlimit', ['--pid', String(gatehouse.pid), `--fsize=${bytes}:unlimited`]);
  if (status !== 0) throw new Error(String(stderr));
}

it('lets calls pass, issues nothing, denies what was revoked, and forgets nothing of it', async () => {
  const [kept, alone, family] = await Promise.all([1, 2, 3].map(() => aliceTokens(gatehouse.url)));
  if (!kept || !alone || !family) throw new Error('three sign-ins');
  limitFiles(1);
  const began = performance.now();
  expect((await post(`${gatehouse.url}/oauth2/token`, { grant_type: 'client_credentials' })).status).toBe(503);
  expect((await call(gatehouse.url, kept.access_token)).status).toBe(200);
  expect((await revoke(gatehouse.url, alone.access_token)).status).toBe(503);
  expect((await revoke(gatehouse.url, family.refresh_token ?? '')).status).toBe(503);
  const took = performance.now() - began;
  for (const { access_token } of [alone, family]) expect((await call(gatehouse.url, access_token)).status).toBe(401);
  expect((await call(gatehouse.url, kept.access_token)).status).toBe(200);

  limitFiles('unlimited');
  await expect
    .poll(async () => (await post(`${gatehouse.url}/oauth2/token`, { grant_type: 'client_credentials' })).status, {
      timeout: 5_000,
    })
    .toBe(200);
  // It is tried again every second; then another process that opens the file knows it too.
  const other = await startGatehouse(config);
  for (const { access_token } of [alone, family])
    await expect.poll(async () => (await call(other.url, access_token)).status, { timeout: 5_000 }).toBe(401);
  expect((await call(other.url, kept.access_token)).status).toBe(200);
  expect(await other.stop()).toBe(0);
  measured({
    id: 'disk full',
    what: 'sign-in, call and two revocations on a full disk together',
    count: 4,
    max: took,
    unit: 'ms',
  });
});
