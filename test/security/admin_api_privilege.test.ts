/*
 * Threat: an app that an administrator merely signed in to, to say who they are, administers with the token that it got; and the last
 * administrator takes the role or the account from themselves, by mistake or talked into it, and nobody is left to undo it.
 */
import { expect, it } from 'vitest';
import { basic, startConsole } from '../console/console_under_test.ts';

it.each([[['openid']], [['openid', 'profile', 'email', 'phone', 'name', 'offline_access']], [[]]])(
  'a token with the scopes %j does not administer',
  async (scopes) => {
    const gate = await startConsole();
    const as = await gate.token({}, { scopes });
    const refused = await gate.call('GET', '/clients', { as });
    expect(refused.status).toBe(403);
    expect(refused.headers.get('www-authenticate')).toContain('insufficient_scope');
    expect((await gate.call('DELETE', '/users/u-alice', { as })).status).toBe(403);
    const other = await gate.token({}, { scopes: [...scopes, 'read'] });
    expect((await gate.call('GET', '/clients', { as: other })).status).toBe(200);
  },
);

it('an administrator cannot lock themselves out', async () => {
  const gate = await startConsole();
  const body = { id: 'u-only', username: 'only', password: 'a long password', roles: ['admin'] };
  expect((await gate.call('POST', '/users', { body })).status).toBe(201);
  const as = basic('only', 'a long password');
  const ways = [
    ['PATCH', '/users/u-only', { disabled: true }],
    ['PATCH', '/users/u-only', { roles: [] }],
    ['PATCH', '/users/u-only', { roles: ['auditor'] }],
    ['POST', '/users/u-only/lock', {}],
    ['DELETE', '/users/u-only', undefined],
  ] as const;
  for (const [method, path, change] of ways) {
    const told = await gate.call(method, path, { as, ...(change && { body: change }) });
    expect([method, path, told.status]).toEqual([method, path, 403]);
  }
  expect(
    (await gate.call('PATCH', '/users/u-only', { as, body: { name: 'Only', roles: ['admin', 'auditor'] } })).status,
  ).toBe(200);
  expect((await gate.call('GET', '/me', { as })).body).toMatchObject({ id: 'u-only', role: 'admin' });
  // Somebody else may.
  expect((await gate.call('POST', '/users/u-only/lock', { body: {} })).status).toBe(200);
});
