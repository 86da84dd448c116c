import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ldap } from '../../src/connections/ldap.ts';
import { filled } from '../../src/connections/ldap_filter.ts';
import { connectionTo } from '../connections/ldap_under_test.ts';
import { BASE, group, type LdapServer, person, startLdap } from '../support/ldap_server.ts';

// Threat: what is typed as a user name becomes part of a filter. A name such as `*` or `alice)(uid=*` then finds somebody else, or asks
// the directory questions whose yes or no tells its content letter by letter; a placeholder in a name fills in another value; and names
// that a directory takes for the same (spaces, look-alikes, RFC 4518) give each account any number of names to guess under.

const PASSWORD = 'wonderland';

let server: LdapServer;
beforeAll(async () => {
  const hostile = `
dn: cn=\\2A\\29\\28uid=\\2A,ou=people,${BASE}
objectClass: inetOrgPerson
cn: *)(uid=*
sn: x
uid: mallory
userPassword: ${PASSWORD}
`;
  server = await startLdap([person('alice', PASSWORD), group('admins', 'alice'), hostile].join('\n'));
});
afterAll(() => server.stop());

describe('a user name', () => {
  it.each([
    '*',
    'a*',
    'alic?',
    'alice)(uid=*',
    'alice)(|(uid=*',
    '*)(uid=*))(|(uid=*',
    'alice)(objectClass=*',
    'alice))(&(uid=alice',
    'nobody)(|(uid=alice))',
    '\\61lice',
    '\\2a',
    'alice\\',
    'alice\0',
    'alice\0)(uid=*',
    '{username}',
    '{dn}',
    '$&',
    '$`',
    "$'",
    '(uid=alice)',
    'uid=alice',
    `uid=alice,ou=people,${BASE}`,
    'alice,ou=people',
    'alice#',
    'alice;',
    '__proto__',
  ])('%j finds nobody', async (username) => {
    const { connection, reports } = connectionTo(server.url);
    expect(await connection.signIn(username, PASSWORD)).toEqual({ ok: false });
    expect(reports).toEqual([]);
  });

  it.each([
    [' alice', 'a leading space'],
    ['alice ', 'a trailing space'],
    ['alice  ', 'two of them'],
    ['al\u00adice', 'a soft hyphen'],
    ['alice\u200b', 'a zero-width space'],
    ['\uff41lice', 'a full-width letter'],
  ])('%j (%s) is another name than the one it is taken for', async (username) => {
    const { connection } = connectionTo(server.url);
    expect(await connection.signIn('ALICE', PASSWORD)).toMatchObject({ ok: true });
    expect(await connection.signIn(username, PASSWORD)).toEqual({ ok: false });
  });

  it('is compared with, whatever it contains', () => {
    const filter = filled('(&(objectClass=person)(uid={username}))', { username: '*)(uid=*\\\0é{dn}', dn: 'never' });
    expect(filter.toString()).toBe('(&(objectClass=person)(uid=\\2a\\29\\28uid=\\2a\\5c\\00é{dn}))');
  });
});

describe('the name of an entry', () => {
  it('finds only its own groups', async () => {
    const { connection } = connectionTo(server.url, { groups: {}, group_roles: { admins: ['admin'] } });
    expect(await connection.signIn('mallory', PASSWORD)).toMatchObject({ ok: true, identity: { roles: [] } });
    expect(await connection.signIn('alice', PASSWORD)).toMatchObject({ ok: true, identity: { roles: ['admin'] } });
  });
});

describe('a subject', () => {
  it.each(['corp|*', 'corp|*)(uid=alice', 'corp|', 'corp'])('%j is nobody', async (subject) => {
    const { connection } = connectionTo(server.url, { attributes: { id: 'uid' } });
    const identity = { subject, username: 'alice', connection: 'corp', roles: [] };
    expect(await connection.current?.(identity)).toBeUndefined();
  });
});

describe('a filter of the configuration', () => {
  it.each([
    '(uid=*{username}*)',
    '(uid>={username})',
    '(uid~={username})',
    '(uid:caseExactMatch:={username})',
    '(|(uid={username})(cn={username}*))',
    '(uid={username}',
    '(uid={username}))',
    '(uid={user})',
    '(objectClass=person)',
    '',
  ])('%j is refused: it would not find exactly the one who is named', (user_filter) => {
    const written = { url: 'ldaps://dc.example.com', base_dn: BASE, user_filter };
    expect(ldap.options.safeParse(written).success).toBe(false);
  });

  it.each([
    '(uid={username})',
    '(|(uid={username})(mail={username}))',
    '(&(objectClass=user)(userPrincipalName={username}@corp.example.com))',
    '(&(uid={username})(!(shadowExpire=0))(memberOf:1.2.840.113556.1.4.1941:=cn=app,dc=example,dc=com))',
  ])('%j is accepted', (user_filter) => {
    const written = { url: 'ldaps://dc.example.com', base_dn: BASE, user_filter };
    expect(ldap.options.safeParse(written).success).toBe(true);
  });
});
