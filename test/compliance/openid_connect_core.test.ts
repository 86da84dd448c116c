import { hash } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { describe, expect, it } from 'vitest';
import type { Client } from '../../src/model/client.ts';
import type { Browser } from '../../src/oauth/authorization_flow.ts';
import {
  alice,
  app,
  basic,
  CALLBACK,
  type Core,
  type CoreOptions,
  caller,
  expectStep,
  getCode,
  ISSUER,
  newPkce,
  parametersOf,
  request,
  signIn,
  startCore,
} from '../oauth/core_under_test.ts';

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const oidcApp: Client = {
  ...app,
  grants: [...app.grants, JWT_BEARER],
  scopes: [...app.scopes, 'openid', 'profile', 'email', 'phone'],
};
const start = (options: CoreOptions = {}) => startCore({ clients: [oidcApp], ...options });
const phoned = { ...alice, phoneNumber: '+15550100' };

/** The whole way to an answer of the token endpoint. */
async function tokensOf(core: Core, query: Readonly<Record<string, string>>) {
  const { verifier, query: challenge } = newPkce();
  const { code } = await getCode(core, { ...request(query), ...challenge });
  const { body } = await core.token({
    ...{ grant_type: 'authorization_code', code },
    ...{ redirect_uri: CALLBACK, code_verifier: verifier },
  });
  return body as Record<string, string>;
}

const passwordForm = { grant_type: 'password', username: 'alice', password: 'wonderland' };
const bearer = (token: unknown) => ({ authorization: `Bearer ${token}` });

describe('OpenID Connect Core §2: the id_token', () => {
  it('says who signed in, to whom, when, and for which access token', async () => {
    const core = await start();
    const { id_token, access_token } = await tokensOf(core, { scope: 'openid read', nonce: 'n-0S6_WzA2Mj' });
    const now = Math.floor(core.clock.now() / 1000);
    const left = hash('sha256', access_token ?? '', 'buffer').subarray(0, 16);
    expect(decodeJwt(id_token ?? '')).toEqual({
      iss: ISSUER,
      sub: 'u-alice',
      aud: 'app',
      iat: now,
      exp: now + 3600,
      auth_time: now,
      nonce: 'n-0S6_WzA2Mj',
      at_hash: left.toString('base64url'),
      jti: expect.any(String),
      sid: expect.any(String),
    });
  });

  it.each(['RS256', 'ES256'] as const)('is signed with %s by a key that jwks has', async (algorithm) => {
    const core = await start({ idTokens: algorithm });
    const { id_token } = await tokensOf(core, { scope: 'openid' });
    const { alg, kid, typ } = decodeProtectedHeader(id_token ?? '');
    expect({ alg, typ }).toEqual({ alg: algorithm, typ: 'JWT' });
    const { body } = await core.send('jwks', {});
    expect(body['keys']).toContainEqual(expect.objectContaining({ kid, alg: algorithm, use: 'sig' }));
  });

  it('is signed with the client secret where the dialect demands it, and refused to a client whose secret is not known', async () => {
    const core = await start({ idTokens: 'HS256', clients: [{ ...oidcApp, signingSecret: 'app-secret' }] });
    const { id_token } = await tokensOf(core, { scope: 'openid' });
    expect(decodeProtectedHeader(id_token ?? '')).toEqual({ alg: 'HS256', typ: 'JWT' });

    const hashed = await start({ idTokens: 'HS256' });
    const { status, body } = await hashed.token({ ...passwordForm, scope: 'openid' });
    expect({ status, body }).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
    expect(body['error_description']).toMatch(/write the secret .* into the configuration/);
  });
});

