import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { client } from '../../src/cli/client.ts';
import { type Command, type Terminal, UsageError } from '../../src/cli/command.ts';
import { user } from '../../src/cli/user.ts';
import { systemClock } from '../../src/model/clock.ts';
import { embedded } from '../../src/stores/embedded.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-operations-'));
  await writeFile(
    join(folder, 'gatehouse.yaml'),
    `store: { type: embedded, path: ${join(folder, 'g.db')} }
connections: [{ name: users, type: database }]
routes: [{ name: demo, path: /*, upstream: demo }]
clients: [{ id: fixed, secret: fixed-secret, grants: [client_credentials] }]
`,
  );
});
afterAll(() => rm(folder, { recursive: true }));

async function run(command: Command, args: readonly string[], typed = '') {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const terminal: Terminal = {
    ...{ env: {}, user: 'operator', stdin: Readable.from([typed]), stdout, stderr, terminated: new Promise(() => {}) },
  };
  const code = await command.run([...args, '--config', join(folder, 'gatehouse.yaml')], terminal);
  stdout.end();
  stderr.end();
  return { code, output: await text(stdout), errors: await text(stderr) };
}

it('changes clients and users, and writes down who did', async () => {
  const uri = ['--redirect-uri', 'https://a.example.com/cb'];
  const added = await run(client, ['add', 'Orders', '--id', 'orders', ...uri, '--scope', 'read']);
  expect(added.output).toMatch(/^client_id {6}orders\nclient_secret {2}ghk_[\w-]{43}\n$/);
  expect(await run(client, ['update', 'orders', '--name', 'New', '--dialect', 'oauth2'])).toMatchObject({ code: 0 });
  expect((await run(client, ['disable', 'orders'])).output).toBe('disabled orders and revoked 0 of its grants\n');
  expect((await run(client, ['list', '--search', 'new'])).output).toMatch(/orders +New +confidential.*disabled\n$/);
  expect(await run(client, ['enable', 'orders'])).toMatchObject({ code: 0 });
  expect((await run(client, ['rotate', 'orders', '--overlap', '5m'])).errors).toContain('another 5m');
  expect(await run(client, ['end-overlap', 'orders'])).toMatchObject({ code: 0 });
  expect(
    await run(user, ['add', 'alice', '--id', 'u-alice', '--role', 'auditor'], 'tea at half past four\n'),
  ).toMatchObject({
    ...{ code: 0, output: 'added u-alice\n' },
  });
  expect(await run(user, ['update', 'u-alice', '--email', 'alice@example.com'])).toMatchObject({ code: 0 });
  expect((await run(user, ['password', 'u-alice'], 'another password\n')).output).toContain(
    'set the password of u-alice',
  );
  expect((await run(user, ['lock', 'u-alice'])).output).toBe('locked u-alice and revoked 0 of their grants\n');
  expect(await run(user, ['enable', 'u-alice'])).toMatchObject({ code: 0 });
  expect((await run(user, ['remove', 'u-alice'])).output).toBe('removed u-alice and revoked 0 of their grants\n');
  expect((await run(client, ['remove', 'orders'])).output).toBe('removed orders and revoked 0 of its grants\n');

  const backend = await embedded.create(embedded.options.parse({ path: join(folder, 'g.db') }), {
    ...{ clock: systemClock, directory: folder, report: () => {} },
  });
  const { items } = await backend.audit.page({}, 100);
  await backend.close();
  expect(items.map(({ action }) => action).reverse()).toEqual([
    ...['clients.create', 'clients.update', 'clients.update', 'clients.update', 'clients.rotate_secret'],
    ...['clients.end_previous_secret', 'users.create', 'users.update', 'users.set_password', 'users.lock'],
    ...['users.update', 'users.delete', 'clients.delete'],
  ]);
  for (const event of items)
    expect(event).toMatchObject({ actor: { kind: 'command_line', id: 'operator' }, via: 'command_line' });
  expect(JSON.stringify(items)).not.toMatch(/half past|another|ghk_/);
});

it('says what was wrong: of the arguments as usage, of the store as a failure', async () => {
  await expect(run(client, ['add', 'X', '--grant', 'telepathy'])).rejects.toThrow(UsageError);
  await expect(run(client, ['add', 'X'])).rejects.toThrow('--redirect-uri');
  await expect(run(client, ['update', 'fixed'])).rejects.toThrow(UsageError);
  await expect(run(client, ['rotate', 'fixed', '--overlap', 'long'])).rejects.toThrow('--overlap');
  await expect(run(user, ['add', 'bob', '--connection', 'nowhere'], 'seven brown teapots\n')).rejects.toThrow('users');
  expect(await run(client, ['remove', 'nobody'])).toMatchObject({ code: 1, errors: expect.stringContaining('nobody') });
  expect(await run(client, ['rotate', 'fixed'])).toMatchObject({
    ...{ code: 1, errors: expect.stringContaining('configuration file') },
  });
});

it('takes no password that users could not choose themselves, and says what would be right', async () => {
  for (const password of ['teapots', 'dormouse-7']) {
    const { code, errors } = await run(user, ['add', 'dormouse', '--id', 'u-1'], `${password}\n`);
    expect([code, errors]).toEqual([1, expect.stringMatching(/^password cannot be this one: .+: .+\.\n$/)]);
  }
  expect((await run(user, ['list'])).output).not.toContain('dormouse');
});
