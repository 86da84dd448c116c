import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PasswordConnection } from '../../src/connections/connection.ts';
import { DependencyUnavailable } from '../../src/model/failure.ts';
import { BASE, group, type LdapServer, person, startLdap } from '../support/ldap_server.ts';
import { connectionTo } from './ldap_under_test.ts';

const GUID = Buffer.from('33221100554477668899aabbccddeeff', 'hex');
const MANY_GROUPS = Array.from({ length: 250 }, (_, count) => group(`team-${count}`, 'alice'));

/** Names that mean something to the syntax of names and filters. */
const ODD = `
dn: cn=Ada \\2B \\22Countess\\22 \\5C (Lovelace)*\\, b.,ou=people,${BASE}
objectClass: inetOrgPerson
cn: Ada + "Countess" \\ (Lovelace)*, b.
sn: Lovelace
uid: ada*(x)
uid: zoë
userPassword: engine

dn: cn=odd,ou=groups,${BASE}
objectClass: groupOfNames
cn: odd
member: cn=Ada \\2B \\22Countess\\22 \\5C (Lovelace)*\\, b.,ou=people,${BASE}
`;

let server: LdapServer;
beforeAll(async () => {
  server = await startLdap(
    [
      person(
        'alice',
        'wonderland',
        `mail: alice@example.com
telephoneNumber: +15550100
employeeNumber: 7
sAMAccountName: alice
userAccountControl: 512
objectGUID:: ${GUID.toString('base64')}`,
      ),
      person('twin', 'one').replace('uid: twin', 'uid: twin\nuid: shared'),
      person('other', 'two').replace('uid: other', 'uid: other\nuid: shared'),
      person('gone', 'away', 'sAMAccountName: gone\nuserAccountControl: 514'),
      ODD,
      group('Staff', 'alice', 'twin'),
      group('admins', 'alice'),
      ...MANY_GROUPS,
    ].join('\n'),
  );
});
afterAll(() => server.stop());

/** What the server logged of all that came before: its lines reach us later than its answers. */
async function logUntilNow(connection: PasswordConnection): Promise<string> {
  const id = randomUUID();
  await connection.current?.({ subject: `corp|${id}`, username: id, connection: 'corp', roles: [] });
  await expect.poll(() => server.log()).toContain(id);
  return server.log();
}