describe('OpenID Connect Core §3.1.2.1: the authentication request', () => {
  it('is plain OAuth without the scope openid: no id_token', async () => {
    const core = await start();
    expect(await tokensOf(core, { scope: 'read' })).not.toHaveProperty('id_token');
  });

  it('gives scopes about a person only to who asks for them by name', async () => {
    const core = await start();
    const { body } = await core.token(passwordForm);
    expect(body['scope']).toBe('read write');
    expect(body).not.toHaveProperty('id_token');
    const { query } = newPkce();
    const { scope: _, ...silent } = request();
    expect(expectStep((await signIn(core, { ...silent, ...query })).step, 'consent').scopes).toEqual(['read', 'write']);
    expect((await core.token({ grant_type: 'client_credentials' })).body['scope']).toBe('read write');
    const own = await core.token({ grant_type: 'client_credentials', scope: 'openid' });
    expect(own.body['error']).toBe('invalid_scope');
  });

  /** A browser that signed in and consented, and a function that asks again with it. */
  async function signedIn(core: Core) {
    const { query } = newPkce();
    const { browser } = await getCode(core, { ...request({ scope: 'openid' }), ...query });
    const again = (change: Record<string, string>, from: Browser = browser) =>
      core.authorize({ ...request({ scope: 'openid', ...change }), ...newPkce().query }, from);
    return { browser, again };
  }

  it('prompt=none: a code when nothing is missing, and never a page', async () => {
    const core = await start();
    const { again } = await signedIn(core);
    expect(parametersOf(await again({ prompt: 'none' })).get('code')).toMatch(/^ghc_/);
    const missing: [Record<string, string>, Browser | undefined, string][] = [
      [{}, {}, 'login_required'],
      [{ scope: 'openid email' }, undefined, 'consent_required'],
    ];
    for (const [change, from, error] of missing) {
      const answer = parametersOf(await again({ prompt: 'none', ...change }, from));
      expect(Object.fromEntries(answer)).toMatchObject({ error, state: 'xyz', iss: ISSUER });
      expect(answer.get('code')).toBeNull();
    }
    core.clock.advance(60_000);
    expect(parametersOf(await again({ prompt: 'none', max_age: '59' })).get('error')).toBe('login_required');
  });

  it.each(['login', 'select_account', 'login consent'])(
    'prompt=%s: signs in anew, however fresh the session is',
    async (prompt) => {
      const core = await start();
      const { browser, again } = await signedIn(core);
      const page = expectStep(await again({ prompt }), 'sign_in');
      const flow = core.protocol.authorization;
      // The page cannot be passed by with the old session.
      expectStep(await flow.resume(page.interaction, browser), 'sign_in');
      const form = { csrf: page.csrf, username: 'alice', password: 'wonderland', caller: { address: '203.0.113.9' } };
      const resumed = expectStep(await flow.signIn(page.interaction, browser, form), 'resume');
      const step = await flow.resume(resumed.interaction, { ...browser, session: resumed.session });
      expect(step.do).toBe(prompt.includes('consent') ? 'consent' : 'redirect');
    },
  );

  it('prompt=consent: asks again', async () => {
    const core = await start();
    const { again } = await signedIn(core);
    expectStep(await again({ prompt: 'consent' }), 'consent');
    expectStep(await again({}), 'redirect');
  });

  it('max_age: an older sign-in does not count, a newer one does', async () => {
    const core = await start();
    const { again } = await signedIn(core);
    core.clock.advance(100_000);
    expectStep(await again({ max_age: '99' }), 'sign_in');
    expectStep(await again({ max_age: '100' }), 'redirect');
  });

  it.each([
    [{ prompt: 'none login' }, /alone/],
    [{ prompt: 'create' }, /prompt with any of/],
    [{ max_age: '-1' }, /number of seconds/],
  ])('%j is refused to the app', async (change, description) => {
    const core = await start();
    const { again } = await signedIn(core);
    const answer = parametersOf(await again(change));
    expect(answer.get('error')).toBe('invalid_request');
    expect(answer.get('error_description')).toMatch(description);
  });
});

