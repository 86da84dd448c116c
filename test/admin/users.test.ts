import { afterEach, describe, expect, it } from 'vitest';
import { resetAttempts } from '../../src/admin/user_belongings.ts';
import {
  createUser,
  deleteUser,
  getUser,
  listUsers,
  lockUser,
  resetPassword,
  unlockUser,
  updateUser,
} from '../../src/admin/users.ts';
import { verifyPassword } from '../../src/connections/password_hash.ts';
import {
  type AdministrationUnderTest,
  identity,
  openEmbedded,
  openMemory,
  startAdministration,
  WONDERLAND,
} from './administration_under_test.ts';

const ALICE = {
  ...{ id: 'u-alice', username: 'Alice', name: 'Alice Liddell', email: 'alice@example.com' },
  ...{ phone_number: '+15550100', password_hash: WONDERLAND },
};

let current: AdministrationUnderTest | undefined;
afterEach(() => current?.close());

describe.each([
  ['memory', openMemory],
  ['embedded', openEmbedded],
])('users in %s', (_name, open) => {
  const start = async () => {
    current = await startAdministration(open);
    return current;
  };

  it('are made, read, and found by whatever they have', async () => {
    const { ask, admin } = await start();
    const made = await ask(createUser, ALICE);
    expect(made).toMatchObject({ id: 'u-alice', connection: 'users', source: 'store', roles: [], disabled: false });
    expect(JSON.stringify(made)).not.toContain('argon2');
    expect(await ask(getUser, { id: 'u-alice' })).toEqual(made);
    const bob = await ask(createUser, {
      username: 'bob',
      password: 'can he fix it',
      connection: 'staff',
      roles: ['admin'],
    });
    expect(await verifyPassword((await admin.users.find(bob.id))?.passwordHash ?? '', 'can he fix it')).toBe(true);
    for (const search of ['alic', 'LIDD', 'alice@ex', '+1555', 'u-al'])
      expect((await ask(listUsers, { search })).items.map(({ id }) => id)).toEqual(['u-alice']);
    const { items } = await ask(listUsers);
    expect(new Set(items.map(({ username }) => username))).toEqual(new Set(['Alice', 'bob', 'fixed']));
  });

  it('sign in by a new name once they are renamed, and nobody by the old one until somebody takes it', async () => {
    const { ask, admin, problem } = await start();
    await ask(createUser, ALICE);
    await ask(createUser, {
      ...ALICE,
      id: 'u-bob',
      username: 'bob',
      email: 'bob@example.com',
      phone_number: '+15550101',
    });
    const { users } = admin;
    expect(await problem(updateUser, { id: 'u-alice', username: 'BOB' })).toMatchObject({
      ...{ type: 'conflict', fields: [{ path: 'username' }] },
    });
    expect(await problem(updateUser, { id: 'u-alice', username: 'Fixed' })).toMatchObject({ type: 'conflict' });
    expect((await users.findByUsername('users', 'alice'))?.id).toBe('u-alice');
    await ask(updateUser, { id: 'u-alice', username: 'Ally', email: 'ally@example.com', phone_number: null });
    expect((await users.findByUsername('users', 'ally'))?.id).toBe('u-alice');
    expect(await users.findByUsername('users', 'alice')).toBeUndefined();
    expect((await users.findByContact({ email: 'ally@example.com' }))?.id).toBe('u-alice');
    expect(await users.findByContact({ email: 'alice@example.com' })).toBeUndefined();
    expect(await users.findByContact({ phoneNumber: '+15550100' })).toBeUndefined();
    await ask(updateUser, { id: 'u-bob', username: 'alice', email: 'alice@example.com', phone_number: '+15550100' });
    expect((await users.findByUsername('users', 'alice'))?.id).toBe('u-bob');
    expect((await users.findByContact({ phoneNumber: '+15550100' }))?.id).toBe('u-bob');
    // Case alone is no other name.
    await ask(updateUser, { id: 'u-bob', username: 'ALICE' });
    expect((await users.findByUsername('users', 'alice'))?.username).toBe('ALICE');
  });

  it('share no name, however many want one at the same moment', async () => {
    const { ask, admin } = await start();
    const ids = ['u-1', 'u-2', 'u-3', 'u-4', 'u-5'];
    for (const id of ids) await ask(createUser, { id, username: id, password_hash: WONDERLAND });
    const wants = [
      ...ids.map((id) => ask(updateUser, { id, username: 'wanted' })),
      ask(createUser, { id: 'u-new', username: 'Wanted', password_hash: WONDERLAND }),
    ];
    const outcomes = await Promise.allSettled(wants);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const owner = await admin.users.findByUsername('users', 'wanted');
    for (const id of ids.filter((each) => each !== owner?.id))
      expect((await admin.users.findByUsername('users', id))?.id).toBe(id);
  });

  it('keep their name, number and address when a second one comes with the same', async () => {
    const { ask, admin, problem } = await start();
    await ask(createUser, ALICE);
    for (const username of ['ALICE', 'fixed'])
      expect(await problem(createUser, { ...ALICE, id: 'u-second', username })).toMatchObject({ type: 'conflict' });
    expect(await problem(createUser, { ...ALICE, username: 'other' })).toMatchObject({ fields: [{ path: 'id' }] });
    await ask(createUser, { ...ALICE, id: 'u-second', username: 'second' });
    expect((await admin.users.findByUsername('users', 'alice'))?.id).toBe('u-alice');
    expect((await admin.users.findByContact({ email: 'alice@example.com' }))?.id).toBe('u-alice');
    await ask(deleteUser, { id: 'u-second' });
    expect((await admin.users.findByContact({ phoneNumber: '+15550100' }))?.id).toBe('u-alice');
  });

  it('can have a name that was left over from somebody who is gone', async () => {
    const { ask, admin, backend } = await start();
    await backend.documents.put('username', 'users:ghost', { id: 'u-gone' });
    await backend.documents.put('contact', 'email:ghost@example.com', { id: 'u-gone' });
    await ask(createUser, { id: 'u-new', username: 'ghost', email: 'ghost@example.com', password_hash: WONDERLAND });
    expect((await admin.users.findByUsername('users', 'ghost'))?.id).toBe('u-new');
    expect((await admin.users.findByContact({ email: 'ghost@example.com' }))?.id).toBe('u-new');
  });

  it('keep every one of two changes at once, and tell whoever began with what is no more', async () => {
    const { ask, problem } = await start();
    const { revision } = await ask(createUser, ALICE);
    await Promise.all([
      ask(updateUser, { id: 'u-alice', name: 'Queen' }),
      ask(updateUser, { id: 'u-alice', roles: ['auditor'] }),
      ask(updateUser, { id: 'u-alice', email: null }),
      ask(resetPassword, { id: 'u-alice', password: 'another long password' }),
    ]);
    const now = await ask(getUser, { id: 'u-alice' });
    expect(now).toMatchObject({ name: 'Queen', roles: ['auditor'] });
    expect(now).not.toHaveProperty('email');
    expect(await problem(updateUser, { id: 'u-alice', revision, name: 'Late' })).toMatchObject({ type: 'conflict' });
  });

  it.each([
    ['locked', lockUser, {}],
    ['disabled', updateUser, { disabled: true }],
    ['deleted', deleteUser, {}],
    ['given another password', resetPassword, { password: 'a new password' }],
  ] as const)('lose their grants and sessions when they are %s', async (_what, operation, more) => {
    const { ask, grant, session, backend, admin } = await start();
    await ask(createUser, ALICE);
    await admin.consents.remember('u-alice', 'app', ['read']);
    const user = identity('u-alice');
    await grant({ client: 'app', user });
    await grant({ client: 'personal-access-token', user });
    await grant({ client: 'app', user: identity('u-bob') });
    await session(user);
    await session(user, { purpose: 'console' });
    expect(await ask(operation as typeof lockUser, { id: 'u-alice', ...more })).toMatchObject({
      ...{ ended_grants: 2, ended_sessions: 2 },
    });
    expect(await backend.tokens.families({ of: 'user', id: 'u-alice' }, 10)).toEqual([]);
    expect(await backend.tokens.sessions('u-alice', 10)).toEqual([]);
    expect(await backend.tokens.families({ of: 'user', id: 'u-bob' }, 10)).toHaveLength(1);
    expect(await admin.consents.covers('u-alice', 'app', ['read'])).toBe(operation !== deleteUser);
  });

  it('keep their sessions when somebody says so', async () => {
    const { ask, session, backend } = await start();
    await ask(createUser, ALICE);
    await session(identity('u-alice'));
    await ask(resetPassword, { id: 'u-alice', password: 'a new password', keep_sessions: true });
    expect(await backend.tokens.sessions('u-alice', 10)).toHaveLength(1);
  });

  it('are unlocked from an operator and from too many failures', async () => {
    const { ask, admin } = await start();
    await ask(createUser, ALICE);
    await ask(lockUser, { id: 'u-alice' });
    const attempt = (connection: string, username: string) =>
      admin.attempts.signIn({ address: '192.0.2.1' }, async (against) => {
        await against({ connection, username });
        return undefined;
      });
    const lockOut = async (connection: string, username: string) => {
      for (let count = 0; count < 10; count++) await attempt(connection, username);
      await expect(attempt(connection, username)).rejects.toMatchObject({ failure: { code: 'too_many_attempts' } });
    };
    await lockOut('users', 'alice');
    expect(await ask(unlockUser, { id: 'u-alice' })).toMatchObject({ disabled: false });
    await attempt('users', 'alice');
    await lockOut('corp', 'carol');
    expect(await ask(resetAttempts, { username: 'Carol' })).toEqual({ connections: ['users', 'staff', 'corp'] });
    await attempt('corp', 'carol');
  });
});

