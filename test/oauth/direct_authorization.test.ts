import { beforeEach, describe, expect, it } from 'vitest';
import type { DirectAuthorizationRequest, TokenRequest } from '../../src/model/protocol.ts';
import { app, basic, CALLBACK, CALLER, type Core, spa, startCore } from './core_under_test.ts';

/** A password for a code, as an operation of the core: what no dialect may be able to change. */

const withoutPassword = { ...app, id: 'no-password', grants: ['authorization_code', 'refresh_token'] };
const withoutCode = { ...app, id: 'no-code', grants: ['password', 'refresh_token'] };
let core: Core;
beforeEach(async () => {
  core = await startCore({ clients: [app, spa, withoutPassword, withoutCode] });
});

const whole: DirectAuthorizationRequest = {
  dialect: 'oauth2',
  caller: { address: CALLER },
  credentials: { id: 'app', secret: 'app-secret', method: 'client_secret_post' },
  responseType: 'code',
  redirectUri: CALLBACK,
  username: 'alice',
  password: 'wonderland',
};
const ask = (change: Partial<DirectAuthorizationRequest> = {}) =>
  core.protocol.operations.authorize_directly({ ...whole, ...change });
const as = (id: string) => ({ id, secret: 'app-secret', method: 'client_secret_post' }) as const;

it('gives a code for the password, at the redirect URI, with the state', async () => {
  const { to } = await ask({ state: 'x&y', scopes: ['read'] });
  expect(to).toMatch(new RegExp(`^${CALLBACK}\\?code=[\\w-]+&state=x%26y$`));
  const code = new URL(to).searchParams.get('code') ?? '';
  const { status, body } = await core.token({ grant_type: 'authorization_code', code, redirect_uri: CALLBACK });
  expect([status, body['scope']]).toEqual([200, 'read']);
});

it('binds the code to the redirect URI, even where the client has only one', async () => {
  const code = new URL((await ask()).to).searchParams.get('code') ?? '';
  expect((await core.token({ grant_type: 'authorization_code', code })).body['error']).toBe('invalid_grant');
});

describe('refuses, before the password is looked at,', () => {
  it.each<[string, string, Partial<DirectAuthorizationRequest>]>([
    ['a client that may not use passwords', 'unauthorized_client', { credentials: as('no-password') }],
    ['a client that may not use codes', 'unauthorized_client', { credentials: as('no-code') }],
    ['a public client', 'unauthorized_client', { credentials: { id: 'spa', method: 'none' } }],
    ['a wrong secret', 'invalid_client', { credentials: { ...as('app'), secret: 'x' } }],
    ['no secret', 'invalid_client', { credentials: { id: 'app', method: 'none' } }],
    [
      'a wrong secret where none is needed',
      'invalid_client',
      { credentials: { ...as('app'), secret: 'x', secretOptional: true } },
    ],
    [
      'an unknown client where no secret is needed',
      'invalid_client',
      { credentials: { id: 'x', method: 'none', secretOptional: true } },
    ],
    ['no client', 'invalid_client', { credentials: undefined }],
    ['no response type', 'invalid_request', { responseType: undefined }],
    ['another response type', 'unsupported_response_type', { responseType: 'token' }],
    ['no redirect URI', 'redirect_uri_mismatch', { redirectUri: undefined }],
    ['a longer redirect URI', 'redirect_uri_mismatch', { redirectUri: `${CALLBACK}/x` }],
    ['no user', 'invalid_request', { username: undefined }],
    ['no password', 'invalid_request', { password: undefined }],
    ['a scope that is not the client’s', 'invalid_scope', { scopes: ['admin'] }],
  ])('%s: %s', async (_, code, change) => {
    const before = core.passwords.count;
    await expect(ask(change)).rejects.toMatchObject({ failure: { code } });
    expect(core.passwords.count).toBe(before);
  });
});

it('lets a client leave its secret out where the dialect says so', async () => {
  const { to } = await ask({ credentials: { id: 'app', method: 'none', secretOptional: true } });
  expect(to).toContain('?code=');
});

it('a wrong password is no code', async () => {
  await expect(ask({ password: 'looking-glass' })).rejects.toMatchObject({ failure: { code: 'invalid_credentials' } });
});

it('a client that left its secret out cannot act for itself', async () => {
  const request: TokenRequest = {
    dialect: 'oauth2',
    caller: { address: CALLER },
    credentials: { id: 'app', method: 'none', secretOptional: true },
    grantType: 'client_credentials',
  };
  await expect(core.protocol.operations.token(request)).rejects.toMatchObject({
    failure: { code: 'unauthorized_client' },
  });
  expect((await core.token({ grant_type: 'client_credentials' }, basic('app', 'app-secret'))).status).toBe(200);
});