describe('signing in', () => {
  it('says who the user is, with an id that is not one of another connection', async () => {
    const { connection } = connectionTo(server.url);
    expect(await connection.signIn('ALICE', 'wonderland')).toEqual({
      ok: true,
      identity: {
        subject: expect.stringMatching(/^corp\|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
        username: 'alice',
        name: 'alice',
        email: 'alice@example.com',
        phoneNumber: '+15550100',
        connection: 'corp',
        roles: [],
      },
    });
  });

  it('maps attributes as configured', async () => {
    const { connection } = connectionTo(server.url, {
      attributes: { id: 'employeenumber', username: 'mail', name: 'sn', email: 'nothing', phone: 'nothing' },
    });
    expect(await connection.signIn('alice', 'wonderland')).toEqual({
      ok: true,
      identity: { subject: 'corp|7', username: 'alice@example.com', name: 'alice', connection: 'corp', roles: [] },
    });
  });

  it.each([
    ['a wrong password', 'alice', 'Wonderland'],
    ['somebody unknown', 'nobody', 'wonderland'],
    ['a name that two entries have', 'shared', 'one'],
    ['a password of another', 'alice', 'one'],
  ])('refuses %s', async (_case, username, password) => {
    const { connection } = connectionTo(server.url);
    expect(await connection.signIn(username, password)).toEqual({ ok: false });
  });

  it('binds as somebody who does not exist too, so that time tells nothing', async () => {
    const { connection } = connectionTo(server.url);
    const binds = async () => (await logUntilNow(connection)).match(/BIND dn=.* method=128/g)?.length ?? 0;
    await connection.signIn('alice', 'wrong'); // opens the connections
    const before = await binds();
    await connection.signIn('alice', 'wrong');
    const forKnown = (await binds()) - before;
    await connection.signIn('nobody', 'wrong');
    expect([forKnown, (await binds()) - before - forKnown]).toEqual([1, 1]);
  });

  it('takes names with every special character, and gives them back to the server unchanged', async () => {
    const { connection } = connectionTo(server.url, { groups: {}, group_roles: { ODD: ['odd-one'] } });
    for (const username of ['ada*(x)', 'ZOË', 'zoe\u0308']) {
      expect(await connection.signIn(username, 'engine')).toMatchObject({
        ok: true,
        identity: { name: 'Ada + "Countess" \\ (Lovelace)*, b.', roles: ['odd-one'] },
      });
    }
  });

  it('refuses an entry without an id, and tells the operator', async () => {
    const { connection, reports } = connectionTo(server.url, { attributes: { id: 'employeeNumber' } });
    expect(await connection.signIn('twin', 'one')).toEqual({ ok: false });
    expect(reports).toEqual([['ldap_entry_without_id', { attribute: 'employeeNumber' }]]);
  });

  it('uses its connections again, and no more than it may', async () => {
    const { connection } = connectionTo(server.url, { pool: { size: 2 } });
    const accepted = async () => (await logUntilNow(connection)).match(/ACCEPT from/g)?.length ?? 0;
    const before = await accepted(); // one for searches is open
    const outcomes = await Promise.all(Array.from({ length: 40 }, () => connection.signIn('alice', 'wonderland')));
    expect(outcomes.every(({ ok }) => ok)).toBe(true);
    expect((await accepted()) - before).toBeLessThanOrEqual(3);
  });

  it('closes connections that nobody uses', async () => {
    const { connection } = connectionTo(server.url, { pool: { idle: '50ms' } });
    await connection.signIn('alice', 'wonderland');
    const [, number] =
      /conn=(\d+) op=\d+ BIND dn="uid=alice,/.exec(server.log().split('\n').reverse().join('\n')) ?? [];
    await expect.poll(() => server.log()).toMatch(new RegExp(`conn=${number} fd=\\d+ closed`));
  });
});

describe('Active Directory', () => {
  const directory = { directory: 'active_directory' };

  it('has its own names, and ids that are written as Microsoft writes them', async () => {
    const { connection, clock } = connectionTo(server.url, directory);
    const outcome = await connection.signIn('alice', 'wonderland');
    expect(outcome).toMatchObject({ identity: { subject: 'corp|00112233-4455-6677-8899-aabbccddeeff' } });
    clock.advance(61_000);
    if (outcome.ok) expect(await connection.current?.(outcome.identity)).toEqual(outcome.identity);
  });

  it('refuses a disabled account with the right password', async () => {
    const { connection } = connectionTo(server.url, { ...directory, attributes: { id: 'entryUUID' } });
    expect(await connection.signIn('gone', 'away')).toEqual({ ok: false });
  });
});

describe('groups', () => {
  it('give roles, whatever their case', async () => {
    const { connection } = connectionTo(server.url, {
      groups: { base_dn: `ou=groups,${BASE}` },
      group_roles: { staff: ['reader', 'writer'], ADMINS: ['admin', 'reader'], others: ['never'] },
    });
    const outcome = await connection.signIn('alice', 'wonderland');
    expect(outcome.ok && [...outcome.identity.roles].sort()).toEqual(['admin', 'reader', 'writer']);
    expect(outcome.ok && outcome.identity.allowedScopes).toBeUndefined();
  });

  it('allow scopes, and none to those who are in none of them', async () => {
    const options = { groups: {}, group_scopes: { staff: ['orders:read'], admins: ['orders:read', 'orders:write'] } };
    const { connection } = connectionTo(server.url, options);
    const scopes = async (username: string, password: string) => {
      const outcome = await connection.signIn(username, password);
      return outcome.ok && outcome.identity.allowedScopes;
    };
    expect(await scopes('alice', 'wonderland')).toEqual(['orders:read', 'orders:write']);
    expect(await scopes('twin', 'one')).toEqual(['orders:read']);
    expect(await scopes('other', 'two')).toEqual([]);
  });

  it('come in pages: more of them than the server gives at once', async () => {
    const group_roles = Object.fromEntries(MANY_GROUPS.map((_, count) => [`team-${count}`, [`role-${count}`]]));
    const { connection } = connectionTo(server.url, { groups: {}, group_roles });
    const outcome = await connection.signIn('alice', 'wonderland');
    expect(outcome.ok && outcome.identity.roles).toHaveLength(250);
  });

  it('are found by name too', async () => {
    const groups = { filter: '(&(objectClass=groupOfNames)(cn={username}-friends))', attribute: 'description' };
    await server.modify(
      `dn: cn=alice-friends,ou=groups,${BASE}\nchangetype: add\nobjectClass: groupOfNames\ncn: alice-friends\ndescription: friends\nmember: ${BASE}\n`,
    );
    const { connection } = connectionTo(server.url, { groups, group_roles: { friends: ['friend'] } });
    expect(await connection.signIn('alice', 'wonderland')).toMatchObject({ identity: { roles: ['friend'] } });
  });
});

describe('who the user is later', () => {
  const change = (uid: string, lines: string) =>
    server.modify(`dn: uid=${uid},ou=people,${BASE}\nchangetype: modify\n${lines}\n`);

  it('is read anew, with groups, at most a minute later', async () => {
    const { connection, clock } = connectionTo(server.url, { groups: {}, group_roles: { staff: ['reader'] } });
    const outcome = await connection.signIn('twin', 'one');
    if (!outcome.ok) throw new Error('refused');
    await change('twin', 'add: mail\nmail: twin@example.com');
    await server.modify(
      `dn: cn=Staff,ou=groups,${BASE}\nchangetype: modify\ndelete: member\nmember: uid=twin,ou=people,${BASE}\n`,
    );
    expect(await connection.current?.(outcome.identity)).toMatchObject({ roles: ['reader'] });
    clock.advance(61_000);
    expect(await connection.current?.(outcome.identity)).toMatchObject({ email: 'twin@example.com', roles: [] });
  });

  it('is nobody when the entry is gone, disabled, or no longer one that may sign in', async () => {
    const user_filter = '(&(objectClass=person)(!(description=blocked))(uid={username}))';
    const { connection, clock } = connectionTo(server.url, { user_filter });
    const outcome = await connection.signIn('other', 'two');
    if (!outcome.ok) throw new Error('refused');
    const later = () => {
      clock.advance(61_000);
      return connection.current?.(outcome.identity);
    };
    expect(await later()).toMatchObject({ username: 'other' });
    await change('other', 'add: description\ndescription: blocked');
    expect(await later()).toBeUndefined();
    await change('other', 'delete: description\n-\nadd: userAccountControl\nuserAccountControl: 514');
    expect(await later()).toBeUndefined();
    await server.modify(`dn: uid=other,ou=people,${BASE}\nchangetype: delete\n`);
    expect(await later()).toBeUndefined();
  });

  it('is nobody who came from another connection', async () => {
    const { connection } = connectionTo(server.url);
    for (const subject of ['u-alice', 'users|7', 'corp', 'corp2|7']) {
      const identity = { subject, username: 'alice', connection: 'corp', roles: [] };
      expect(await connection.current?.(identity)).toBeUndefined();
    }
  });
});

describe('the service account', () => {
  it('that is refused is a fault of the configuration, not of the user', async () => {
    const { connection, reports } = connectionTo(server.url, { bind_password: 'wrong' });
    await expect(connection.signIn('alice', 'wonderland')).rejects.toThrow(DependencyUnavailable);
    expect(JSON.stringify(reports)).toContain('check bind_dn and bind_password');
    expect(JSON.stringify(reports)).not.toContain('wrong');
  });
});
