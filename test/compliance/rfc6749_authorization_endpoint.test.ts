import { beforeEach, describe, expect, it } from 'vitest';
import {
  app,
  CALLBACK,
  type Core,
  caller,
  expectStep,
  getCode,
  newPkce,
  parametersOf,
  request,
  signIn,
  spa,
  startCore,
} from '../oauth/core_under_test.ts';

let core: Core;
const pkce = newPkce();
beforeEach(async () => {
  core = await startCore();
});

describe('RFC 6749 §4.1.1, §4.1.2 the way to a code', () => {
  it('signs in, asks, and redirects with code and state; the code gives tokens', async () => {
    const { code, answer } = await getCode(core, request({ ...pkce.query, state: 'a b&c=d/é' }));
    expect(answer.get('state')).toBe('a b&c=d/é');
    const form = { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier: pkce.verifier };
    const { status, body } = await core.token(form);
    expect(status).toBe(200);
    expect(body).toMatchObject({ token_type: 'Bearer', scope: 'read', refresh_token: expect.stringMatching(/^ghr_/) });
  });

  it('keeps the query of the redirect URI (§3.1.2)', async () => {
    const uri = 'https://app.example.com/cb?tenant=1';
    core = await startCore({ clients: [{ ...app, redirectUris: [uri] }] });
    const { code } = await getCode(core, request({ ...pkce.query, redirect_uri: uri }));
    expect(code).toMatch(/^ghc_/);
  });

  it('lets the redirect URI be left out when one is registered, and then at the token endpoint too (§3.1.2.3, §4.1.3)', async () => {
    const { redirect_uri, ...query } = request(pkce.query);
    const { code, answer } = await getCode(core, query);
    expect(answer.get('code')).toBe(code);
    const { status } = await core.token({ grant_type: 'authorization_code', code, code_verifier: pkce.verifier });
    expect([status, redirect_uri]).toEqual([200, CALLBACK]);
  });

  it('ignores a scope at the token endpoint: the code says which', async () => {
    const { code } = await getCode(core, request(pkce.query));
    const form = { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier: pkce.verifier };
    expect((await core.token({ ...form, scope: 'openid' })).body['scope']).toBe('read');
  });

  it('gives every scope of the client when none is named (§3.3)', async () => {
    const { step } = await signIn(core, { ...request(pkce.query), scope: '' });
    expect(expectStep(step, 'consent').scopes).toEqual(['read', 'write']);
  });
});

describe('RFC 6749 §4.1.2.1 errors that must not be redirected', () => {
  it.each([
    ['client_id missing', { client_id: '' }],
    ['client unknown', { client_id: 'nobody' }],
    ['redirect_uri not registered', { redirect_uri: 'https://evil.example/callback' }],
  ])('%s', async (_case, change) => {
    await expect(core.authorize(request({ ...pkce.query, ...change }))).rejects.toMatchObject({
      failure: { code: expect.stringMatching(/^(invalid_request|redirect_uri_mismatch)$/) },
    });
  });

  it('a disabled client', async () => {
    core = await startCore({ clients: [{ ...app, disabled: true }] });
    await expect(core.authorize(request(pkce.query))).rejects.toThrow('invalid_request');
  });

  it('no redirect_uri where several are registered', async () => {
    core = await startCore({ clients: [{ ...app, redirectUris: [CALLBACK, `${CALLBACK}2`] }] });
    await expect(core.authorize({ ...request(pkce.query), redirect_uri: '' })).rejects.toThrow('redirect_uri');
  });

  it('no redirect_uri where none is registered', async () => {
    core = await startCore({ clients: [{ ...app, redirectUris: [] }] });
    await expect(core.authorize({ ...request(pkce.query), redirect_uri: '' })).rejects.toThrow('redirect_uri');
  });

  it('a repeated parameter', async () => {
    const query = [...Object.entries(request(pkce.query)), ['state', 'again']] as const;
    await expect(core.authorize(query)).rejects.toThrow('state');
  });
});