describe('who is not in the store', () => {
  const start = async () => {
    current = await startAdministration();
    return current;
  };

  it('is shown as a grant or a session tells, and changed where they are kept', async () => {
    const { ask, grant, problem } = await start();
    await grant({
      client: 'app',
      user: identity('uid=carol', { connection: 'corp', username: 'carol', name: 'Carol' }),
    });
    expect(await ask(getUser, { id: 'uid=carol' })).toMatchObject({
      ...{ username: 'carol', name: 'Carol', connection: 'corp', source: 'connection' },
    });
    for (const operation of [lockUser, deleteUser, updateUser])
      expect(await problem(operation as typeof lockUser, { id: 'uid=carol' })).toMatchObject({ type: 'configured' });
    expect(await ask(unlockUser, { id: 'uid=carol' })).toMatchObject({ username: 'carol' });
  });

  it('is not found when a database says that they are gone, whatever a grant tells', async () => {
    const { grant, problem } = await start();
    await grant({ client: 'app', user: identity('u-removed') });
    expect(await problem(getUser, { id: 'u-removed' })).toMatchObject({ type: 'not_found' });
    expect(await problem(lockUser, { id: 'u-nobody' })).toMatchObject({ type: 'not_found' });
  });

  it('is changed in the configuration file when they stand there', async () => {
    const { problem } = await start();
    for (const [operation, more] of [
      [lockUser, {}],
      [deleteUser, {}],
      [updateUser, { name: 'New' }],
      [resetPassword, { password: 'a new password' }],
    ] as const)
      expect(await problem(operation as typeof lockUser, { id: 'u-fixed', ...more })).toMatchObject({
        type: 'configured',
      });
  });
});

