import { beforeEach, describe, expect, it } from 'vitest';
import { milliseconds, seconds } from '../../src/model/units.ts';
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

  it('ends the grant with its last access token when it can get no other, so that nobody sees it listed on', async () => {
    const listed = async (id: string) => (await core.store.families({ of: 'client', id }, 10)).length;
    const token = async () => String((await core.token({ grant_type: 'client_credentials' })).body['access_token']);
    const first = await token();
    const second = await token();
    expect(await listed('app')).toBe(2);
    await core.revoke({ token: first });
    expect([await active(first), await active(second), await listed('app')]).toEqual([false, true, 1]);
  });

  it('ends the grant whose refresh tokens have all expired with its last access token', async () => {
    core = await startCore({ settings: { accessTtl: seconds(7200), refreshTtl: seconds(3600) } });
    const { access, refresh } = await firstPair(core);
    core.clock.advance(milliseconds(3_600_000));
    expect([await active(access), await active(refresh)]).toEqual([true, false]);
    await core.revoke({ token: access });
    expect(await core.store.families({ of: 'user', id: 'u-alice' }, 10)).toEqual([]);
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
