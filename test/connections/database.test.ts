import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { database } from '../../src/connections/database.ts';
import { hashPassword } from '../../src/connections/password_hash.ts';
import { alice, type Core, startCore } from '../oauth/core_under_test.ts';

const password_hash = await hashPassword('wonderland');

describe('the options of a database connection', () => {
  it('become users without the connection', () => {
    const written = { id: 'u-alice', username: 'alice', phone_number: '+15550100', password_hash, roles: ['admin'] };
    expect(database.options.parse({ users: [written] })).toEqual({
      users: [
        {
          id: 'u-alice',
          username: 'alice',
          phoneNumber: '+15550100',
          passwordHash: password_hash,
          roles: ['admin'],
          disabled: false,
        },
      ],
    });
    expect(database.options.parse({})).toEqual({ users: [] });
  });

  it.each([
    ['id', { id: 'with space' }],
    ['username', { username: 'a\nb' }],
    ['email', { email: 'alice' }],
    ['phone_number', { phone_number: '0555' }],
    ['password_hash', { password_hash: 'wonderland' }],
    ['roles', { roles: ['a b'] }],
    ['password', { password: 'wonderland' }],
  ])('refuse a wrong %s', (_key, change) => {
    const written = { id: 'u', username: 'u', password_hash, ...change };
    expect(database.options.safeParse({ users: [written] }).success).toBe(false);
  });

  it('never print the value that was wrong for a hash', () => {
    const outcome = database.options.safeParse({ users: [{ id: 'u', username: 'u', password_hash: 'hunter2' }] });
    expect(outcome.error?.message).not.toContain('hunter2');
    expect(outcome.error?.message).toContain('gatehouse hash-password');
  });

  it('have a JSON Schema', () => {
    expect(JSON.stringify(z.toJSONSchema(database.options, { io: 'input' }))).toContain('password_hash');
  });
});

describe('a database connection', () => {
  const passwordsOf = (core: Core) => core.connections.find((it) => it.kind === 'password');
  const signIn = (core: Core, username: string, password: string) => passwordsOf(core)?.signIn(username, password);

  it('says who the user is', async () => {
    const core = await startCore();
    expect(await signIn(core, 'ALICE', 'wonderland')).toEqual({
      ok: true,
      identity: {
        subject: 'u-alice',
        username: 'alice',
        name: 'Alice Liddell',
        email: 'alice@example.com',
        connection: 'users',
        roles: [],
      },
    });
  });

  it.each([
    ['alice', 'Wonderland'],
    ['alice', ''],
    ['nobody', 'wonderland'],
    ['dodo', 'wonderland'],
    ['elsewhere', 'wonderland'],
  ])('refuses %s / %j', async (username, password) => {
    const core = await startCore();
    await core.users.add({ ...alice, id: 'u-dodo', username: 'dodo', disabled: true });
    await core.users.add({ ...alice, id: 'u-else', username: 'elsewhere', connection: 'other' });
    expect(await signIn(core, username, password)).toEqual({ ok: false });
  });

  it('knows who may still be served', async () => {
    const core = await startCore();
    const connection = passwordsOf(core);
    const identity = { subject: 'u-alice', username: 'old', connection: 'users', roles: ['admin'] };
    expect(await connection?.current?.(identity)).toMatchObject({ username: 'alice', roles: [] });
    await core.documents.put('user', 'u-alice', { ...alice, connection: 'other' });
    expect(await connection?.current?.(identity)).toBeUndefined();
  });
});
