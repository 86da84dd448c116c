import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demoConfig } from '../support/demo_config.ts';
import { type GatehouseProcess, startGatehouse } from '../support/gatehouse_process.ts';
import { BASE, type LdapServer, person, SERVICE, startLdap } from '../support/ldap_server.ts';
import { call, post, type Tokens } from '../support/token_client.ts';

// The fault: the directory is killed, or frozen so that it takes connections and answers nothing. Proxied calls go on; sign-ins are 503
// within the configured time and count as no attempt; both work again at most five seconds after the directory is back.

const BACK_MS = 5_000;

let directory: LdapServer;
let gatehouse: GatehouseProcess;

beforeAll(async () => {
  directory = await startLdap(person('dora', 'explorer'));
  const yaml = await demoConfig('{ type: memory }');
  // One process asks the directory that the tests break; the users of the configuration stay beside it.
  gatehouse = await startGatehouse(
    yaml.replace(
      /^connections:\n/m,
      `connections:
  - name: corp
    type: ldap
    url: ${directory.url}
    base_dn: ${BASE}
    bind_dn: ${SERVICE.bind_dn}
    bind_password: ${SERVICE.bind_password}
    connect_timeout: 1s
    operation_timeout: 500ms
    timeout: 1s
`,
    ),
  );
});
afterAll(async () => {
  await gatehouse.stop();
  await directory.stop();
});

const signIn = (password = 'explorer') =>
  post(`${gatehouse.url}/oauth2/token`, { grant_type: 'password', username: 'dora', password });

const tokens = async (): Promise<Tokens> => {
  const answer = await signIn();
  if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Tokens;
};

const refresh = (token = '') =>
  post(`${gatehouse.url}/oauth2/token`, { grant_type: 'refresh_token', refresh_token: token });

describe.each([
  ['killed', () => directory.kill(), () => directory.restart()],
  ['frozen', async () => directory.pause(), async () => directory.resume()],
])('a directory that is %s', (_fault, breakIt, repair) => {
  it('makes sign-ins 503, leaves calls alone, locks nobody out, and is back at once', async () => {
    const before = await tokens();
    await breakIt();

    // More than the attempts that anybody has, but no more at once; each with the right password or a wrong one.
    const tries: { status: number; body: string; ms: number }[] = [];
    for (let round = 0; round < 3; round += 1) {
      const some = Array.from({ length: 6 }, async (_, count) => {
        const start = performance.now();
        const answer = await signIn(count % 2 === 0 ? 'explorer' : 'wrong');
        return { status: answer.status, body: await answer.text(), ms: performance.now() - start };
      });
      tries.push(...(await Promise.all(some)));
    }
    expect(tries.map(({ status }) => status)).toEqual(tries.map(() => 503));
    expect(Math.max(...tries.map(({ ms }) => ms))).toBeLessThan(4_000);
    expect(tries[0]?.body).toContain('temporarily_unavailable');
    expect(tries[0]?.body).not.toMatch(/explorer|dora|example/);

    expect((await call(gatehouse.url, before.access_token)).status).toBe(200);

    const repaired = performance.now();
    await repair();
    await expect.poll(async () => (await signIn()).status, { timeout: BACK_MS, interval: 50 }).toBe(200);
    expect(performance.now() - repaired).toBeLessThan(BACK_MS);
    expect((await refresh(before.refresh_token)).status).toBe(200);
  });
});

it('tells the operator which server failed, and nothing about who signed in', async () => {
  expect(gatehouse.output()).toContain('"event":"ldap_server_failed"');
  expect(gatehouse.output()).not.toMatch(/explorer|uid=dora|service-secret/);
});
