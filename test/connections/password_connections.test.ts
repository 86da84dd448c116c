import { afterAll, beforeAll } from 'vitest';
import { hashPassword } from '../../src/connections/password_hash.ts';
import { type PasswordConnectionUnderTest, passwordConnectionContract } from '../contract/password_connection.ts';
import { alice, startCore } from '../oauth/core_under_test.ts';
import { BASE, type LdapServer, person, startLdap } from '../support/ldap_server.ts';
import { connectionTo } from './ldap_under_test.ts';

// The contract of connections that take a password, kept by each of those whose users we can make and disable.

passwordConnectionContract('database', async (): Promise<PasswordConnectionUnderTest> => {
  const core = await startCore();
  const [connection] = core.connections;
  if (connection?.kind !== 'password') throw new Error('expected a password connection');
  const passwordHash = await hashPassword('caucus');
  await core.users.add({ ...alice, id: 'u-dodo', username: 'dodo', passwordHash, disabled: true });
  return {
    connection,
    username: 'alice',
    password: 'wonderland',
    disabled: { username: 'dodo', password: 'caucus' },
    disable: async () => void (await core.documents.put('user', alice.id, { ...alice, disabled: true })),
  };
});

let server: LdapServer;
beforeAll(async () => {
  server = await startLdap(person('dodo', 'caucus', 'userAccountControl: 514'));
});
afterAll(() => server.stop());

let count = 0;
passwordConnectionContract('ldap', async (): Promise<PasswordConnectionUnderTest> => {
  const { connection, clock } = connectionTo(server.url);
  const username = `user-${count++}`;
  await server.modify(person(username, 'wonderland').replace('objectClass', 'changetype: add\nobjectClass'));
  return {
    connection,
    username,
    password: 'wonderland',
    disabled: { username: 'dodo', password: 'caucus' },
    async disable() {
      const change = 'changetype: modify\nadd: userAccountControl\nuserAccountControl: 514';
      await server.modify(`dn: uid=${username},ou=people,${BASE}\n${change}\n`);
      clock.advance(61_000);
    },
  };
});
