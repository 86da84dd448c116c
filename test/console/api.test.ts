import { describe, expect, it } from 'vitest';
import { DependencyUnavailable } from '../../src/model/failure.ts';
import { exchange } from '../support/raw_client.ts';
import { ADMIN, ALICE, AUDITOR, basic, startConsole } from './console_under_test.ts';

const CLIENT = { name: 'Orders', grants: ['client_credentials'], scopes: ['orders:read'] };

describe('an operation over HTTP', () => {
  it('is done, written down, and answered as JSON', async () => {
    const gate = await startConsole();
    const made = await gate.call('POST', '/clients', { body: { ...CLIENT, id: 'orders' } });
    expect(made).toMatchObject({
      status: 201,
      body: { id: 'orders', name: 'Orders', client_secret: expect.any(String) },
    });
    expect(made.headers.get('location')).toBe('/api/v1/clients/orders');
    expect(made.headers.get('cache-control')).toBe('no-store');
    const read = await gate.call('GET', '/clients/orders');
    expect(read).toMatchObject({ status: 200, body: { id: 'orders', scopes: ['orders:read'] } });
    expect(JSON.stringify(read.body)).not.toContain(made.body.client_secret);
    const [event] = await gate.audited();
    expect(event).toMatchObject({
      actor: { kind: 'user', id: 'u-admin', name: 'admin' },
      via: 'api',
      action: 'clients.create',
      target: { kind: 'client', id: 'orders' },
      outcome: 'done',
      address: '127.0.0.1',
      requestId: made.headers.get('x-request-id'),
    });
    expect(gate.reported[0]).toMatchObject({
      method: 'POST',
      path: '/api/v1/clients',
      route: 'clients.create',
      user: 'u-admin',
      status: 201,
    });
  });

  it('takes ids that hold anything', async () => {
    const gate = await startConsole();
    const id = 'corp/alice;a=b?c#d\\e %41';
    const answer = await gate.call('GET', `/users/${encodeURIComponent(id)}/sessions`);
    expect(answer.status).toBe(200);
    expect(gate.reported[0]).toMatchObject({ route: 'users.sessions', status: 200 });
    const missing = await gate.call('GET', `/users/${encodeURIComponent(id)}`);
    expect(missing).toMatchObject({ status: 404, body: { type: '/problems/not_found' } });
  });

  it('leads from page to page', async () => {
    const gate = await startConsole();
    for (const id of ['c1', 'c2', 'c3', 'c4']) await gate.call('POST', '/clients', { body: { ...CLIENT, id } });
    const seen: string[] = [];
    let path = '/clients?limit=2';
    for (;;) {
      const { body, headers, status } = await gate.call('GET', path);
      expect(status).toBe(200);
      seen.push(...body.items.map(({ id }: { id: string }) => id));
      const link = /^<\/api\/v1(.*)>; rel="next"$/.exec(headers.get('link') ?? '')?.[1];
      expect(link === undefined).toBe(body.next === undefined);
      if (link === undefined) break;
      expect(new URLSearchParams(link.split('?')[1]).get('after')).toBe(body.next);
      path = link;
    }
    expect(seen).toEqual(['app', 'c1', 'c2', 'c3', 'c4']);
    for (const after of ['c2', '!', 'YQ==', 'ä']) {
      expect(await gate.call('GET', `/clients?after=${encodeURIComponent(after)}`)).toMatchObject({
        status: 422,
        body: { errors: [{ path: 'after', message: 'must be `next` of a page' }] },
      });
    }
  });

  it('answers HEAD like GET, without the body', async () => {
    const gate = await startConsole();
    const answer = await gate.call('HEAD', '/clients');
    expect(answer).toMatchObject({ status: 200, body: '' });
  });
});

