import { beforeEach, describe, expect, it } from 'vitest';
import { basic, type Core, firstPair, startCore } from '../oauth/core_under_test.ts';

let core: Core;
beforeEach(async () => {
  core = await startCore();
});

describe('RFC 7662 §2.2', () => {
  it('describes an access token of a user', async () => {
    const { access } = await firstPair(core, { scope: 'read' });
    const now = Date.UTC(2026, 0, 1) / 1000;
    expect((await core.introspect({ token: access })).body).toEqual({
      active: true,
      scope: 'read',
      client_id: 'app',
      username: 'alice',
      token_type: 'Bearer',
      exp: now + 3600,
      iat: now,
      sub: 'u-alice',
      aud: ['api'],
    });
  });

  it('describes a token without a user', async () => {
    const { body } = await core.token({ grant_type: 'client_credentials' });
    const answer = (await core.introspect({ token: String(body['access_token']) })).body;
    expect(answer).toMatchObject({ active: true, client_id: 'app' });
    expect(answer).not.toHaveProperty('sub');
  });

  it('describes a refresh token until it is rotated', async () => {
    const { refresh } = await firstPair(core);
    expect((await core.introspect({ token: refresh })).body).toMatchObject({ active: true, sub: 'u-alice' });
    await core.token({ grant_type: 'refresh_token', refresh_token: refresh });
    expect((await core.introspect({ token: refresh })).body).toEqual({ active: false });
  });

  it.each([
    ['unknown', 'gha_0123456789012345678901234567890123456789'],
    ['no token at all', '{"a":1}'],
  ])('says nothing but inactive of one that is %s', async (_case, token) => {
    const { status, body, headers } = await core.introspect({ token });
    expect([status, body]).toEqual([200, { active: false }]);
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('says inactive once it has expired', async () => {
    const { access } = await firstPair(core);
    core.clock.advance(3_600_000);
    expect((await core.introspect({ token: access })).body).toEqual({ active: false });
  });
});

describe('RFC 7662 §2.1, §4 who may ask', () => {
  it('shows a client its own tokens only', async () => {
    const { access, refresh } = await firstPair(core);
    for (const token of [access, refresh]) {
      expect((await core.introspect({ token }, basic('other', 'app-secret'))).body).toEqual({ active: false });
    }
  });

  it('needs a client that can keep a secret', async () => {
    const { access } = await firstPair(core);
    const { status, body } = await core.introspect({ token: access, client_id: 'spa' }, null);
    expect([status, body['error']]).toEqual([401, 'invalid_client']);
  });
});
