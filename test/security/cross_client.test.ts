import { beforeEach, describe, expect, it } from 'vitest';
import {
  app,
  basic,
  type Core,
  expectStep,
  firstPair,
  getCode,
  newPkce,
  parametersOf,
  request,
  spa,
  startCore,
} from '../oauth/core_under_test.ts';

// Threat: one client uses, ends or looks at what belongs to another; or anyone claims to be a public client and lives off a consent
// that was given to the real one.

let core: Core;
const pkce = newPkce();
const OTHER = basic('other', 'app-secret');
beforeEach(async () => {
  core = await startCore();
});

const isActive = async (token: string) => (await core.introspect({ token })).body['active'];

describe('another client’s tokens', () => {
  it('cannot be refreshed', async () => {
    const { refresh } = await firstPair(core);
    const { body } = await core.token({ grant_type: 'refresh_token', refresh_token: refresh }, OTHER);
    expect(body['error']).toBe('invalid_grant');
    expect(await isActive(refresh)).toBe(true);
  });

  it('cannot be revoked, and the answer does not tell that they exist', async () => {
    const { access, refresh } = await firstPair(core);
    const unknown = await core.revoke({ token: 'gha_0123456789012345678901234567890123456789' }, OTHER);
    expect(await core.revoke({ token: access }, OTHER)).toEqual(unknown);
    expect(await core.revoke({ token: refresh }, OTHER)).toEqual(unknown);
    expect([await isActive(access), await isActive(refresh)]).toEqual([true, true]);
  });

  it('cannot be revoked by a public client either', async () => {
    const { refresh } = await firstPair(core);
    await core.revoke({ token: refresh, client_id: 'spa' }, null);
    expect(await isActive(refresh)).toBe(true);
  });

  it('an access token is no refresh token, and the other way round', async () => {
    const { access, refresh } = await firstPair(core);
    const { body } = await core.token({ grant_type: 'refresh_token', refresh_token: access });
    expect(body['error']).toBe('invalid_grant');
    expect((await core.token({ grant_type: 'authorization_code', code: refresh })).body['error']).toBe('invalid_grant');
  });
});

describe('consent', () => {
  it('of a public client is asked for every time', async () => {
    const query = request({ ...pkce.query, client_id: 'spa' });
    const { browser } = await getCode(core, query);
    expectStep(await core.authorize(query, browser), 'consent');
    expect(await core.consents.covers('u-alice', 'spa', ['read'])).toBe(false);
  });

  it('that was given while a client was confidential is not inherited once it is public', async () => {
    await core.clients.add({ ...app, id: 'stored', name: 'Stored' });
    const query = request({ ...pkce.query, client_id: 'stored' });
    const { browser } = await getCode(core, query);
    await core.documents.put('client', 'stored', { ...spa, id: 'stored' });
    expectStep(await core.authorize(query, browser), 'consent');
  });

  it('of one client says nothing about another', async () => {
    const { browser } = await getCode(core, request(pkce.query));
    expectStep(await core.authorize(request({ ...pkce.query, client_id: 'other' }), browser), 'consent');
  });

  it('that was forgotten is asked for again', async () => {
    const { browser } = await getCode(core, request(pkce.query));
    expect(parametersOf(await core.authorize(request(pkce.query), browser)).has('code')).toBe(true);
    await core.consents.forget('u-alice', 'app');
    expectStep(await core.authorize(request(pkce.query), browser), 'consent');
  });
});
