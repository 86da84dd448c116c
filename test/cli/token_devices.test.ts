import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Terminal, UsageError } from '../../src/cli/command.ts';
import { token } from '../../src/cli/token.ts';
import { systemClock } from '../../src/model/clock.ts';
import { STANDARD_TOKENS } from '../../src/model/token_policy.ts';
import { seconds } from '../../src/model/units.ts';
import { embedded } from '../../src/stores/embedded.ts';
import { createIssuer } from '../../src/tokens/issuing.ts';

let folder: string;
const config = () => join(folder, 'gatehouse.yaml');

async function openBackend() {
  return embedded.create(embedded.options.parse({ path: join(folder, 'g.db') }), {
    ...{ clock: systemClock, directory: folder, report: () => {} },
  });
}

async function run(...args: string[]): Promise<{ code: number; output: string }> {
  const stdout = new PassThrough();
  const terminal: Terminal = {
    ...{ env: {}, stdin: Readable.from([]), stderr: new PassThrough() },
    ...{ stdout, terminated: new Promise(() => {}) },
  };
  const code = await token.run([...args, '--config', config()], terminal);
  stdout.end();
  return { code, output: await text(stdout) };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-devices-'));
  const store = `store: { type: embedded, path: ${join(folder, 'g.db')} }`;
  await writeFile(config(), `${store}\nroutes: [{ name: demo, path: /*, upstream: demo }]\n`);
  const backend = await openBackend();
  const settings = { accessTtl: 60, refreshTtl: 600, codeTtl: 60, refreshGrace: 10 };
  const issuer = createIssuer({ store: backend.tokens, clock: systemClock, settings: settings as never });
  const user = { subject: 'u-alice', username: 'alice', connection: 'users', roles: [] };
  for (const device of ['Phone', 'Phone', 'Laptop', undefined]) {
    await issuer.issue({
      policy: STANDARD_TOKENS,
      authorization: { client: 'app', user, scopes: [], audience: [], authenticatedAt: seconds(1) },
      ...{ scopes: [], refreshable: true, device },
    });
  }
  await backend.close();
});
afterAll(() => rm(folder, { recursive: true }));

it('shows the device of each grant, and ends those of one device', async () => {
  const devices = async () => (await run('list', '--user', 'u-alice')).output.match(/Phone|Laptop/g)?.sort();
  expect(await devices()).toEqual(['Laptop', 'Phone', 'Phone']);
  expect((await run('revoke', '--user', 'u-alice', '--device', 'Phone')).output).toBe('revoked 2 grants\n');
  expect(await devices()).toEqual(['Laptop']);
  expect((await run('revoke', '--user', 'u-alice', '--device', 'phone')).output).toBe('revoked 0 grants\n');
  expect((await run('revoke', '--user', 'u-alice')).output).toBe('revoked 2 grants\n');
});

it('asks whose device is meant', async () => {
  await expect(run('revoke', '--device', 'Phone')).rejects.toThrow(UsageError);
  await expect(run('revoke', '--client', 'app', '--device', 'Phone')).rejects.toThrow(UsageError);
});