describe('RFC 6749 §4.1.2.1 errors that go to the app', () => {
  it.each([
    ['response_type missing', { response_type: '' }, 'invalid_request'],
    ['response_type unknown', { response_type: 'token' }, 'unsupported_response_type'],
    ['scope not the client’s', { scope: 'admin' }, 'invalid_scope'],
    ['scope malformed', { scope: 'read "write' }, 'invalid_scope'],
  ])('%s', async (_case, change, error) => {
    const answer = parametersOf(await core.authorize(request({ ...pkce.query, ...change })));
    expect(Object.fromEntries(answer)).toMatchObject({ error, state: 'xyz', error_description: expect.any(String) });
    expect(answer.has('code')).toBe(false);
  });

  it('a client that may not use the grant', async () => {
    core = await startCore({ clients: [{ ...app, grants: ['password'] }] });
    expect(parametersOf(await core.authorize(request(pkce.query))).get('error')).toBe('unauthorized_client');
  });

  it('a user who denies, and the interaction is over', async () => {
    const { browser, step } = await signIn(core, request(pkce.query));
    const page = expectStep(step, 'consent');
    const flow = core.protocol.authorization;
    const answer = parametersOf(await flow.consent(page.interaction, browser, { csrf: page.csrf, allow: false }));
    expect(Object.fromEntries(answer)).toMatchObject({ error: 'access_denied', state: 'xyz' });
    await expect(flow.consent(page.interaction, browser, { csrf: page.csrf, allow: true })).rejects.toThrow(
      'start again',
    );
  });
});

describe('pages', () => {
  it('shows the sign-in page again after a wrong password, with the name and without a session', async () => {
    const page = expectStep(await core.authorize(request(pkce.query)), 'sign_in');
    const form = { csrf: page.csrf, caller, username: 'alice', password: 'wrong' };
    const again = expectStep(
      await core.protocol.authorization.signIn(page.interaction, { id: page.browser }, form),
      'sign_in',
    );
    expect(again).toMatchObject({
      username: 'alice',
      problem: expect.stringContaining('Wrong'),
      browser: page.browser,
    });
    expect(again).not.toHaveProperty('session');
  });

  it('remembers consent of confidential clients, and asks again for more scopes', async () => {
    const { browser } = await getCode(core, request(pkce.query));
    expect(parametersOf(await core.authorize(request(pkce.query), browser)).get('code')).toMatch(/^ghc_/);
    const more = await core.authorize(request({ ...pkce.query, scope: 'read write' }), browser);
    expect(expectStep(more, 'consent').scopes).toEqual(['read', 'write']);
  });

  it('asks again when the session is over', async () => {
    const { browser } = await getCode(core, request(pkce.query));
    core.clock.advance(13 * 3_600_000);
    expectStep(await core.authorize(request(pkce.query), browser), 'sign_in');
  });

  it('ends the session on "Not you?" and asks for another user', async () => {
    const { browser, step } = await signIn(core, request(pkce.query));
    const page = expectStep(step, 'consent');
    const flow = core.protocol.authorization;
    expectStep(await flow.signOut(page.interaction, browser, { csrf: page.csrf }), 'sign_in');
    expectStep(await flow.resume(page.interaction, browser), 'sign_in');
  });

  it('lets only users of the client’s connections in', async () => {
    core = await startCore({ clients: [app, { ...spa, connections: ['corp'] }] });
    const page = expectStep(await core.authorize(request({ ...pkce.query, client_id: 'spa' })), 'sign_in');
    const form = { csrf: page.csrf, caller, username: 'alice', password: 'wonderland' };
    expectStep(await core.protocol.authorization.signIn(page.interaction, { id: page.browser }, form), 'sign_in');
    const { browser } = await signIn(core, request(pkce.query));
    expectStep(await core.authorize(request({ ...pkce.query, client_id: 'spa' }), browser), 'sign_in');
  });

  it('forgets an interaction after a quarter of an hour', async () => {
    const page = expectStep(await core.authorize(request(pkce.query)), 'sign_in');
    core.clock.advance(15 * 60_000 + 1000);
    const { resume } = core.protocol.authorization;
    await expect(resume(page.interaction, { id: page.browser })).rejects.toThrow('start again');
  });

  it('refuses to go on when the redirect URI was taken from the client meanwhile', async () => {
    const { client } = await core.clients.add({ ...app, id: 'stored', name: 'Stored' });
    const page = expectStep(await core.authorize(request({ ...pkce.query, client_id: 'stored' })), 'sign_in');
    await core.documents.put('client', 'stored', { ...client, redirectUris: [] });
    await expect(core.protocol.authorization.resume(page.interaction, { id: page.browser })).rejects.toThrow('changed');
  });
});
