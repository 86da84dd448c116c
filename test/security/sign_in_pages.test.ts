import { beforeEach, describe, expect, it } from 'vitest';
import { hashPassword } from '../../src/connections/password_hash.ts';
import {
  alice,
  type Core,
  caller,
  expectStep,
  newPkce,
  parametersOf,
  request,
  signIn,
  startCore,
} from '../oauth/core_under_test.ts';

// Threat: a form is sent by another site, by another browser or twice; a cookie was planted before the sign-in; the page that was read
// and the click that was counted belong to different requests or to different users.

let core: Core;
const pkce = newPkce();
beforeEach(async () => {
  core = await startCore();
});

const flow = () => core.protocol.authorization;
const begin = async () => expectStep(await core.authorize(request(pkce.query)), 'sign_in');
const credentials = { caller, username: 'alice', password: 'wonderland' };

async function atConsent() {
  const { browser, step } = await signIn(core, request(pkce.query));
  return { browser, page: expectStep(step, 'consent') };
}

describe('CSRF', () => {
  it.each(['', 'guess'])(
    'a sign-in form with the token %j is refused before the password is looked at',
    async (csrf) => {
      const page = await begin();
      const sent = flow().signIn(page.interaction, { id: page.browser }, { ...credentials, csrf });
      await expect(sent).rejects.toMatchObject({ failure: { code: 'access_denied' } });
      expect(core.passwords.count).toBe(0);
    },
  );

  it('a consent form with another page’s token is refused', async () => {
    const signInPage = await begin();
    const { browser, page } = await atConsent();
    const sent = flow().consent(page.interaction, browser, { csrf: signInPage.csrf, allow: true });
    await expect(sent).rejects.toMatchObject({ failure: { code: 'access_denied' } });
  });

  it('a sign-out form with a wrong token leaves the session', async () => {
    const { browser, page } = await atConsent();
    await expect(flow().signOut(page.interaction, browser, { csrf: 'guess' })).rejects.toThrow('access_denied');
    expectStep(await flow().resume(page.interaction, browser), 'consent');
  });
});

describe('another browser', () => {
  it.each([
    ['no cookie', {}],
    ['another cookie', { id: 'A'.repeat(32) }],
    ['a malformed cookie', { id: 'x' }],
  ])('with %s cannot go on', async (_case, browser) => {
    const page = await begin();
    const form = { ...credentials, csrf: page.csrf };
    await expect(flow().signIn(page.interaction, browser, form)).rejects.toThrow('another browser');
    await expect(flow().resume(page.interaction, browser)).rejects.toThrow('another browser');
  });

  it('cannot finish what it began with somebody else’s session', async () => {
    const victim = await atConsent();
    const attacker = await begin();
    const mixed = { id: victim.browser.id, session: victim.browser.session };
    const sent = flow().consent(attacker.interaction, mixed, { csrf: attacker.csrf, allow: true });
    await expect(sent).rejects.toThrow('another browser');
  });

  it('without our browser cookie has to sign in, whatever session it brings', async () => {
    const { browser } = await atConsent();
    expectStep(await core.authorize(request(pkce.query), { session: browser.session }), 'sign_in');
  });
});

describe('session fixation', () => {
  it('gives a new session value at each sign-in and ends the one the browser came with', async () => {
    const first = await atConsent();
    const page = await begin();
    const planted = { id: page.browser, session: first.browser.session };
    const form = { ...credentials, csrf: page.csrf };
    const resumed = expectStep(await flow().signIn(page.interaction, planted, form), 'resume');
    expect(resumed.session).not.toBe(first.browser.session);
    expectStep(await flow().resume(page.interaction, planted), 'sign_in');
  });

  it.each(['', 'x', 'ghs_0123456789012345678901234567890123456789', '../..', 'a'.repeat(600)])(
    'takes no session called %j',
    async (session) => {
      const page = await begin();
      expectStep(await flow().resume(page.interaction, { id: page.browser, session }), 'sign_in');
    },
  );
});

describe('between the page and the click', () => {
  it('nothing can be clicked twice: of 10 at once, one gives a code', async () => {
    const { browser, page } = await atConsent();
    const click = () => flow().consent(page.interaction, browser, { csrf: page.csrf, allow: true });
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, click));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('a page that was shown to one user cannot be clicked for another', async () => {
    await core.users.add({ ...alice, id: 'u-bob', username: 'bob', passwordHash: await hashPassword('builder') });
    const { browser, page } = await atConsent();
    const second = expectStep(await core.authorize(request(pkce.query), { id: browser.id }), 'sign_in');
    const form = { csrf: second.csrf, caller, username: 'bob', password: 'builder' };
    const asBob = expectStep(await flow().signIn(second.interaction, browser, form), 'resume');
    const click = flow().consent(
      page.interaction,
      { id: browser.id, session: asBob.session },
      { csrf: page.csrf, allow: true },
    );
    await expect(click).rejects.toMatchObject({ failure: { code: 'access_denied' } });
  });

  it('a user who was disabled has to sign in again, and cannot', async () => {
    const { browser, page } = await atConsent();
    await core.documents.put('user', 'u-alice', { ...alice, disabled: true });
    expectStep(await flow().consent(page.interaction, browser, { csrf: page.csrf, allow: true }), 'sign_in');
    const again = await begin();
    const form = { ...credentials, csrf: again.csrf };
    expectStep(await flow().signIn(again.interaction, { id: again.browser }, form), 'sign_in');
  });

  it('the code is for what the page showed, not for what the URL says by then', async () => {
    const { browser, page } = await atConsent();
    await core.authorize(request({ ...pkce.query, scope: 'read write' }), browser);
    const done = await flow().consent(page.interaction, browser, { csrf: page.csrf, allow: true });
    const form = { grant_type: 'authorization_code', code: parametersOf(done).get('code') ?? '' };
    const rest = { redirect_uri: page.redirectUri, code_verifier: pkce.verifier };
    expect((await core.token({ ...form, ...rest })).body['scope']).toBe('read');
  });
});
