import { beforeAll, describe, expect, it } from 'vitest';
import { basic, type Core, startCore } from '../oauth/core_under_test.ts';

let core: Core;
beforeAll(async () => {
  core = await startCore();
});

const alice = { grant_type: 'password', username: 'alice', password: 'wonderland' };
const machine = { grant_type: 'client_credentials' };

describe('RFC 6749 §2.3.1 client authentication', () => {
  it('accepts HTTP Basic', async () => {
    expect((await core.token(machine, basic('app', 'app-secret'))).status).toBe(200);
  });

  it('accepts client_id and client_secret in the body', async () => {
    const form = { ...machine, client_id: 'app', client_secret: 'app-secret' };
    expect((await core.token(form, null)).status).toBe(200);
  });

  it('decodes id and secret from the form encoding inside Basic', async () => {
    const odd = await core.clients.add({ name: 'Odd', id: 'odd.id', grants: ['client_credentials'] });
    const encoded = `Basic ${Buffer.from(`odd%2Eid:${(odd.secret ?? '').replace('_', '%5F')}`).toString('base64')}`;
    expect((await core.token(machine, encoded)).status).toBe(200);
  });

  it.each([
    ['wrong secret', basic('app', 'wrong')],
    ['unknown client', basic('nobody', 'app-secret')],
    ['no secret', basic('app', '')],
    ['no colon', `Basic ${Buffer.from('app').toString('base64')}`],
    ['not base64', 'Basic *****'],
    ['bytes that are no UTF-8', `Basic ${Buffer.from([0xff, 0x3a, 0xfe]).toString('base64')}`],
    ['a broken percent escape', `Basic ${Buffer.from('app:%zz').toString('base64')}`],
    ['another scheme', 'Bearer gha_0123456789012345678901234567890123456789'],
    ['a secret for a public client', basic('spa', 'anything')],
    ['nobody at all', null],
  ])('refuses %s with 401 invalid_client and a Basic challenge', async (_case, authorization) => {
    const { status, body, headers } = await core.token(machine, authorization);
    expect([status, body['error']]).toEqual([401, 'invalid_client']);
    expect(headers.get('www-authenticate')).toBe('Basic realm="gatehouse"');
  });

  it('gives one answer for an unknown client and a wrong secret', async () => {
    const [unknown, wrong] = await Promise.all([
      core.token(machine, basic('x', 'y')),
      core.token(machine, basic('app', 'y')),
    ]);
    expect(unknown).toEqual(wrong);
  });

  it('refuses a confidential client that only names itself', async () => {
    expect((await core.token({ ...machine, client_id: 'app' }, null)).body['error']).toBe('invalid_client');
  });

  it('refuses two methods at once', async () => {
    const form = { ...machine, client_id: 'app', client_secret: 'app-secret' };
    expect((await core.token(form)).body['error']).toBe('invalid_request');
  });

  it('refuses a client_id in the body that is not the one of the header', async () => {
    expect((await core.token({ ...machine, client_id: 'other' })).body['error']).toBe('invalid_request');
    expect((await core.token({ ...machine, client_id: 'app' })).status).toBe(200);
  });

  it('refuses anything in the query string', async () => {
    const query = [['client_secret', 'app-secret']] as const;
    const { status, body } = await core.send('token', {
      query,
      body: Object.entries(machine),
      authorization: basic('app', 'app-secret'),
    });
    expect([status, body['error']]).toEqual([400, 'invalid_request']);
  });
});

describe('RFC 6749 §3.2 parameters', () => {
  it('refuses a repeated parameter by name, even an empty or an unknown one', async () => {
    for (const name of ['grant_type', 'scope', 'foo']) {
      const { status, body } = await core.token([
        ['grant_type', 'client_credentials'],
        [name, ''],
        [name, 'read'],
      ]);
      expect([status, body['error']]).toEqual([400, 'invalid_request']);
      expect(body['error_description']).toContain(name);
    }
  });

  it('does not print the name of a repeated parameter that was made up to be printed', async () => {
    const { body } = await core.token([
      ['<script>', '1'],
      ['<script>', '2'],
    ]);
    expect(body['error_description']).not.toContain('script');
  });

  it('treats an empty value as absent', async () => {
    expect((await core.token({ ...alice, username: '' })).body['error_description']).toContain('username');
    expect((await core.token({ ...machine, scope: '' })).body['scope']).toBe('read write');
  });

  it('ignores parameters it does not know', async () => {
    expect((await core.token({ ...machine, foo: 'bar', __proto__: 'x' })).status).toBe(200);
  });
});

