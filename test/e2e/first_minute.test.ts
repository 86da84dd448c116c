import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demoConfig } from '../support/demo_config.ts';
import { type GatehouseProcess, startGatehouse } from '../support/gatehouse_process.ts';

const run = promisify(execFile);

let gatehouse: GatehouseProcess;
beforeAll(async () => {
  gatehouse = await startGatehouse(await demoConfig('{ type: embedded, path: ./data/gatehouse.db }'));
});
afterAll(() => gatehouse.stop());

describe('the first minute', () => {
  it('prints two lines that, pasted into one shell, end in an answer from the API as alice', async () => {
    await gatehouse.line(/^curl /);
    const lines = gatehouse
      .output()
      .split('\n')
      .filter((line) => /^(TOKEN=.*)?curl /.test(line) || line.startsWith('TOKEN='));
    expect(lines).toHaveLength(2);
    const { stdout } = await run('sh', ['-c', lines.join('\n')]);
    const seen = JSON.parse(stdout) as { method: string; path: string; headers: Record<string, string> };
    expect(seen.method).toBe('GET');
    expect(seen.headers).toMatchObject({
      'x-user-id': 'u-alice',
      'x-user-email': 'alice@example.com',
      'x-client-id': 'demo-app',
    });
    expect(seen.headers).not.toHaveProperty('authorization');
  });

  it('says where the console is, and how to get in', async () => {
    const line = await gatehouse.line(/^The console is at /);
    const [, where, username, password] = /at (\S+): sign in as (\w+), with the password ([\w-]+)\.$/.exec(line) ?? [];
    expect(where).toBe(`${gatehouse.admin}/`);
    const asked = await fetch(`${where}api/v1/me`, {
      headers: { authorization: `Basic ${btoa(`${username}:${password}`)}` },
    });
    expect(await asked.json()).toMatchObject({ role: 'admin' });
  });

  it('says that it is alive and ready, and counts', async () => {
    expect((await fetch(`${gatehouse.admin}/health/live`)).status).toBe(200);
    expect((await fetch(`${gatehouse.admin}/health/ready`)).status).toBe(200);
    const metrics = await (await fetch(`${gatehouse.admin}/metrics`)).text();
    expect(metrics).toMatch(/^gatehouse_requests_total\{.*route="demo".*status="200".*\} \d+/m);
  });
});
