import { describe, expect, it, onTestFinished } from 'vitest';
import { type AccountOptions, authorizeUrl, signIn, startAccount } from './account_under_test.ts';

async function start(options: AccountOptions = {}) {
  const account = await startAccount(options);
  onTestFinished(() => account.edge.drain());
  return account;
}

describe('signing in to the account', () => {
  it('goes through the same page as for an app, and ends at the page that was asked for', async () => {
    const { browser } = await start();
    const client = browser();
    const asked = await client.get('/account/sessions');
    expect(asked.status).toBe(200);
    expect(asked.text).toContain('to see your account');
    const page = await signIn(client, 'alice', '/account/sessions');
    expect(page.status).toBe(200);
    expect(page.text).toContain('<h1>Devices and sessions</h1>');
    expect(page.text).toContain('Alice Liddell');
  });

  it('is not needed after signing in for an app, and the other way round', async () => {
    const { browser, signedIn } = await start();
    const first = browser();
    await first.signIn(authorizeUrl(), 'alice', 'wonderland', 'allow');
    expect((await first.get('/account')).text).toContain('Hello, <bdi>Alice Liddell</bdi>');
    const second = await signedIn();
    expect((await second.get(authorizeUrl())).text).not.toContain('name="password"');
  });

  it('says what was wrong and keeps the name', async () => {
    const { browser } = await start();
    const page = await signIn(browser(), 'alice', '/account', 'hunter22');
    expect(page.status).toBe(422);
    expect(page.text).toContain('role="alert"');
    expect(page.text).toContain('value="alice"');
    expect(page.text).not.toContain('hunter22');
  });

  it('is over with the button, for this browser alone', async () => {
    const { signedIn } = await start();
    const [one, other] = [await signedIn(), await signedIn()];
    const left = await one.submit(await one.get('/account'), '/account/sign-out', {});
    expect(left.location).toBe('/account/signed-out');
    expect((await one.get(left.location)).text).toContain('You are signed out');
    expect((await one.get('/account')).text).toContain('name="password"');
    expect((await other.get('/account')).text).toContain('Hello');
  });

  it('is over for whoever is disabled or gone', async () => {
    const { edge, signedIn } = await start();
    const client = await signedIn();
    await edge.core.users.remove('u-alice');
    expect((await client.get('/account')).text).toContain('name="password"');
  });

  it('leads to the account again from an error', async () => {
    const { browser } = await start();
    const page = await browser().get('/account/resume?interaction=ghi_nothing-of-that-name-1234567890123456');
    expect(page.status).toBe(400);
    expect(page.text).toContain('<a href="/account">Go to your account</a>');
  });
});