describe('OpenID Connect Core §5.3: UserInfo', () => {
  it.each([
    ['openid', {}],
    ['openid profile', { name: 'Alice Liddell', preferred_username: 'alice' }],
    ['openid email', { email: 'alice@example.com' }],
    ['openid phone', { phone_number: '+15550100' }],
  ])('§5.4: %s tells exactly its claims, as the id_token does', async (scope, claims) => {
    const core = await start({ users: [phoned] });
    const { body } = await core.token({ ...passwordForm, scope });
    const info = await core.send('userinfo', bearer(body['access_token']));
    expect(info).toMatchObject({ status: 200, body: { sub: 'u-alice', ...claims } });
    expect(Object.keys(info.body)).toHaveLength(1 + Object.keys(claims).length);
    expect(decodeJwt(String(body['id_token']))).toMatchObject(claims);
  });

  it('takes the token in the header or in a form, and in one place only', async () => {
    const core = await start();
    const { access_token: token } = (await core.token({ ...passwordForm, scope: 'openid' })).body;
    const inForm = { method: 'POST', body: [['access_token', String(token)]] as const };
    expect((await core.send('userinfo', inForm)).status).toBe(200);
    expect((await core.send('userinfo', { ...inForm, ...bearer(token) })).body['error']).toBe('invalid_request');
    const inQuery = await core.send('userinfo', { query: [['access_token', String(token)]] });
    expect(inQuery.body['error']).toBe('invalid_request');
  });

  it('§5.3.3: refuses in the words of RFC 6750', async () => {
    const core = await start();
    const plain = (await core.token(passwordForm)).body['access_token'];
    const own = (await core.token({ grant_type: 'client_credentials' })).body['access_token'];
    const cases = [
      [{}, 401, 'unauthorized', /^Bearer realm="gatehouse"$/],
      [bearer(`gha_${'x'.repeat(40)}`), 401, 'invalid_token', /^Bearer .*error="invalid_token"/],
      [bearer(plain), 403, 'insufficient_scope', /error="insufficient_scope".*scope="openid"/],
      [bearer(own), 403, 'insufficient_scope', /scope="openid"/],
    ] as const;
    for (const [wire, status, error, challenge] of cases) {
      const answer = await core.send('userinfo', wire);
      expect(answer).toMatchObject({ status, body: { error } });
      expect(answer.headers.get('www-authenticate')).toMatch(challenge);
    }
  });

  it('tells nothing of a user who is gone', async () => {
    const core = await start();
    const { access_token: token } = (await core.token({ ...passwordForm, scope: 'openid' })).body;
    await core.users.remove('u-alice');
    expect((await core.send('userinfo', bearer(token))).body['error']).toBe('invalid_token');
  });
});

describe('OpenID Connect Core §12.2: refreshing', () => {
  it('gives a new id_token of the same sign-in, without the nonce', async () => {
    const core = await start();
    const first = await tokensOf(core, { scope: 'openid', nonce: 'once' });
    core.clock.advance(600_000);
    const { body } = await core.token({ grant_type: 'refresh_token', refresh_token: first['refresh_token'] ?? '' });
    const [before, after] = [decodeJwt(first['id_token'] ?? ''), decodeJwt(String(body['id_token']))];
    const { iss, sub, aud, auth_time, sid } = before;
    expect(after).toMatchObject({ iss, sub, aud, auth_time, sid, iat: (before.iat ?? 0) + 600 });
    expect(after).not.toHaveProperty('nonce');
    expect(after['at_hash']).not.toBe(before['at_hash']);
  });
});

describe('OpenID Connect Discovery §3, §4', () => {
  it('says where everything is, under the issuer', async () => {
    const core = await start();
    const { body } = await core.send('metadata', { path: '/.well-known/openid-configuration' });
    expect(body).toMatchObject({
      issuer: ISSUER,
      authorization_endpoint: `${ISSUER}/oauth2/authorize`,
      token_endpoint: `${ISSUER}/oauth2/token`,
      userinfo_endpoint: `${ISSUER}/oauth2/userinfo`,
      jwks_uri: `${ISSUER}/oauth2/jwks`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
      request_uri_parameter_supported: false,
    });
    expect(body['scopes_supported']).toContain('openid');
  });
});

