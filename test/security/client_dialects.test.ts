/**
 * The threat: an app is registered for a strict API. Whoever holds its credentials uses a laxer one of the same gateway, where tokens
 * look different or PKCE is not asked for, and gets what the strict one would have refused.
 */
import { expect, it } from 'vitest';
import { seconds } from '../../src/model/units.ts';
import { app, CALLBACK, caller, firstPair, request, startCore } from '../oauth/core_under_test.ts';

const kept = { ...app, dialects: ['roambi'] };

it('gives a client nothing in a dialect that it is not registered for, by any grant', async () => {
  const free = await startCore();
  const { refresh } = await firstPair(free);
  const core = await startCore({ clients: [kept], backend: free.backend, users: [] });
  for (const form of [
    { grant_type: 'client_credentials' },
    { grant_type: 'password', username: 'alice', password: 'wonderland' },
    { grant_type: 'refresh_token', refresh_token: refresh },
    { grant_type: 'authorization_code', code: 'whatever', redirect_uri: CALLBACK },
  ]) {
    const { status, body } = await core.token(form);
    expect([status, body['error'], body['access_token']]).toEqual([400, 'unauthorized_client', undefined]);
  }
  const credentials = { id: 'app', secret: 'app-secret', method: 'client_secret_basic' as const };
  const directly = { dialect: 'oauth2', caller, credentials, responseType: 'code', redirectUri: CALLBACK };
  const user = { username: 'alice', password: 'wonderland' };
  const { authorize_directly: direct, delegation } = core.protocol.operations;
  const refused = { failure: { code: 'unauthorized_client' } };
  await expect(direct({ ...directly, ...user })).rejects.toMatchObject(refused);
  await expect(delegation({ dialect: 'oauth2', caller, credentials, refreshToken: refresh })).rejects.toMatchObject(
    refused,
  );
  // The password was not evaluated, so nobody learns here whether it was right.
  expect(core.passwords).toMatchObject({ count: 0 });
});

it('sends no browser back with a code', async () => {
  const core = await startCore({ clients: [kept] });
  const step = await core.authorize(request({ code_challenge: 'x'.repeat(43), code_challenge_method: 'S256' }));
  expect(step).toMatchObject({ do: 'redirect', to: expect.stringContaining('error=unauthorized_client') });
});

it('lets it revoke what it holds all the same', async () => {
  const free = await startCore();
  const { access } = await firstPair(free);
  const core = await startCore({ clients: [kept], backend: free.backend, users: [] });
  expect((await core.revoke({ token: access })).status).toBe(200);
  expect((await free.introspect({ token: access })).body).toEqual({ active: false });
});

it('serves the dialect that it is registered for', async () => {
  const core = await startCore({ clients: [{ ...app, dialects: ['oauth2'] }], settings: { accessTtl: seconds(60) } });
  expect((await core.token({ grant_type: 'client_credentials' })).status).toBe(200);
});