describe('RFC 6749 §5.1 the answer', () => {
  it('has exactly the members of the standard, and is never kept', async () => {
    const { status, body, headers } = await core.token(alice);
    expect(status).toBe(200);
    expect(Object.keys(body).sort()).toEqual(['access_token', 'expires_in', 'refresh_token', 'scope', 'token_type']);
    expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 3600, scope: 'read write' });
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('pragma')).toBe('no-cache');
    expect(headers.get('content-type')).toBe('application/json');
  });
});

describe('RFC 6749 §5.2 errors', () => {
  it.each([
    ['grant_type missing', {}, 400, 'invalid_request'],
    ['grant_type unknown', { grant_type: 'magic' }, 400, 'unsupported_grant_type'],
    ['password missing', { grant_type: 'password', username: 'alice' }, 400, 'invalid_request'],
    ['wrong password', { ...alice, password: 'looking-glass' }, 400, 'invalid_grant'],
    ['unknown user', { ...alice, username: 'bob' }, 400, 'invalid_grant'],
    ['unknown scope', { ...machine, scope: 'read everything' }, 400, 'invalid_scope'],
    ['malformed scope', { ...machine, scope: 'rea"d' }, 400, 'invalid_scope'],
    ['code missing', { grant_type: 'authorization_code' }, 400, 'invalid_request'],
    [
      'code unknown',
      { grant_type: 'authorization_code', code: 'ghc_0123456789012345678901234567890123456789' },
      400,
      'invalid_grant',
    ],
    ['code that cannot be one', { grant_type: 'authorization_code', code: '{}' }, 400, 'invalid_grant'],
    ['refresh token missing', { grant_type: 'refresh_token' }, 400, 'invalid_request'],
    [
      'refresh token unknown',
      { grant_type: 'refresh_token', refresh_token: 'ghr_0123456789012345678901234567890123456789' },
      400,
      'invalid_grant',
    ],
  ])('%s', async (_case, form, status, error) => {
    const answer = await core.token(form as Record<string, string>);
    expect([answer.status, answer.body['error']]).toEqual([status, error]);
    // RFC 6749 §5.2 allows these characters, and no quotes or backslashes.
    expect(answer.body['error_description']).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]{10,}$/);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.has('www-authenticate')).toBe(false);
  });

  it('tells a client that a grant is not its own', async () => {
    const { secret } = await core.clients.add({ name: 'Machine', id: 'machine', grants: ['client_credentials'] });
    const { status, body } = await core.token(alice, basic('machine', secret ?? ''));
    expect([status, body['error']]).toEqual([400, 'unauthorized_client']);
    expect(body['error_description']).toContain('client_credentials');
  });
});

describe('RFC 6749 §4.3, §4.4 password and client credentials', () => {
  it('gives the scopes that were asked for, and only those', async () => {
    expect((await core.token({ ...alice, scope: 'read' })).body['scope']).toBe('read');
  });

  it('gives no refresh token for client credentials (§4.4.3)', async () => {
    expect((await core.token(machine)).body).not.toHaveProperty('refresh_token');
  });

  it('gives no refresh token to a client that may not use it', async () => {
    const { secret } = await core.clients.add({ name: 'Once', id: 'once', grants: ['password'] });
    expect((await core.token(alice, basic('once', secret ?? ''))).body).not.toHaveProperty('refresh_token');
  });

  it('refuses client credentials to a public client', async () => {
    expect((await core.token({ ...machine, client_id: 'spa' }, null)).body['error']).toBe('unauthorized_client');
  });
});

describe('RFC 6749 §6 refreshing', () => {
  it('narrows the access token, and not what the next refresh may ask for', async () => {
    const first = await core.token(alice);
    const narrow = await core.token({
      grant_type: 'refresh_token',
      refresh_token: String(first.body['refresh_token']),
      scope: 'read',
    });
    expect(narrow.body['scope']).toBe('read');
    const wide = await core.token({ grant_type: 'refresh_token', refresh_token: String(narrow.body['refresh_token']) });
    expect(wide.body['scope']).toBe('read write');
  });

  it('never gives more than was granted first', async () => {
    const first = await core.token({ ...alice, scope: 'read' });
    const more = await core.token({
      grant_type: 'refresh_token',
      refresh_token: String(first.body['refresh_token']),
      scope: 'read write',
    });
    expect(more.body['error']).toBe('invalid_scope');
  });

  it('gives the tag of the family to all its tokens', async () => {
    const { body } = await core.token(alice);
    expect(String(body['access_token']).slice(4, 12)).toBe(String(body['refresh_token']).slice(4, 12));
  });
});