it.each<[object, string]>([
  [{ username: 'x' }, 'password'],
  [{ username: 'x', password: 'seven brown teapots', password_hash: WONDERLAND }, 'password'],
  [{ username: 'x', password: '' }, 'password'],
  [{ username: 'x', password: 'seven\0brown teapots' }, 'password'],
  [{ username: 'x', password: 'teapots' }, 'password'],
  [{ username: 'x', password: 'Password123!' }, 'password'],
  [{ username: 'dormouse.42', password: 'dormouse.42' }, 'password'],
  [{ username: 'x', password: 'x'.repeat(5_000) }, 'password'],
  [{ username: 'x', password_hash: 'plain' }, 'password_hash'],
  [{ username: 'x\n', password: 'seven brown teapots' }, 'username'],
  [{ username: 'x', password: 'seven brown teapots', email: 'nobody' }, 'email'],
  [{ username: 'x', password: 'seven brown teapots', phone_number: '555' }, 'phone_number'],
  [{ username: 'x', password: 'seven brown teapots', roles: ['with space'] }, 'roles.0'],
  [{ username: 'x', password: 'seven brown teapots', connection: 'corp' }, 'connection'],
  [{ username: 'x', password: 'seven brown teapots', id: 'with space' }, 'id'],
  [{ username: 'x', password: 'seven brown teapots', name: 'two\nlines' }, 'name'],
  [{ username: 'x', password: 'seven brown teapots', passwordHash: WONDERLAND }, 'passwordHash'],
])('refuses a user who is not right, and says where: %j', async (input, path) => {
  current = await startAdministration();
  const { type, fields, message } = await current.problem(createUser, input);
  expect([type, ...fields.map((field) => field.path)]).toContain(path);
  expect(JSON.stringify([message, fields])).not.toMatch(/xxxx|plain/);
});

it('tells everything at once that is not right of a user', async () => {
  current = await startAdministration();
  const { fields } = await current.problem(createUser, {
    username: 'x',
    password: 'short',
    connection: 'corp',
    email: 'y',
  });
  expect(fields.map(({ path }) => path).sort()).toEqual(['email', 'password']);
  const twice = await current.problem(createUser, {
    username: 'dormouse.42',
    password: 'dormouse.42',
    connection: 'corp',
  });
  expect(twice.fields.map(({ path }) => path)).toEqual(['connection', 'password']);
});
