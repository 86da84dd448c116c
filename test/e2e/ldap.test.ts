import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { variants } from '../../src/compose.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { demoConfig } from '../support/demo_config.ts';
import { type GatehouseProcess, startGatehouse } from '../support/gatehouse_process.ts';
import { BASE, group, type LdapServer, person, SERVICE, startLdap } from '../support/ldap_server.ts';
import { call, post, type Tokens } from '../support/token_client.ts';

// The first configuration of docs/connections/ldap.md as it stands there, against a real directory over StartTLS.

const DOCUMENT = 'docs/connections/ldap.md';

async function examples(): Promise<string[]> {
  return [...(await readFile(DOCUMENT, 'utf8')).matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml]) => yaml ?? '');
}

describe('the documented configurations', () => {
  it('are all accepted', async () => {
    for (const yaml of await examples()) {
      const from = { file: DOCUMENT, env: { LDAP_PASSWORD: 'secret' }, variants };
      const readFile = () => '-----BEGIN CERTIFICATE-----\n';
      const { connections } = parseConfig(yaml, { ...from, readFile });
      expect(connections.every(({ type }) => type === 'ldap')).toBe(true);
    }
  });
});

describe('a gateway with the documented configuration', () => {
  let directory: LdapServer;
  let gatehouse: GatehouseProcess;
  let folder: string;
  beforeAll(async () => {
    directory = await startLdap(
      [
        person('ada', 'engine', 'mail: ada@example.com\ndepartmentNumber: R&D é'),
        person('bob', 'builder'),
        person('eve', 'apple'),
        group('staff', 'ada', 'bob'),
        group('editors', 'ada'),
      ].join('\n'),
    );
    folder = await mkdtemp(join(tmpdir(), 'gatehouse-ldap-e2e-'));
    await writeFile(join(folder, 'ca.pem'), directory.ca);
    const [example = '', , identityHeaders = ''] = await examples();
    // The users of the example configuration stay, behind those of the directory.
    const yaml = (await demoConfig('{ type: memory }'))
      .replace(/^identity_headers:\n/m, identityHeaders)
      .replace(/^connections:\n/m, `${example}    connect_timeout: 5s # a busy machine is no dead server\n`);
    gatehouse = await startGatehouse(yaml, {
      LDAP_URL: directory.url,
      LDAP_CA: join(folder, 'ca.pem'),
      LDAP_PASSWORD: SERVICE.bind_password,
    });
  });
  afterAll(async () => {
    await gatehouse.stop();
    await Promise.all([directory.stop(), rm(folder, { recursive: true })]);
  });

  const ask = (form: Record<string, string>) => post(`${gatehouse.url}/oauth2/token`, form);
  const signIn = (username: string, password: string, more: Record<string, string> = {}) =>
    ask({ grant_type: 'password', username, password, ...more });
  const tokens = async (answer: Promise<Response>) => (await (await answer).json()) as Tokens;

  it('tells the upstream who the user of the directory is', async () => {
    const { access_token } = await tokens(signIn('ada', 'engine'));
    const { headers } = (await (await call(gatehouse.url, access_token)).json()) as { headers: Record<string, string> };
    expect(headers).toMatchObject({
      'x-user-id': expect.stringMatching(/^corp\|[0-9a-f-]{36}$/),
      'x-user-name': 'ada',
      'x-user-email': 'ada@example.com',
      'x-auth-connection': 'corp',
      'x-token-scopes': 'demo:read demo:write',
      'x-user-department': 'R&D %C3%A9',
    });
  });

  it('lets nobody say of themselves what only the directory may say', async () => {
    const { access_token } = await tokens(signIn('bob', 'builder'));
    const headers = {
      'X-User-Department': 'board',
      X_User_Department: 'board',
      authorization: `Bearer ${access_token}`,
    };
    const answer = await fetch(`${gatehouse.url}/demo/hello`, { headers });
    expect(answer.status).toBe(200);
    expect(await answer.text()).not.toContain('board');
  });

  it('keeps users to the scopes of their groups, at sign-in and at refresh', async () => {
    const bob = await tokens(signIn('bob', 'builder'));
    expect(bob.scope).toBe('demo:read');
    const refused = await signIn('bob', 'builder', { scope: 'demo:read demo:write' });
    expect([refused.status, await refused.json()]).toEqual([400, expect.objectContaining({ error: 'invalid_scope' })]);
    const refreshed = await tokens(ask({ grant_type: 'refresh_token', refresh_token: bob.refresh_token ?? '' }));
    expect(refreshed.scope).toBe('demo:read');
    expect((await tokens(signIn('eve', 'apple'))).scope ?? '').toBe('');
  });

  it('still knows the users of the configuration', async () => {
    expect((await tokens(signIn('alice', 'wonderland'))).scope).toContain('demo:write');
  });

  it('refuses a wrong password and an unknown user alike, and a password of spaces', async () => {
    const bodies = await Promise.all(
      [signIn('ada', 'wrong'), signIn('nobody', 'wrong'), signIn('ada', ' ')].map(async (answer) =>
        (await answer).text(),
      ),
    );
    expect(new Set(bodies).size).toBe(1);
    expect(bodies[0]).toContain('invalid_grant');
  });

  it('says no name, no password and no entry of the directory in its log', () => {
    expect(gatehouse.output()).not.toMatch(new RegExp(`engine|builder|service-secret|uid=|${BASE}`));
  });
});
