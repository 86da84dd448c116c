import { beforeEach, expect, it } from 'vitest';
import { CorruptRecord } from '../../src/model/failure.ts';
import { app, type Core, caller, startCore } from '../oauth/core_under_test.ts';

/** A signing key in the store cannot be read: no id_token is issued or believed, and everything else goes on. */

const form = { grant_type: 'password', username: 'alice', password: 'wonderland' };
let core: Core;
let idToken: string;
let refreshToken: string;
let repair: () => Promise<unknown>;

beforeEach(async () => {
  const grants = [...app.grants, 'urn:ietf:params:oauth:grant-type:jwt-bearer'];
  core = await startCore({ clients: [{ ...app, grants, scopes: ['read', 'openid'] }] });
  const { body } = await core.token({ ...form, scope: 'openid read' });
  [idToken, refreshToken] = [String(body['id_token']), String(body['refresh_token'])];
  const [item] = (await core.documents.list('signing_key', 10)).items;
  if (!item) throw new Error('no key was stored');
  repair = () => core.documents.put('signing_key', item.id, item.document);
  await core.documents.put('signing_key', item.id, { ...item.document, publicJwk: { kty: 'EC' } });
  // The keys that were read before serve for a minute.
  core.clock.advance(61_000);
});

it('is told apart from a wrong token: 503 and an alert for whoever needs the key', async () => {
  await expect(core.send('jwks', {})).rejects.toThrow(CorruptRecord);
  await expect(core.token({ ...form, scope: 'openid' })).rejects.toThrow(CorruptRecord);
  await expect(core.protocol.operations.tokeninfo({ caller, idToken })).rejects.toThrow(CorruptRecord);
});

it('does not touch tokens for which nobody asked an id_token', async () => {
  expect((await core.token(form)).status).toBe(200);
  expect((await core.token({ grant_type: 'refresh_token', refresh_token: refreshToken, scope: 'read' })).status).toBe(
    200,
  );
});

it('uses no refresh token up: it works once the key is repaired', async () => {
  const refresh = { grant_type: 'refresh_token', refresh_token: refreshToken };
  await expect(core.token(refresh)).rejects.toThrow(CorruptRecord);
  core.clock.advance(60_000);
  await repair();
  const { status, body } = await core.token(refresh);
  expect(status).toBe(200);
  expect(body['id_token']).toMatch(/^ey/);
});