describe('a problem', () => {
  it.each([
    ['GET', '/nothing', undefined, 404, 'not_found'],
    ['GET', '', undefined, 404, 'not_found'],
    ['GET', '/clients/nobody', undefined, 404, 'not_found'],
    ['PUT', '/clients', '{}', 405, 'method_not_allowed'],
    ['DELETE', '/openapi.json', undefined, 405, 'method_not_allowed'],
    ['GET', '/clients?limit=0', undefined, 422, 'invalid'],
    ['GET', '/clients?limit=1&limit=2', undefined, 422, 'invalid'],
    ['GET', '/clients?colour=red', undefined, 422, 'invalid'],
    ['GET', '/clients?__proto__=1', undefined, 422, 'invalid'],
    ['GET', '/clients/app?id=other', undefined, 422, 'invalid'],
    ['POST', '/clients?name=x', '{}', 400, 'malformed'],
    ['POST', '/clients', '{', 400, 'malformed'],
    ['POST', '/clients', '[]', 400, 'malformed'],
    ['POST', '/clients', '{"name":"a","name":"b"}', 400, 'malformed'],
    ['POST', '/clients', '{"__proto__":{}}', 400, 'malformed'],
    ['POST', '/clients', '{}', 422, 'invalid'],
    ['POST', '/clients', '{"name":"a","grants":["client_credentials"],"secret_hash":"x"}', 422, 'invalid'],
    ['PATCH', '/clients/app', '{"id":"b"}', 422, 'invalid'],
    ['PATCH', '/clients/app', '{"name":"b"}', 409, 'configured'],
    ['GET', '/overview', undefined, 503, 'not_here'],
    ['GET', '/audit/export?limit=3', undefined, 422, 'invalid'],
  ])('%s %s %s is %i %s', async (method, path, body, status, type) => {
    const gate = await startConsole();
    const answer = await gate.call(method, path, { body });
    expect(answer).toMatchObject({ status, body: { type: `/problems/${type}`, status, title: expect.any(String) } });
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.body.instance).toBe(answer.headers.get('x-request-id'));
    expect(answer.headers.has('allow')).toBe(status === 405);
    const page = await fetch(gate.url + answer.body.type);
    expect(page.status).toBe(200);
    expect(await page.text()).toContain(`<h1>${answer.body.title}</h1>`);
  });

  it('tells each field that is not right', async () => {
    const gate = await startConsole();
    const { body } = await gate.call('POST', '/clients', {
      body: {
        name: '',
        grants: ['client_credentials'],
        redirect_uris: ['https://a.example.com/', 'javascript:alert(1)'],
      },
    });
    const paths = body.errors.map(({ path }: { path: string }) => path);
    expect(paths).toContain('redirect_uris.1');
    expect(paths).toContain('name');
    for (const { message } of body.errors) expect(message).not.toBe('');
  });

  it('tells of a store that is away, with a time to try again', async () => {
    const gate = await startConsole();
    Object.assign(gate.administration.clients, {
      list: () => Promise.reject(new DependencyUnavailable('redis', 'no answer within 250 ms')),
    });
    const answer = await gate.call('GET', '/clients');
    expect(answer).toMatchObject({ status: 503, body: { type: '/problems/unavailable' } });
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(gate.troubles).toEqual(['dependency_unavailable']);
  });

  it('says nothing of what nobody foresaw', async () => {
    const gate = await startConsole();
    Object.assign(gate.administration.clients, { list: () => Promise.reject(new Error('SELECT secret FROM')) });
    const answer = await gate.call('GET', '/clients');
    expect(answer).toMatchObject({ status: 500, body: { type: '/problems/unexpected' } });
    expect(JSON.stringify(answer.body)).not.toContain('SELECT');
  });

  it.each([
    ['a head that is too long', `GET /api/v1/me HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ${'a'.repeat(17_000)}\r\n\r\n`, 431],
    ['a target that is too long', `GET /api/v1/${'a'.repeat(9000)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`, 414],
    ['no HTTP', 'HELLO\r\n\r\n', 400],
    ['too many headers', `GET /api/v1/me HTTP/1.1\r\nHost: 127.0.0.1\r\n${'X: a\r\n'.repeat(101)}\r\n`, 431],
    [
      'a body that is too long',
      'POST /api/v1/clients HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nAuthorization: AUTH\r\nContent-Length: 1048577\r\n\r\n',
      413,
    ],
    [
      'a body that does not come',
      'POST /api/v1/clients HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nAuthorization: AUTH\r\nContent-Length: 10\r\n\r\n{',
      408,
    ],
    [
      'a body of many pieces that is too long',
      `POST /api/v1/clients HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nAuthorization: AUTH\r\nTransfer-Encoding: chunked\r\n\r\n100001\r\n"${'a'.repeat(0x100000)}\r\n`,
      413,
    ],
  ])('is worded as one for %s', async (_name, request, status) => {
    const gate = await startConsole();
    const answer = await exchange(gate.port, request.replace('AUTH', ADMIN));
    expect(answer.status).toBe(status);
    expect(answer.values('content-type')).toEqual(['application/problem+json']);
    expect(JSON.parse(answer.body)).toMatchObject({ status, type: expect.stringMatching(/^\/problems\/[a-z_]+$/) });
  });
});

