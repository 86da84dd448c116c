import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Terminal, UsageError } from '../../src/cli/command.ts';
import { user } from '../../src/cli/user.ts';
import { systemClock } from '../../src/model/clock.ts';
import { createAttempts } from '../../src/oauth/attempts.ts';
import type { Backend } from '../../src/stores/backend.ts';
import { embedded } from '../../src/stores/embedded.ts';

let folder: string;
let backend: Backend;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-unlock-'));
  await writeFile(
    join(folder, 'gatehouse.yaml'),
    `store: { type: embedded, path: ${join(folder, 'g.db')} }
connections: [{ name: users, type: database }, { name: more, type: database }]
routes: [{ name: demo, path: /*, upstream: demo }]
`,
  );
  backend = await embedded.create(embedded.options.parse({ path: join(folder, 'g.db') }), {
    ...{ clock: systemClock, directory: folder, report: () => {} },
  });
});
afterEach(async () => {
  await backend.close();
  await rm(folder, { recursive: true });
});

async function unlock(...args: string[]): Promise<{ status: number; output: string }> {
  const stdout = new PassThrough();
  const terminal: Terminal = {
    ...{ env: {}, stdin: new PassThrough(), stdout, stderr: new PassThrough() },
    terminated: new Promise(() => {}),
  };
  const status = await user.run(['unlock', ...args, '--config', join(folder, 'gatehouse.yaml')], terminal);
  stdout.end();
  return { status, output: await text(stdout) };
}

/** What the gateway does with the same store. @returns whether the attempt was evaluated. */
function attempt(connection: string): Promise<boolean> {
  const attempts = createAttempts({ counters: backend.counters, clock: systemClock });
  const evaluated = attempts.signIn({ address: '192.0.2.1' }, async (against) => {
    await against({ connection, username: 'alice' });
    return undefined;
  });
  return evaluated.then(
    () => true,
    (error) => {
      expect(error).toMatchObject({ failure: { code: 'too_many_attempts' } });
      return false;
    },
  );
}

async function lockOut(...connections: string[]): Promise<void> {
  for (const connection of connections) {
    for (let count = 0; count < 10; count++) await attempt(connection);
    expect(await attempt(connection)).toBe(false);
  }
}

it('lets somebody try again who failed too often, in every connection', async () => {
  await lockOut('users', 'more');
  expect(await unlock('Alice')).toEqual({ status: 0, output: 'unlocked Alice\n' });
  expect([await attempt('users'), await attempt('more')]).toEqual([true, true]);
});

it('or in the one that is named', async () => {
  await lockOut('users', 'more');
  await unlock('alice', '--connection', 'more');
  expect([await attempt('users'), await attempt('more')]).toEqual([false, true]);
});

it('refuses a connection that there is not, and names those that there are', async () => {
  const failure = await unlock('alice', '--connection', 'nowhere').catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(UsageError);
  expect(String(failure)).toContain('users, more');
});
