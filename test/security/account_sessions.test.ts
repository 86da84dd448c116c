/**
 * Threats: a session that somebody planted in the browser (fixation); a session of the console, or a sign-in that an app began, used
 * for the account, and the other way round; a sign-in page that leads elsewhere afterwards (open redirect). What must hold: a
 * sign-in makes a new session, each kind of session opens its own door only, and a visit ends at a page of ours or nowhere.
 */
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { inSeconds, seconds } from '../../src/model/units.ts';
import { OWN_SHAPES } from '../../src/tokens/format.ts';
import { mintWithRef } from '../../src/tokens/minting.ts';
import { type AccountUnderTest, authorizeUrl, signIn, startAccount } from '../account/account_under_test.ts';

let account: AccountUnderTest;
beforeEach(async () => {
  account = await startAccount();
  onTestFinished(() => account.edge.drain());
});

describe('a session', () => {
  it('that was there before the sign-in is worth nothing after it', async () => {
    const attacker = await account.signedIn('bob');
    const planted = attacker.cookies.get('gatehouse_session') ?? '';
    const victim = account.browser();
    // Bob's session is in the victim's browser: they see that it is Bob's, and sign out and in.
    victim.cookies.set('gatehouse_session', planted);
    const { location } = await victim.submit(await victim.get('/account'), '/account/sign-out', {});
    expect(location).toBe('/account/signed-out');
    await signIn(victim, 'alice');
    expect(victim.cookies.get('gatehouse_session')).not.toBe(planted);
    expect((await attacker.get('/account')).text).toContain('name="password"');
  });

  it('gets another value when its user signs in again', async () => {
    const client = await account.signedIn();
    const before = client.cookies.get('gatehouse_session') ?? '';
    account.edge.core.clock.advance(11 * 60_000);
    await signIn(client, 'alice', '/account/tokens/new');
    const thief = account.browser();
    thief.cookies.set('gatehouse_session', before);
    expect((await thief.get('/account')).text).toContain('name="password"');
  });

  it('of the console is none here', async () => {
    const { store, clock } = account.edge.core;
    const { token, ref } = mintWithRef(OWN_SHAPES.session);
    const now = inSeconds(clock.now());
    const user = { subject: 'u-alice', username: 'alice', connection: 'users', roles: ['admin'] };
    const record = { user, authenticatedAt: now, expiresAt: seconds(now + 3600) };
    await store.put([{ kind: 'session', ref, record: { ...record, purpose: 'console' } }]);
    const client = account.browser();
    client.cookies.set('gatehouse_session', token);
    expect((await client.get('/account')).text).toContain('name="password"');
    expect((await client.get(authorizeUrl())).text).toContain('name="password"');
  });
});

describe('a visit', () => {
  it('gives no code, no consent and no page of an app', async () => {
    const client = await account.signedIn();
    account.edge.core.clock.advance(11 * 60_000);
    const asked = await client.get('/account/tokens/new');
    const { interaction = '', csrf = '' } = asked.form('/account/sign-in') ?? {};
    for (const path of ['/oauth2/consent', '/account/consent']) {
      const answer = await client.post(path, { interaction, csrf, decision: 'allow' });
      expect(answer.location).not.toContain('code=');
      expect(answer.status === 400 || answer.text === 'lane').toBe(true);
    }
    // Elsewhere it is the same visit, and still ends at our own page.
    const page = await client.post('/oauth2/sign-in', { interaction, csrf, username: 'alice', password: 'wonderland' });
    expect(page.location).toMatch(/^\/oauth2\/resume\?/);
    expect((await client.get(page.location)).location).toBe('/account/tokens/new');
  });

  it('is over when it has led somewhere, and belongs to one browser', async () => {
    const client = account.browser();
    const asked = await client.get('/account');
    const { interaction = '', csrf = '' } = asked.form('/account/sign-in') ?? {};
    const other = account.browser();
    await other.get('/account');
    const stolen = await other.post('/account/sign-in', { interaction, csrf, username: 'bob', password: 'wonderland' });
    expect(stolen.status).toBe(403);
    const signed = await client.submit(asked, '/account/sign-in', { username: 'alice', password: 'wonderland' });
    await client.get(signed.location);
    expect((await client.get(signed.location)).status).toBe(400);
  });

  it('never leads to another site, whatever its URL says', async () => {
    const client = account.browser();
    const where = ['https://evil.example/', '//evil.example/', '/\\evil.example', 'javascript:alert(1)'];
    for (const target of where) {
      const query = new URLSearchParams({
        ...{ return_to: target, redirect_uri: target, next: target, name: target, scope: target, visit: target },
      });
      const asked = await client.get(`/account/tokens/new?${query}`);
      const signed = await client.submit(asked, '/account/sign-in', { username: 'alice', password: 'wonderland' });
      const resumed = await client.get(signed.location);
      expect(resumed.location).toMatch(/^\/account\/tokens\/new\?name=/);
      await client.submit(await client.get('/account'), '/account/sign-out', {});
    }
  });

  it('of an app is not taken for one of ours', async () => {
    const client = account.browser();
    const asked = await client.get(authorizeUrl());
    const { interaction = '' } = asked.form('/oauth2/sign-in') ?? {};
    await client.submit(asked, '/oauth2/sign-in', { username: 'alice', password: 'wonderland' });
    const resumed = await client.get(`/account/resume?interaction=${interaction}`);
    expect(resumed.text).toContain('Allow <bdi>The App</bdi> to act for you?');
  });
});
