import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demoConfig } from '../support/demo_config.ts';
import { startGatehouse } from '../support/gatehouse_process.ts';
import { aliceTokens, call, revoke } from '../support/token_client.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-workers-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const start = async () =>
  startGatehouse(
    await demoConfig(
      `{ type: embedded, path: ${join(folder, 'tokens.db')} }`,
      'listen: { host: 127.0.0.1, port: 0, workers: 2 }\n',
    ),
  );

/** Each call on a connection of its own, so that the workers take turns. */
const fresh = (url: string, token: string): Promise<Response> =>
  fetch(`${url}/demo/hello`, { headers: { authorization: `Bearer ${token}`, connection: 'close' } });

describe('two workers on one port', () => {
  it('share tokens and revocations, and count together', async () => {
    const gatehouse = await start();
    const { access_token } = await aliceTokens(gatehouse.url);
    for (let turn = 0; turn < 8; turn++) expect((await fresh(gatehouse.url, access_token)).status).toBe(200);
    expect(await (await fetch(`${gatehouse.admin}/metrics`)).text()).toMatch(
      /gatehouse_requests_total\{.*route="demo".*\} 8/,
    );

    expect((await revoke(gatehouse.url, access_token)).status).toBe(200);
    const dead = async () => {
      const answers = await Promise.all(Array.from({ length: 8 }, () => fresh(gatehouse.url, access_token)));
      return answers.every((answer) => answer.status === 401);
    };
    await expect.poll(dead, { timeout: 1_000 }).toBe(true);
    expect(await gatehouse.stop()).toBe(0);
  });

  it('tell operators of all of them together, explain a call, and make one', async () => {
    const gatehouse = await start();
    const ask = async (path: string, body?: object) => {
      const answer = await fetch(`${gatehouse.admin}/api/v1${path}`, {
        headers: {
          authorization: `Basic ${btoa('admin:looking-glass')}`,
          ...(body && { 'content-type': 'application/json' }),
        },
        ...(body && { method: 'POST', body: JSON.stringify(body) }),
      });
      // biome-ignore lint/suspicious/noExplicitAny: looked into as it is expected to be
      return (await answer.json()) as any;
    };
    for (let turn = 0; turn < 8; turn++) await fresh(gatehouse.url, 'nonsense');
    expect((await ask('/overview')).requests).toEqual([{ route: 'demo', status: 401, count: 8 }]);
    expect((await ask('/overview/refusals')).items).toHaveLength(8);
    const asked = { method: 'GET', target: '/demo/hello' };
    expect((await ask('/routes/explain', asked)).verdict).toMatchObject({ status: 401, route: 'demo' });
    expect(await ask('/routes/try', asked)).toMatchObject({ status: 401 });
    expect(await gatehouse.stop()).toBe(0);
  });

  it('are replaced when they die', async () => {
    const gatehouse = await start();
    const { access_token } = await aliceTokens(gatehouse.url);
    const pid = Number(/"pid":(\d+)/.exec(await gatehouse.line(/"event":"serving"/))?.[1]);
    expect(pid).not.toBe(gatehouse.pid);
    process.kill(pid, 'SIGKILL');
    await gatehouse.line(/"event":"worker_died"/);
    await expect
      .poll(async () => (await fetch(`${gatehouse.admin}/health/ready`)).status, { timeout: 15_000 })
      .toBe(200);
    for (let turn = 0; turn < 4; turn++) expect((await fresh(gatehouse.url, access_token)).status).toBe(200);
    expect(await gatehouse.stop()).toBe(0);
  });
});

describe('the memory store', () => {
  it('is refused with more than one worker, because the workers would not share it', async () => {
    const starting = startGatehouse(
      await demoConfig('{ type: memory }', 'listen: { host: 127.0.0.1, port: 0, workers: 2 }\n'),
    );
    await expect(starting).rejects.toThrow(/ended with 2:[\s\S]*memory/);
  });
});

describe('calls through a worker', () => {
  it('see the same demo API as through a single process', async () => {
    const gatehouse = await start();
    const { access_token } = await aliceTokens(gatehouse.url);
    expect(await (await call(gatehouse.url, access_token)).json()).toMatchObject({ method: 'GET' });
    expect(await gatehouse.stop()).toBe(0);
  });
});
