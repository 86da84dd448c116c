import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { selfSigned } from '../http/self_signed.ts';
import { demoConfig } from '../support/demo_config.ts';
import { type GatehouseProcess, startGatehouse } from '../support/gatehouse_process.ts';
import { ask, http2Client } from '../support/http2_client.ts';
import { ADMIN } from './console_under_test.ts';

async function start(listen = ''): Promise<GatehouseProcess> {
  const gate = await startGatehouse(await demoConfig('{ type: embedded, path: ./g.db }', listen));
  onTestFinished(async () => void (await gate.stop()));
  return gate;
}

const call = async (gate: GatehouseProcess, method: string, path: string, body?: object) => {
  const answer = await fetch(`${gate.admin}/api/v1${path}`, {
    method,
    headers: { authorization: ADMIN, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: JSON.parse(await answer.text()) };
};

describe.each([
  ['one process', ''],
  ['a supervisor with two workers', 'listen: { host: 127.0.0.1, port: 0, workers: 2 }\n'],
])('the admin API of %s', (_name, listen) => {
  it('registers a client that gets tokens, and ends what it got, beside the console', async () => {
    const gate = await start(listen);
    expect(await call(gate, 'GET', '/me')).toEqual({
      status: 200,
      body: { id: 'u-admin', kind: 'user', name: 'admin', role: 'admin' },
    });
    const client = { id: 'orders', name: 'Orders', grants: ['client_credentials'], scopes: ['demo:read'] };
    const made = await call(gate, 'POST', '/clients', client);
    expect(made.status).toBe(201);

    const issued = await fetch(`${gate.url}/oauth2/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`orders:${made.body.client_secret}`)}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'demo:read' }),
    });
    expect(issued.status).toBe(200);
    const { access_token: token } = (await issued.json()) as { access_token: string };
    const use = async () =>
      (await fetch(`${gate.url}/demo/x`, { headers: { authorization: `Bearer ${token}` } })).status;
    expect(await use()).toBe(200);
    expect((await call(gate, 'POST', '/tokens/inspect', { token })).body).toMatchObject({
      active: true,
      client: 'orders',
    });
    expect(await call(gate, 'POST', '/tokens/revoke-all', { client: 'orders' })).toMatchObject({
      status: 200,
      body: { ended_grants: 1 },
    });
    await expect.poll(use, { timeout: 5000 }).toBe(401);

    const events = (await call(gate, 'GET', '/audit?actor=u-admin')).body.items;
    expect(events.map(({ action }: { action: string }) => action)).toEqual(
      expect.arrayContaining(['tokens.revoke_all', 'clients.create']),
    );
    expect((await call(gate, 'GET', '/overview')).body.issued).toContainEqual({
      grant: 'client_credentials',
      count: 1,
    });
    const metrics = await (await fetch(`${gate.admin}/metrics`)).text();
    expect(metrics).toMatch(/gatehouse_admin_requests_total\{operation="clients.create",status="201"\} 1/);
    expect(metrics).not.toMatch(/gatehouse_requests_total\{[^}]*clients\.create/);
    const line = gate.lines.find((each) => each.includes('"route":"clients.create"'));
    expect(JSON.parse(line ?? '{}')).toMatchObject({
      method: 'POST',
      path: '/api/v1/clients',
      user: 'u-admin',
      status: 201,
    });
    expect(gate.output()).not.toContain(made.body.client_secret);

    const page = await fetch(`${gate.admin}/sign-in`);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect((await fetch(`${gate.admin}/health/ready`)).status).toBe(200);
  });
});

it('takes what a reload says of it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-'));
  const file = join(folder, 'gatehouse.yaml');
  const config = (await demoConfig('{ type: memory }')).replace('admin: {', 'admin: { console: true,');
  await writeFile(file, config);
  const gate = await startGatehouse(file);
  onTestFinished(async () => {
    await gate.stop();
    await rm(folder, { recursive: true });
  });
  expect((await fetch(`${gate.admin}/sign-in`)).status).toBe(200);
  await writeFile(
    file,
    config.replace('console: true', 'console: false').replace('roles: [admin]', 'roles: [auditor]'),
  );
  gate.signal('SIGHUP');
  await gate.line(/"event":"reloaded"/);
  expect((await fetch(`${gate.admin}/sign-in`)).status).toBe(404);
  expect((await call(gate, 'GET', '/me')).body.role).toBe('auditor');
});

it('speaks TLS and HTTP/2 under the name that it was given', async () => {
  const tls = await selfSigned();
  const admin = `admin: { host: 127.0.0.1, port: 0, tls: { cert: ${tls.cert}, key: ${tls.key} }, public_url: 'https://admin.example.com'`;
  const config = (await demoConfig('{ type: memory }')).replace('admin: { host: 127.0.0.1, port: 0', admin);
  const gate = await startGatehouse(config);
  onTestFinished(async () => void (await gate.stop()));
  expect(gate.admin).toMatch(/^https:/);
  const session = await http2Client(Number(new URL(gate.admin).port), tls.cert);
  onTestFinished(() => session.close());
  const head = { ':path': '/api/v1/me', authorization: ADMIN };
  for (const [authority, status] of [
    ['admin.example.com', 200],
    ['localhost', 200],
    ['evil.example.com', 421],
  ] as const) {
    const answer = await ask(session, { ...head, ':authority': authority });
    expect([authority, answer.status]).toEqual([authority, status]);
  }
  const body = ['{"name":"Orders",', '"grants":["client_credentials"]}'];
  const made = await ask(
    session,
    { ...head, ':method': 'POST', ':path': '/api/v1/clients', 'content-type': 'application/json' },
    body,
  );
  expect(made.status).toBe(201);
});