describe('RFC 7523: signing in again with an id_token', () => {
  const again = (core: Core, assertion: unknown, more: Record<string, string> = {}) =>
    core.token({ grant_type: JWT_BEARER, assertion: String(assertion), ...more });

  it('gives new tokens of the same user, with no more scopes than the sign-in had', async () => {
    const core = await start();
    const first = (await core.token({ ...passwordForm, scope: 'openid read' })).body;
    core.clock.advance(600_000);
    const { status, body } = await again(core, first['id_token']);
    expect({ status, scope: body['scope'] }).toEqual({ status: 200, scope: 'openid read' });
    expect((await core.introspect({ token: String(body['access_token']) })).body).toMatchObject({ sub: 'u-alice' });
    expect(decodeJwt(String(body['id_token']))['auth_time']).toBe(decodeJwt(String(first['id_token']))['auth_time']);
    expect((await again(core, first['id_token'], { scope: 'write' })).body['error']).toBe('invalid_scope');
  });

  it('ends with the sign-in, with the user, and with time', async () => {
    const core = await start();
    const signInAgain = async () => (await core.token({ ...passwordForm, scope: 'openid' })).body;
    const revoked = await signInAgain();
    await core.revoke({ token: String(revoked['refresh_token']) });
    expect((await again(core, revoked['id_token'])).body['error']).toBe('invalid_grant');

    const late = await signInAgain();
    core.clock.advance(3600_000);
    expect((await again(core, late['id_token'])).body['error']).toBe('invalid_grant');

    const gone = await signInAgain();
    await core.users.remove('u-alice');
    expect((await again(core, gone['id_token'])).body['error']).toBe('invalid_grant');
  });

  it('asks for the assertion', async () => {
    const core = await start();
    const { body } = await core.token({ grant_type: JWT_BEARER });
    expect(body).toMatchObject({ error: 'invalid_request', error_description: expect.stringContaining('assertion') });
  });
});

describe('delegation and tokeninfo', () => {
  const delegate = (core: Core, refreshToken: unknown, more: object = {}) =>
    core.protocol.operations.delegation({
      dialect: 'oauth2',
      caller: { address: '203.0.113.9' },
      credentials: { id: 'app', secret: 'app-secret', method: 'client_secret_post' },
      grantType: JWT_BEARER,
      refreshToken: String(refreshToken),
      ...more,
    });

  it('turn a refresh token into an id_token, and an id_token into what it says', async () => {
    const core = await start();
    const { refresh_token } = (await core.token({ ...passwordForm, scope: 'openid email read' })).body;
    const { idToken, expiresIn } = await delegate(core, refresh_token, { scopes: ['openid'] });
    expect(expiresIn).toBe(3600);
    const claims = await core.protocol.operations.tokeninfo({ caller, idToken });
    expect(claims).toMatchObject({ sub: 'u-alice', aud: 'app', iss: ISSUER });
    expect(claims).not.toHaveProperty('email');
    // It stays as it is.
    expect((await core.token({ grant_type: 'refresh_token', refresh_token: String(refresh_token) })).status).toBe(200);
  });

  it.each([
    ['another grant_type', { grantType: 'password' }, 'unsupported_grant_type'],
    ['no openid', { scopes: ['read'] }, 'invalid_scope'],
    ['a refresh token that never was', { refreshToken: `ghr_${'x'.repeat(40)}` }, 'invalid_refresh_token'],
    ['no refresh token', { refreshToken: undefined }, 'invalid_request'],
    ['a wrong secret', { credentials: { id: 'app', secret: 'x', method: 'client_secret_post' } }, 'invalid_client'],
  ])('refuse %s', async (_what, change, code) => {
    const core = await start();
    const { refresh_token } = (await core.token({ ...passwordForm, scope: 'openid read' })).body;
    await expect(delegate(core, refresh_token, change)).rejects.toMatchObject({ failure: { code } });
  });

  it('end the family when a refresh token comes that was rotated out', async () => {
    const core = await start();
    const first = (await core.token({ ...passwordForm, scope: 'openid' })).body;
    const next = (await core.token({ grant_type: 'refresh_token', refresh_token: String(first['refresh_token']) }))
      .body;
    core.clock.advance(11_000);
    await expect(delegate(core, first['refresh_token'])).rejects.toMatchObject({
      failure: { code: 'invalid_refresh_token' },
    });
    expect((await core.introspect({ token: String(next['access_token']) }, basic('app', 'app-secret'))).body).toEqual({
      active: false,
    });
  });
});
