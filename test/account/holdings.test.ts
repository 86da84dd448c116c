import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { AccessToken } from '../../src/model/token.ts';
import { refOf } from '../../src/tokens/format.ts';
import { alice } from '../oauth/core_under_test.ts';
import { type AccountUnderTest, bob, hidden, startAccount } from './account_under_test.ts';

let account: AccountUnderTest;
beforeEach(async () => {
  account = await startAccount();
  onTestFinished(() => account.edge.drain());
});

const worth = async (token: string): Promise<AccessToken | undefined> => {
  const ref = refOf(token);
  return ref && account.edge.core.store.get('access', ref);
};

describe('apps', () => {
  it('are those with a grant or a consent, with what they may do', async () => {
    const { core } = account.edge;
    await account.grant(alice, { scopes: ['read'] });
    await core.consents.remember('u-alice', 'app', ['read', 'write']);
    await core.consents.remember('u-alice', 'other', ['write']);
    await account.grant(bob, { client: 'spa' });
    const { text } = await (await account.signedIn()).get('/account/applications');
    expect(text).toContain('<bdi>The App</bdi>');
    expect(text).toContain('<bdi>Another App</bdi>');
    expect(text).toContain('not signed in now');
    expect(text).not.toContain('A Page');
    expect(text).toMatch(/<code>read<\/code>.*<code>write<\/code>/s);
  });

  it('lose their tokens and the consent at once when access is removed', async () => {
    const { core } = account.edge;
    const [mine, elsewhere, bobs] = await Promise.all([
      account.grant(alice, { client: 'app', device: 'phone' }),
      account.grant(alice, { client: 'other' }),
      account.grant(bob, { client: 'app' }),
    ]);
    await core.consents.remember('u-alice', 'app', ['read']);
    const client = await account.signedIn();
    const page = await client.get('/account/applications');
    const removed = await client.submit(page, '/account/applications/remove', { client: 'app' });
    expect(removed.status).toBe(303);
    expect((await client.get(removed.location)).text).toContain('The app has no access any more.');
    expect(await worth(mine)).toBeUndefined();
    expect(await core.consents.covers('u-alice', 'app', ['read'])).toBe(false);
    expect(await worth(elsewhere)).toBeDefined();
    expect(await worth(bobs)).toBeDefined();
    expect(account.events).toContainEqual(
      expect.objectContaining({
        action: 'account.remove_application',
        actor: { kind: 'user', id: 'u-alice', name: 'alice' },
        via: 'account',
        target: { kind: 'client', id: 'app' },
        outcome: 'done',
        address: '127.0.0.1',
        requestId: expect.any(String),
      }),
    );
  });

  it('are told as gone when they had gone already', async () => {
    const client = await account.signedIn();
    await account.grant(alice);
    const page = await client.get('/account/applications');
    await client.submit(page, '/account/applications/remove', { client: 'app' });
    const again = await client.submit(page, '/account/applications/remove', { client: 'app' });
    expect((await client.get(again.location)).text).toContain('There was nothing to end');
  });
});

describe('browsers', () => {
  const CHROME =
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36';
  const PHONE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile/15E148 Safari/604.1';

  it('are listed by what they call themselves, this one marked, and can be signed out', async () => {
    const desk = await account.signedIn('alice', { 'user-agent': CHROME });
    const phone = await account.signedIn('alice', { 'user-agent': PHONE });
    const page = await desk.get('/account/sessions');
    expect(page.text).toMatch(/<bdi>Chrome on Linux<\/bdi> <span class="tag">This browser<\/span>/);
    expect(page.text).toContain('<bdi>Safari on iPhone</bdi>');
    expect(page.text).toContain('127.0.0.1');
    const session = hidden(page, 'session', 'Safari on iPhone');
    const ended = await desk.submit(page, '/account/sessions/end', { session });
    expect((await desk.get(ended.location)).text).toContain('That browser is signed out.');
    expect((await phone.get('/account')).text).toContain('name="password"');
    expect((await desk.get('/account')).text).toContain('Hello');
  });

  it('end this one too, and are signed out then', async () => {
    const client = await account.signedIn('alice', { 'user-agent': CHROME });
    const page = await client.get('/account/sessions');
    const session = hidden(page, 'session', 'This browser');
    expect((await client.submit(page, '/account/sessions/end', { session })).location).toBe('/account/signed-out');
    expect(client.cookies.has('gatehouse_session')).toBe(false);
  });
});

describe('devices', () => {
  it('lose one sign-in, or all of a device', async () => {
    const client = await account.signedIn();
    const [phone, tablet, second] = [
      await account.grant(alice, { device: 'phone' }),
      await account.grant(alice, { device: 'tablet' }),
      await account.grant(alice, { device: 'tablet', client: 'other' }),
    ];
    const page = await client.get('/account/sessions');
    const grant = hidden(page, 'grant', '<bdi>phone</bdi>');
    const ended = await client.submit(page, '/account/devices/end', { grant });
    expect((await client.get(ended.location)).text).toContain('That sign-in has ended.');
    expect(await worth(phone)).toBeUndefined();
    expect(await worth(tablet)).toBeDefined();

    const { csrf = '' } = page.form('/account/devices/end') ?? {};
    await client.post('/account/devices/end', { csrf, device: 'tablet' });
    expect([await worth(tablet), await worth(second)]).toEqual([undefined, undefined]);
  });

  it('all end with "Sign out everywhere", and personal tokens only if that is asked for', async () => {
    const token = await account.grant(alice, { client: 'personal-access-token', device: 'backup' });
    for (const tokens of ['no', 'yes']) {
      const [client, other] = [await account.signedIn(), await account.signedIn()];
      const app = await account.grant(alice);
      const page = await client.get('/account/sign-out-everywhere');
      expect(page.text).toContain('Revoke my personal token too');
      const left = await client.submit(page, '/account/sign-out-everywhere', { tokens });
      expect(left.location).toBe('/account/signed-out');
      expect((await other.get('/account')).text).toContain('name="password"');
      expect(await worth(app)).toBeUndefined();
      expect((await worth(token)) !== undefined).toBe(tokens === 'no');
    }
    expect(account.events).toContainEqual(
      expect.objectContaining({
        action: 'account.sign_out_everywhere',
        detail: { sessions: 2, grants: 2, tokens: true },
      }),
    );
  });

  it('end by the hundred, and more than one page of them', async () => {
    const tokens = await Promise.all(Array.from({ length: 1_100 }, () => account.grant(alice)));
    const client = await account.signedIn();
    await client.submit(await client.get('/account/sign-out-everywhere'), '/account/sign-out-everywhere', {});
    const left = await Promise.all(tokens.map(worth));
    expect(left.filter((record) => record !== undefined)).toEqual([]);
  });
});

describe('the overview', () => {
  it('counts what there is', async () => {
    await account.grant(alice, { device: 'phone' });
    const { text } = await (await account.signedIn()).get('/account');
    expect(text).toContain('1 app has access');
    expect(text).toContain('1 browser and 1 named device are signed in.');
    expect(text).toContain('No tokens for your own scripts');
  });
});
