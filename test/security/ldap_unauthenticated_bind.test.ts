import { randomUUID } from 'node:crypto';
import { Client } from 'ldapts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ldap } from '../../src/connections/ldap.ts';
import { connectionTo } from '../connections/ldap_under_test.ts';
import { BASE, type LdapServer, person, SERVICE, startLdap } from '../support/ldap_server.ts';

// Threat: a simple bind with a name and an empty password is an "unauthenticated bind" (RFC 4513 §5.1.2). Servers that allow it answer
// success, and a gateway that passes the empty password on lets anybody in as anybody. A NUL may cut a password short on the way.

const ALICE = `uid=alice,ou=people,${BASE}`;

let server: LdapServer;
beforeAll(async () => {
  server = await startLdap(person('alice', 'wonderland'));
});
afterAll(() => server.stop());

describe('a server that takes an empty password for a success', () => {
  it('is what is tested against', async () => {
    const client = new Client({ url: server.url });
    await expect(client.bind(ALICE, '')).resolves.toBeUndefined();
    await client.unbind();
  });

  it.each([
    ['an empty password', ''],
    ['a space', ' '],
    ['spaces and line ends', ' \t\r\n'],
    ['a no-break space', '\u00a0\u3000'],
    ['NUL', '\0'],
    ['a NUL in front', '\0wonderland'],
    ['a NUL behind', 'wonderland\0'],
    ['a password of 1,025 bytes', 'x'.repeat(1025)],
  ])('never gets %s', async (_case, password) => {
    const { connection } = connectionTo(server.url);
    expect(await connection.signIn('alice', password)).toEqual({ ok: false });

    // Not even a search went out: after it, a search of another name is the first thing the server hears of this connection.
    const marker = randomUUID();
    await connection.signIn(marker, 'x');
    await expect.poll(() => server.log()).toContain(`uid=${marker}`);
    const [, number] = new RegExp(`conn=(\\d+) op=\\d+ SRCH .*uid=${marker}`).exec(server.log()) ?? [];
    const operations = server.log().match(new RegExp(`conn=${number} op=\\d+ (BIND .*method=128|SRCH base=.*)`, 'g'));
    expect(operations).toEqual([expect.stringContaining(SERVICE.bind_dn), expect.stringContaining(marker)]);
  });

  it.each(['', ' ', '\0'])('is not searched with %j as a user name', async (username) => {
    const { connection } = connectionTo('ldap://127.0.0.1:1'); // nobody listens there
    expect(await connection.signIn(username, 'wonderland')).toEqual({ ok: false });
  });

  it('still lets the right password in, and only that', async () => {
    const { connection } = connectionTo(server.url);
    expect(await connection.signIn('alice', 'wonderland')).toMatchObject({ ok: true });
    expect(await connection.signIn('alice', 'wonderland ')).toEqual({ ok: false });
  });
});

describe('the service account', () => {
  it.each([{ bind_password: '' }, { bind_password: ' ' }, { bind_password: undefined }, { bind_dn: undefined }])(
    'is refused in the configuration with %j',
    (change) => {
      const written = { url: 'ldaps://dc.example.com', base_dn: BASE, ...SERVICE };
      expect(ldap.options.safeParse(written).success).toBe(true);
      expect(ldap.options.safeParse({ ...written, ...change }).success).toBe(false);
    },
  );
});