describe('who asks', () => {
  it('must say so, and is told how', async () => {
    const gate = await startConsole();
    const answer = await fetch(`${gate.url}/api/v1/me`);
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe(
      'Basic realm="gatehouse", charset="UTF-8", Bearer realm="gatehouse"',
    );
  });

  it.each([
    ['an administrator', ADMIN, 200],
    ['an auditor', AUDITOR, 200],
    ['a user without a role', ALICE, 403],
    ['a wrong password', basic('admin', 'wonderland'), 401],
    ['an unknown user', basic('nobody', 'looking-glass'), 401],
    ['no password', basic('admin', ''), 401],
    ['no username', basic('', 'looking-glass'), 401],
    ['no colon', `Basic ${Buffer.from('admin').toString('base64')}`, 401],
    ['another spelling of base64', `${ADMIN.slice(0, -4)}-_==`, 401],
    ['bytes that are no UTF-8', `Basic ${Buffer.from([0x61, 0x3a, 0xff]).toString('base64')}`, 401],
    ['another scheme', 'Digest username="admin"', 401],
    ['no scheme', 'admin', 401],
    ['a token that nobody has', 'Bearer gha_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 401],
  ])('%s: %s → %i', async (_name, as, status) => {
    const gate = await startConsole();
    expect((await gate.call('GET', '/me', { as })).status).toBe(status);
  });

  it('may come with the token of an administrator', async () => {
    const gate = await startConsole();
    const answer = await gate.call('GET', '/me', { as: await gate.token({}) });
    expect(answer).toMatchObject({ status: 200, body: { id: 'u-admin', role: 'admin', kind: 'user' } });
  });

  it('needs the scope that the configuration names, and is told which', async () => {
    const gate = await startConsole();
    gate.settings.bearerScope = 'gatehouse:admin';
    const refused = await gate.call('GET', '/me', { as: await gate.token({}) });
    expect(refused.status).toBe(403);
    expect(refused.headers.get('www-authenticate')).toBe(
      'Bearer realm="gatehouse", error="insufficient_scope", scope="gatehouse:admin"',
    );
    const taken = await gate.call('GET', '/me', { as: await gate.token({}, { scopes: ['read', 'gatehouse:admin'] }) });
    expect(taken.status).toBe(200);
  });
});

describe('the audit log', () => {
  it.each(['clients.creat', 'clients', '.', 'things.create', 'clients.create.', ''])(
    'says of %j that it is no action, instead of that nothing was done',
    async (action) => {
      const gate = await startConsole();
      const { status, body } = await gate.call('GET', `/audit?${new URLSearchParams({ action })}`);
      expect([status, body.errors]).toEqual([422, [{ path: 'action', message: expect.stringContaining(' clients.') }]]);
    },
  );

  it('is exported as lines, all of it', async () => {
    const gate = await startConsole();
    for (let index = 0; index < 450; index++) {
      await gate.backend.audit.append({
        at: gate.administration.clock.now(),
        actor: { kind: 'system', id: 'test' },
        via: 'api',
        action: index % 2 === 0 ? 'users.lock' : 'clients.update',
        outcome: 'done',
        detail: { index },
      });
    }
    const { status, headers, body } = await gate.call('GET', '/audit/export?action=users.', { as: AUDITOR });
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('application/x-ndjson');
    const lines: string[] = body.trimEnd().split('\n');
    expect(lines).toHaveLength(225);
    const [event] = await gate.audited();
    expect(event).toMatchObject({ action: 'audit.export', outcome: 'done', via: 'api', actor: { id: 'u-auditor' } });
    expect(event?.detail).toEqual({ format: 'jsonl', action: 'users.' });
    const mistyped = await gate.call('GET', '/audit/export?action=user.lock');
    expect(mistyped).toMatchObject({ status: 422, body: { errors: [{ path: 'action' }] } });
    const indices = lines.map((line) => JSON.parse(line).detail.index);
    expect(indices).toEqual(Array.from({ length: 225 }, (_, index) => 448 - 2 * index));
  });
});
