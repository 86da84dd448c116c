import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Terminal, UsageError } from '../../src/cli/command.ts';
import { user } from '../../src/cli/user.ts';
import { systemClock } from '../../src/model/clock.ts';
import { embedded } from '../../src/stores/embedded.ts';

const BCRYPT = '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-import-'));
  const store = `store: { type: embedded, path: ${join(folder, 'g.db')} }`;
  const users = 'connections: [{ name: users, type: database }]';
  await writeFile(
    join(folder, 'gatehouse.yaml'),
    `${store}\n${users}\nroutes: [{ name: demo, path: /*, upstream: demo }]\n`,
  );
});
afterAll(() => rm(folder, { recursive: true }));

function add(typed: string, ...args: string[]): Promise<number> {
  const terminal: Terminal = {
    ...{ env: {}, stdin: Readable.from([`${typed}\n`]), stdout: new PassThrough(), stderr: new PassThrough() },
    terminated: new Promise(() => {}),
  };
  return user.run(['add', ...args, '--config', join(folder, 'gatehouse.yaml')], terminal);
}

it('keeps the hash that another system made', async () => {
  expect(await add(BCRYPT, 'maria', '--id', 'u-maria', '--hashed')).toBe(0);
  const backend = await embedded.create(embedded.options.parse({ path: join(folder, 'g.db') }), {
    ...{ clock: systemClock, directory: folder, report: () => {} },
  });
  expect(await backend.documents.get('user', 'u-maria')).toMatchObject({ username: 'maria', passwordHash: BCRYPT });
  await backend.close();
});

it('refuses what is no hash, without showing what may be a password', async () => {
  const failure = await add('her-password', 'paul', '--hashed').catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(UsageError);
  expect(String(failure)).not.toContain('her-password');
});
