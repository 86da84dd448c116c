/**
 * Threat: somebody leaves the company, and the personal token that they made lives on for a year. What must hold: it ends when their
 * user is disabled or removed, in the store, in the configuration file, or in the directory that they sign in with.
 */
import { describe, expect, it, onTestFinished } from 'vitest';
import { createGoneUsers } from '../../src/account/gone_users.ts';
import { variants } from '../../src/compose.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { hashPassword } from '../../src/connections/password_hash.ts';
import { composeHouse } from '../../src/house.ts';
import type { AuditEntry } from '../../src/model/audit.ts';
import { DependencyUnavailable } from '../../src/model/failure.ts';
import type { Identity } from '../../src/model/token.ts';
import { refOf } from '../../src/tokens/format.ts';
import { signIn, startAccount } from '../account/account_under_test.ts';
import { PageClient } from '../http/page_client.ts';
import { alice } from '../oauth/core_under_test.ts';

const HASH = await hashPassword('wonderland');
const yaml = (users: string) => `
listen: { port: 0 }
store: { type: memory }
account: { personal_tokens: { scopes: [read] } }
routes: [{ name: demo, path: /demo/*, upstream: demo, scopes: [read] }]
connections: [{ name: users, type: database, users: [ ${users} ] }]
`;
const CAROL = `{ id: u-carol, username: carol, password_hash: '${HASH}' }`;
const DORA = `{ id: u-dora, username: dora, password_hash: '${HASH}' }`;

const configOf = (users: string) =>
  parseConfig(yaml(users), { file: 'gatehouse.yaml', env: {}, readFile: () => '', variants });

describe('users of the configuration file', () => {
  it.each([
    ['disabled', `${CAROL.replace(' }', ', disabled: true }')}, ${DORA}`],
    ['removed', DORA],
  ])('who are %s there lose their tokens with the reload, and nobody else does', async (_how, next) => {
    const house = await composeHouse(configOf(`${CAROL}, ${DORA}`), { output: { write: () => {} }, admin: 'none' });
    onTestFinished(() => house.drain());
    const { url } = await house.listen();
    const call = async (token: string) =>
      (await fetch(`${url}/demo/x`, { headers: { authorization: `Bearer ${token}` } })).status;
    const tokenOf = async (username: string): Promise<string> => {
      const client = new PageClient(url);
      const form = await signIn(client, username, '/account/tokens/new');
      const wish = { name: 'backup', scope: 'read', lifetime: String(365 * 86_400) };
      return /gha_[\w-]{40}/.exec((await client.submit(form, '/account/tokens/new', wish)).text)?.[0] ?? '';
    };
    const [carols, doras] = [await tokenOf('carol'), await tokenOf('dora')];
    expect([await call(carols), await call(doras)]).toEqual([200, 200]);
    expect(await house.reload(async () => configOf(next))).toEqual([]);
    await expect.poll(() => call(carols), { timeout: 5_000 }).toBe(401);
    expect(await call(doras)).toBe(200);
  });
});

describe('users of any connection', () => {
  const start = async (current: (party: object, user: Identity) => Promise<Identity | undefined>) => {
    const account = await startAccount();
    onTestFinished(() => account.edge.drain());
    const { store, clock } = account.edge.core;
    const events: AuditEntry[] = [];
    const personal = await account.grant(alice, { client: 'personal-access-token', device: 'backup' });
    const app = await account.grant(alice);
    const look = createGoneUsers({
      store,
      clock,
      note: (event) => events.push(event),
      desk: { current, asks: () => true },
    });
    const worth = async (token: string) => store.get('access', refOf(token) ?? { tag: '', hash: '' as never });
    return { look, events, personal: () => worth(personal), app: () => worth(app) };
  };

  it('lose them when their connection says that they are gone', async () => {
    const { look, events, personal, app } = await start(async () => undefined);
    expect(await look()).toBe(1);
    expect(await personal()).toBeUndefined();
    expect(await app()).toBeDefined();
    expect(events).toEqual([
      expect.objectContaining({ action: 'account.revoke_token', detail: { user: 'u-alice', reason: 'user_gone' } }),
    ]);
    expect(await look()).toBe(0);
  });

  it('lose those whose scopes they may not have any more: they left a group of their directory', async () => {
    const { look, events, personal } = await start(async (_party, user) => ({ ...user, allowedScopes: [] }));
    expect(await look()).toBe(1);
    expect(await personal()).toBeUndefined();
    expect(events).toEqual([expect.objectContaining({ detail: { user: 'u-alice', reason: 'scope_gone' } })]);
    const still = await start(async (_party, user) => ({ ...user, allowedScopes: ['read', 'write', 'more'] }));
    expect(await still.look()).toBe(0);
    expect(await still.personal()).toBeDefined();
  });

  it('keep them while their connection gives no answer', async () => {
    const { look, personal } = await start(async () => {
      throw new DependencyUnavailable('directory', 'away');
    });
    expect(await look()).toBe(0);
    expect(await personal()).toBeDefined();
  });
});
