import { OpenAPIClientAxios } from 'openapi-client-axios';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { operations } from '../../src/admin/operations.ts';
import { demoConfig } from '../support/demo_config.ts';
import { type GatehouseProcess, startGatehouse } from '../support/gatehouse_process.ts';

// A client that is made of the description alone does every operation once, against a gateway as a user runs it.

let gate: GatehouseProcess;
beforeAll(async () => {
  const routes = 'account: { personal_tokens: { scopes: [demo:read] } }\n';
  const config = await demoConfig('{ type: embedded, path: ./g.db }');
  gate = await startGatehouse(/^account:/m.test(config) ? config : `${config}${routes}`);
});
afterAll(async () => void (await gate.stop()));

async function tokensOf(username: string, password: string): Promise<{ access_token: string; refresh_token: string }> {
  const answer = await fetch(`${gate.url}/oauth2/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa('demo-app:demo-secret')}` },
    body: new URLSearchParams({ grant_type: 'password', username, password, scope: 'demo:read' }),
  });
  expect(answer.status).toBe(200);
  return (await answer.json()) as { access_token: string; refresh_token: string };
}

it('does every operation', async () => {
  const admin = await tokensOf('admin', 'looking-glass');
  const api = new OpenAPIClientAxios({
    definition: `${gate.admin}/api/v1/openapi.json`,
    axiosConfigDefaults: {
      baseURL: `${gate.admin}/api/v1`,
      // Quicker than a password, which is hashed for each request.
      headers: { authorization: `Bearer ${admin.access_token}` },
      validateStatus: () => true,
    },
  });
  const client = await api.init();
  const done = new Set<string>();

  // biome-ignore lint/suspicious/noExplicitAny: what comes back is looked at below, by the schema of the operation
  async function call(id: string, parameters: object = {}, body?: object): Promise<any> {
    const method = client[id];
    if (method === undefined) throw new Error(`the client has no ${id}`);
    const { status, data } = await method(parameters as never, body as never);
    const operation = operations.find((each) => each.id === id);
    if (operation === undefined) throw new Error(`there is no ${id}`);
    expect([id, status, status >= 400 && data]).toEqual([id, operation.creates ? 201 : 200, false]);
    // Exactly what the schema says: a parsed copy loses what it does not know.
    expect(operation.output.parse(data), id).toEqual(data);
    done.add(id);
    return data;
  }

  expect(await call('me.get')).toMatchObject({ id: 'u-admin', role: 'admin' });

  const { client_secret: first } = await call(
    'clients.create',
    {},
    {
      id: 'orders',
      name: 'Orders',
      grants: ['client_credentials', 'password', 'refresh_token'],
      scopes: ['demo:read'],
    },
  );
  expect((await call('clients.list', { search: 'ord', limit: 1 })).items[0].id).toBe('orders');
  await call('clients.get', { id: 'orders' });
  await call('clients.update', { id: 'orders' }, { description: 'Orders of the shop' });
  const { client_secret: second } = await call('clients.rotate_secret', { id: 'orders' }, { overlap: '1h' });
  expect(second).not.toBe(first);
  await call('clients.end_previous_secret', { id: 'orders' });

  await call('users.create', {}, { id: 'corp/bob?#', username: 'bob', password: 'correct horse battery' });
  const bob = { id: 'corp/bob?#' };
  expect((await call('users.list', { search: 'bob' })).items).toHaveLength(1);
  expect(await call('users.get', bob)).toMatchObject({ username: 'bob' });
  await call('users.update', bob, { name: 'Bob' });
  await call('users.set_password', bob, { password: 'another horse battery' });
  const device = await tokensOf('bob', 'another horse battery');

  const [grant] = (await call('tokens.list', { user: bob.id })).items;
  expect(await call('tokens.get', { grant: grant.id })).toMatchObject({ client: 'demo-app', live_access_tokens: 1 });
  expect(await call('tokens.inspect', {}, { token: device.access_token })).toMatchObject({
    active: true,
    grant: grant.id,
  });
  expect(await call('tokens.revoke', {}, { token: device.access_token })).toMatchObject({ revoked: true });
  await call('tokens.end', { grant: grant.id });
  await tokensOf('bob', 'another horse battery');
  expect(await call('tokens.revoke_all', {}, { user: bob.id })).toEqual({ ended_grants: 1 });

  await call('users.consents', bob);
  await call('users.forget_consent', { ...bob, client: 'demo-app' });
  await call('users.sessions', bob);
  await call('users.devices', bob);
  await call('users.sign_out', bob, {});
  await call('users.lock', bob, {});
  await call('users.unlock', bob, {});
  await call('attempts.reset', {}, { username: 'bob' });

  expect((await call('routes.list')).items[0]).toMatchObject({ name: 'demo' });
  expect(await call('routes.get', { name: 'demo' })).toMatchObject({ path: '/demo/*', retries: 1 });
  expect(await call('routes.get', { name: 'demo' })).toMatchObject({ path: '/demo/*' });
  const { access_token: token } = await tokensOf('alice', 'wonderland');
  const explained = await call('routes.explain', {}, { method: 'GET', target: '/demo/hello', token });
  expect(explained.verdict).toMatchObject({ outcome: 'forwarded', route: 'demo' });
  const tried = await call('routes.try', {}, { method: 'POST', target: '/demo/hello?a=b', token, body: 'hi' });
  expect(tried).toMatchObject({ status: 200, truncated: false });
  expect(JSON.parse(tried.body)).toMatchObject({ method: 'POST', body: 'hi' });
  expect(tried.body).not.toContain(token);

  await fetch(`${gate.url}/demo/refused`);
  expect((await call('overview.get')).store_up).toBe(true);
  expect((await call('overview.refusals')).items[0]).toMatchObject({ path: '/demo/refused', reason: 'missing_token' });
  expect((await call('audit.list', { target: 'orders', limit: 200 })).items.length).toBeGreaterThan(3);

  await call('users.delete', bob);
  await call('clients.delete', { id: 'orders' });

  // A session and a device need a browser and an app that names its device: that there are none is told in the words of the schema.
  for (const [id, parameters] of [
    ['users.end_session', { id: 'u-alice', session: 'x'.repeat(8) }],
    ['users.end_device', { id: 'u-alice', device: 'x'.repeat(8) }],
  ] as const) {
    const { status, data } = (await client[id]?.(parameters as never)) ?? {};
    expect([id, status, data?.type]).toEqual([id, 404, '/problems/not_found']);
    done.add(id);
  }
  const { status, data } = (await client['audit.export']?.({ action: 'clients.' } as never)) ?? {};
  expect(status).toBe(200);
  expect(String(data).trimEnd().split('\n').length).toBeGreaterThan(3);

  expect([...done].sort()).toEqual(operations.map(({ id }) => id).sort());
  expect(gate.output()).not.toContain(second);
});
