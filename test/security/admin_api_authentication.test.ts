import { describe, expect, it } from 'vitest';
import { seconds } from '../../src/model/units.ts';
import { APP, AUDITOR, basic, startConsole } from '../console/console_under_test.ts';
import { rawClient } from '../support/raw_client.ts';

// Threat: somebody who is no administrator gets to the admin API: by guessing, with a token that is no administrator's, or any more.

const client = { name: 'x', grants: ['client_credentials'] };

describe('guessing an administrator’s password', () => {
  it('is counted over connections, and refused, the right password too', async () => {
    const gate = await startConsole();
    const statuses = await Promise.all(
      Array.from({ length: 40 }, async (_, guess) => {
        const raw = rawClient(gate.port);
        const authorization = basic('admin', `guess-${guess}`);
        raw.send(`GET /api/v1/me HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${authorization}\r\n\r\n`);
        const { status, values } = await raw.response();
        raw.close();
        if (status === 429) expect(Number(values('retry-after')[0])).toBeGreaterThan(0);
        return status;
      }),
    );
    expect(statuses.filter((status) => status === 401)).toHaveLength(10);
    expect(statuses.filter((status) => status === 429)).toHaveLength(30);
    const right = await gate.call('GET', '/me');
    expect(right).toMatchObject({ status: 429, body: { type: '/problems/too_many_attempts' } });
    // Another account is another matter.
    expect((await gate.call('GET', '/me', { as: AUDITOR })).status).toBe(200);
  });

  it('tells nothing by its answers: a user who does not exist is refused in the same words', async () => {
    const gate = await startConsole();
    const [wrong, unknown] = [
      await gate.call('GET', '/me', { as: basic('admin', 'wrong') }),
      await gate.call('GET', '/me', { as: basic('nobody', 'wrong') }),
    ];
    expect({ ...wrong.body, instance: '' }).toEqual({ ...unknown.body, instance: '' });
    expect(wrong.headers.get('www-authenticate')).toBe(unknown.headers.get('www-authenticate'));
  });
});

describe('a token of somebody who is no administrator', () => {
  it.each([
    ['a user without a role', { subject: 'u-alice', username: 'alice', roles: [] }, {}, 403],
    ['a user whose token says more than the directory', { subject: 'u-alice', username: 'alice' }, {}, 403],
    ['an app itself', undefined, {}, 403],
    ['a user who is gone', { subject: 'u-gone' }, {}, 401],
    ['a directory that cannot be asked', { connection: 'elsewhere' }, {}, 403],
    ['an app that is gone', {}, { client: 'gone' }, 401],
    ['another audience', {}, { audience: ['https://api.example.com'] }, 401],
    ['yesterday', {}, { expiresAt: seconds(1) }, 401],
  ])('%s', async (_name, user, more, status) => {
    const gate = await startConsole();
    const as = await gate.token(user, more);
    expect((await gate.call('GET', '/me', { as })).status).toBe(status);
    expect((await gate.call('POST', '/clients', { as, body: client })).status).toBe(status);
    expect((await gate.call('GET', '/clients')).body.items.map(({ id }: { id: string }) => id)).toEqual(['app']);
  });

  it('is refused where it is not in the header alone', async () => {
    const gate = await startConsole();
    const token = (await gate.token({})).slice('Bearer '.length);
    expect((await gate.call('GET', `/me?access_token=${token}`, { as: '' })).status).toBe(401);
    const twice = rawClient(gate.port);
    twice.send(
      `GET /api/v1/me HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\nAuthorization: Bearer ${token}\r\n\r\n`,
    );
    expect((await twice.response()).status).toBe(400);
    twice.close();
  });
});

describe('what is taken away', () => {
  const person = { connection: 'users', username: 'bob' };

  async function withBob() {
    const gate = await startConsole();
    const { call } = gate;
    const made = await call('POST', '/users', {
      body: { id: 'u-bob', ...person, roles: ['admin'], password: 'a long password' },
    });
    expect(made.status).toBe(201);
    const as = await gate.token({ subject: 'u-bob', ...person });
    for (const by of [as, basic('bob', 'a long password')]) {
      expect((await call('GET', '/me', { as: by })).body).toMatchObject({ id: 'u-bob', role: 'admin' });
    }
    return { call, gate, ways: [as, basic('bob', 'a long password')] };
  }

  it('is gone with the next request: the role', async () => {
    const { call, ways } = await withBob();
    await call('PATCH', '/users/u-bob', { body: { roles: ['auditor'] } });
    for (const as of ways) expect((await call('POST', '/clients', { as, body: client })).status).toBe(403);
    for (const as of ways) expect((await call('GET', '/clients', { as })).status).toBe(200);
    await call('PATCH', '/users/u-bob', { body: { roles: [] } });
    for (const as of ways) expect((await call('GET', '/clients', { as })).status).toBe(403);
  });

  it('is gone with the next request: the user', async () => {
    const { call, ways } = await withBob();
    expect((await call('POST', '/users/u-bob/lock', {})).status).toBe(200);
    for (const as of ways) expect((await call('GET', '/clients', { as })).status).toBe(401);
  });

  it('is gone with the next request: the app', async () => {
    const { call, gate } = await withBob();
    await call('POST', '/clients', { body: { ...client, id: 'tool' } });
    const as = await gate.token({ subject: 'u-bob', ...person }, { client: 'tool' });
    expect((await call('GET', '/me', { as })).status).toBe(200);
    await call('PATCH', '/clients/tool', { body: { disabled: true } });
    expect((await call('GET', '/me', { as })).status).toBe(401);
  });
});

describe('an auditor', () => {
  it('changes nothing, and every try is written down', async () => {
    const gate = await startConsole();
    const { body: description } = await gate.call('GET', '/openapi.json');
    const before = await gate.call('GET', '/clients');
    let tried = 0;
    for (const [path, methods] of Object.entries<Record<string, { description: string; operationId: string }>>(
      description.paths,
    )) {
      for (const [method, { description: text, operationId }] of Object.entries(methods)) {
        if (!text.includes('`admin`')) continue;
        const target = path.replace(/\{[a-z]+\}/g, APP.id);
        const answer = await gate.call(method.toUpperCase(), target, { as: AUDITOR, body: {} });
        expect([operationId, answer.status]).toEqual([operationId, 403]);
        tried++;
      }
    }
    expect(tried).toBeGreaterThan(15);
    expect((await gate.call('GET', '/clients')).body).toEqual(before.body);
    const refused = (await gate.audited()).filter(({ outcome }) => outcome === 'refused');
    expect(refused).toHaveLength(tried);
    for (const { actor } of refused) expect(actor.id).toBe('u-auditor');
  });
});
