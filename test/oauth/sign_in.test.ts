import { describe, expect, it } from 'vitest';
import type { Connection, PasswordConnection } from '../../src/connections/connection.ts';
import { DependencyUnavailable } from '../../src/model/failure.ts';
import type { Attempts } from '../../src/oauth/attempts.ts';
import type { OneTimeCodes } from '../../src/oauth/one_time_codes.ts';
import { createSignInDesk } from '../../src/oauth/sign_in.ts';
import { app, caller } from '../oauth/core_under_test.ts';

const identity = (connection: string) => ({ subject: 'u', username: 'u', connection, roles: [] });

/** A connection that knows one password, and cannot say who a user is without it. */
const knowing = (name: string, secret: string): PasswordConnection => ({
  kind: 'password',
  name,
  signIn: async (_username, password) => (password === secret ? { ok: true, identity: identity(name) } : { ok: false }),
});

const down: PasswordConnection = {
  kind: 'password',
  name: 'down',
  signIn: async () => {
    throw new DependencyUnavailable('directory', 'no answer');
  },
};

const credentials = (password: string, connection?: string) => ({ caller, username: 'u', password, connection });

/** A desk that counts nothing: what it counts is the business of the tests in security/guessing. */
function deskOf(...connections: readonly Connection[]) {
  const uncounted: Attempts = {
    signIn: (_caller, evaluate) => evaluate(async () => {}),
    clientSecret: (_client, _caller, evaluate) => evaluate(),
    unlock: async () => {},
  };
  const codes: OneTimeCodes = { send: async () => {}, redeem: async () => false };
  return createSignInDesk({ connections, attempts: uncounted, codes });
}

describe('createSignInDesk', () => {
  const desk = deskOf(knowing('first', 'one'), knowing('second', 'two'));

  it('tries the connections in their order', async () => {
    expect((await desk.signIn(app, credentials('two')))?.connection).toBe('second');
    expect(await desk.signIn(app, credentials('three'))).toBeUndefined();
  });

  it('tries only the one that was named', async () => {
    expect(await desk.signIn(app, credentials('two', 'first'))).toBeUndefined();
  });

  it('says so when the client has no connection of that name', async () => {
    const unknown = { failure: { code: 'invalid_request' } };
    await expect(desk.signIn(app, credentials('two', 'nowhere'))).rejects.toMatchObject(unknown);
    const restricted = { ...app, connections: ['first'] };
    await expect(desk.signIn(restricted, credentials('two', 'second'))).rejects.toMatchObject(unknown);
  });

  it('tries only those of the client', async () => {
    expect(await desk.signIn({ ...app, connections: ['first'] }, credentials('two'))).toBeUndefined();
  });

  it('does not take a directory that is down for a wrong password', async () => {
    await expect(deskOf(down).signIn(app, credentials('x'))).rejects.toThrow(DependencyUnavailable);
  });

  it('believes a connection that cannot tell, and no connection that is gone or not the client’s', async () => {
    expect(await desk.current(app, identity('first'))).toEqual(identity('first'));
    expect(await desk.current(app, identity('removed'))).toBeUndefined();
    expect(await desk.current({ ...app, connections: ['second'] }, identity('first'))).toBeUndefined();
  });
});
