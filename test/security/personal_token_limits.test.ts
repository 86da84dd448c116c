/**
 * Threats: a user edits the form to give a token more than is offered, or a life without end; a token goes on for somebody who was
 * disabled. What must hold: scopes and lifetimes are those of the configuration and of the user, compared again when the form comes.
 */
import { describe, expect, it, onTestFinished } from 'vitest';
import { type AccountOptions, startAccount } from '../account/account_under_test.ts';
import type { PageClient } from '../http/page_client.ts';
import { alice } from '../oauth/core_under_test.ts';

async function start(options: AccountOptions = {}) {
  const account = await startAccount(options);
  onTestFinished(() => account.edge.drain());
  return account;
}

const DAY = 86_400;
async function ask(client: PageClient, scopes: readonly string[], lifetime = String(7 * DAY)) {
  const form = (await client.get('/account/tokens/new')).form('/account/tokens/new') ?? {};
  const { csrf = '' } = form;
  const pairs = [['csrf', csrf], ['name', 'more'], ['lifetime', lifetime], ...scopes.map((scope) => ['scope', scope])];
  return client.send('/account/tokens/new', {
    method: 'POST',
    body: new URLSearchParams(pairs as [string, string][]),
    headers: { 'sec-fetch-site': 'same-origin' },
  });
}

describe('a form that was edited', () => {
  it.each([
    [['admin']],
    [['read', 'admin']],
    [['openid']],
    [['offline_access']],
    [['read write']],
    [['READ']],
    [['gatehouse:admin']],
    [['__proto__']],
    [[]],
  ])('gives no scopes that are not offered: %j', async (scopes) => {
    const account = await start();
    const answer = await ask(await account.signedIn(), scopes);
    expect(answer.status).toBe(422);
    expect(answer.text).not.toContain('gha_');
  });

  it.each(['0', '-1', '', 'never', 'Infinity', '604800.5', '1e9', String(366 * DAY), '0x93a80', ' 604800'])(
    'gives no life that is not offered: %j',
    async (lifetime) => {
      const account = await start();
      const answer = await ask(await account.signedIn(), ['read'], lifetime);
      expect(answer.status).toBe(422);
      expect(answer.text).not.toContain('gha_');
    },
  );
});

it('a user gives a token no scopes that they may not have themselves', async () => {
  const account = await start({
    connections: () => [
      {
        kind: 'password',
        name: 'directory',
        signIn: async (username, password) =>
          username === 'dora' && password === 'wonderland'
            ? {
                ok: true,
                identity: { subject: 'dora', username, connection: 'directory', roles: [], allowedScopes: ['read'] },
              }
            : { ok: false },
      },
    ],
  });
  const client = await account.signedIn('dora');
  const form = await client.get('/account/tokens/new');
  expect(form.text).toContain('value="read"');
  expect(form.text).not.toContain('value="write"');
  expect((await ask(client, ['write'])).status).toBe(422);
  expect((await ask(client, ['read'])).status).toBe(200);
});

it('whoever is disabled or gone sees no page and makes no token', async () => {
  const account = await start();
  const client = await account.signedIn();
  const { csrf = '' } = (await client.get('/account/tokens/new')).form('/account/tokens/new') ?? {};
  await account.edge.core.documents.put('user', alice.id, { ...alice, disabled: true });
  const answer = await client.post('/account/tokens/new', { csrf, name: 'late', scope: 'read', lifetime: '604800' });
  expect(answer.text).toContain('name="password"');
  expect(account.events).toEqual([]);
});
