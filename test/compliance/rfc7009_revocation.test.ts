import { beforeEach, describe, expect, it } from 'vitest';
import { basic, type Core, firstPair, startCore } from '../oauth/core_under_test.ts';

let core: Core;
beforeEach(async () => {
  core = await startCore();
});

const active = async (token: string) => (await core.introspect({ token })).body['active'];

describe('RFC 7009 §2.1', () => {
  it('ends an access token, and leaves the rest of its family', async () => {
    const { access, refresh } = await firstPair(core);
    expect((await core.revoke({ token: access })).status).toBe(200);
    expect([await active(access), await active(refresh)]).toEqual([false, true]);
  });

  it('ends the whole family with a refresh token, earlier access tokens too', async () => {
    const { access, refresh } = await firstPair(core);
    const next = (await core.token({ grant_type: 'refresh_token', refresh_token: refresh })).body;
    await core.revoke({ token: String(next['refresh_token']) });
    expect(await active(access)).toBe(false);
    expect(await active(String(next['access_token']))).toBe(false);
    const again = await core.token({ grant_type: 'refresh_token', refresh_token: String(next['refresh_token']) });
    expect(again.body['error']).toBe('invalid_grant');
  });

  it('takes a wrong token_type_hint for what it is: a hint', async () => {
    const { access } = await firstPair(core);
    await core.revoke({ token: access, token_type_hint: 'refresh_token' });
    expect(await active(access)).toBe(false);
  });

  it('lets a public client revoke its own', async () => {
    const { body } = await core.token(
      { grant_type: 'password', username: 'alice', password: 'wonderland', client_id: 'spa' },
      null,
    );
    const token = String(body['refresh_token']);
    expect((await core.revoke({ token, client_id: 'spa' }, null)).status).toBe(200);
    const refreshed = await core.token({ grant_type: 'refresh_token', refresh_token: token, client_id: 'spa' }, null);
    expect(refreshed.body['error']).toBe('invalid_grant');
  });
});

describe('RFC 7009 §2.2', () => {
  it('answers an unknown token, and what is no token, like any other', async () => {
    const { access } = await firstPair(core);
    const known = await core.revoke({ token: access });
    expect(await core.revoke({ token: access })).toEqual(known);
    expect(await core.revoke({ token: 'x y{z}' })).toEqual(known);
    expect(known.headers.get('cache-control')).toBe('no-store');
  });

  it('asks for the token and for the client', async () => {
    expect((await core.revoke({})).body['error']).toBe('invalid_request');
    const { status, body } = await core.revoke({ token: 'x' }, basic('app', 'wrong'));
    expect([status, body['error']]).toEqual([401, 'invalid_client']);
  });
});
