import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { PageClient } from '../http/page_client.ts';
import { expectAccessible } from '../support/accessibility.ts';
import { startBrowser, type TestBrowser } from '../support/browser.ts';
import { demoConfig } from '../support/demo_config.ts';
import { type GatehouseProcess, startGatehouse } from '../support/gatehouse_process.ts';
import { screenshot } from '../support/screenshot.ts';

/** An operator in front of the console of the demo configuration, in Chromium. */
let gate: GatehouseProcess;
let browser: TestBrowser;
let page: Page;
const troubles: string[] = [];

// Each goes on where the one before ended, so that none may be given up for a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

beforeAll(async () => {
  const admin = 'admin: { host: 127.0.0.1, port: 0, terms_url: https://www.example.com/terms }';
  const config = await demoConfig('{ type: embedded, path: ./g.db }');
  [gate, browser] = await Promise.all([
    startGatehouse(config.replace('admin: { host: 127.0.0.1, port: 0 }', admin)),
    startBrowser(),
  ]);
  page = browser.context.pages()[0] ?? (await browser.context.newPage());
  page.setDefaultTimeout(20_000);
  page.on('pageerror', ({ message }) => troubles.push(message));
  page.on('console', (said) => said.text().includes('Content Security Policy') && troubles.push(said.text()));
  await page.setViewportSize({ width: 1280, height: 800 });
});
afterAll(async () => {
  await browser?.close();
  await gate?.stop();
});

const heading = () => page.getByRole('heading', { level: 1 });
const press = (name: string) => page.getByRole('button', { name, exact: true }).click();
const follow = (name: string) => page.getByRole('link', { name, exact: true }).click();
const tab = (name: string) =>
  page.getByRole('navigation', { name: 'Console' }).getByRole('link', { name, exact: true }).click();
const told = () => page.getByRole('status').textContent();
const fact = (name: string) =>
  page
    .locator('dt', { hasText: new RegExp(`^${name}$`) })
    .first()
    .locator('+ dd');
const go = (path: string) => page.goto(gate.admin + path);

async function token(fields: Record<string, string>, client = 'demo-app:demo-secret') {
  const answer = await fetch(`${gate.url}/oauth2/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(client)}` },
    body: new URLSearchParams(fields),
  });
  const body = (await answer.json()) as { access_token?: string; error?: string };
  return { status: answer.status, token: body.access_token ?? '', error: body.error };
}
const forAlice = () => token({ grant_type: 'password', username: 'alice', password: 'wonderland', scope: 'demo:read' });
const use = async (value: string) =>
  (await fetch(`${gate.url}/demo/x`, { headers: { authorization: `Bearer ${value}` } })).status;
const ends = (value: string) => expect.poll(() => use(value), { timeout: 20_000 }).toBe(401);

describe('the way in', () => {
  it('asks again after a wrong password, keeps the name, and leads to what was asked for', async () => {
    await go('/clients');
    await expectAccessible(page);
    await screenshot(page, 'console/sign_in');
    await page.getByLabel('Username').fill('admin');
    await page.getByLabel('Password').fill('wrong');
    await press('Sign in');
    expect(await page.getByRole('alert').textContent()).toContain('Wrong username or password');
    expect(await page.getByLabel('Username').inputValue()).toBe('admin');
    expect(await page.getByLabel('Password').inputValue()).toBe('');
    await expect.poll(() => page.evaluate('document.activeElement.id')).toBe('password');
    await expectAccessible(page);
    await page.keyboard.type('looking-glass');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/clients');
    expect(await page.getByRole('navigation', { name: 'Console' }).textContent()).toContain('admin');
  });
});

describe('API Clients', () => {
  let key = '';
  let secret = '';

  it('registers one as the original API’s users knew it: tab, button, name and description, terms, Done', async () => {
    await tab('API Clients');
    expect(await heading().textContent()).toBe('API Clients');
    await follow('Create a New API Client');
    await page.getByLabel('Name', { exact: true }).fill('Orders & Co');
    await page.getByLabel('Description').fill('Shows <b>orders</b>');
    const done = page.getByRole('button', { name: 'Done' });
    expect(await done.isDisabled()).toBe(true);
    expect(await page.getByRole('link', { name: 'terms of use' }).getAttribute('href')).toBe(
      'https://www.example.com/terms',
    );
    await page.getByLabel('I have read and agreed to the terms of use').check();
    expect(await done.isEnabled()).toBe(true);
    await screenshot(page, 'console/client_create');
    await expectAccessible(page);
    await done.click();
    await page.getByText('Copy the consumer secret now.').waitFor();
    await expectAccessible(page);
    key = (await fact('Consumer Key').locator('code').textContent()) ?? '';
    secret = (await fact('Consumer Secret').locator('code').textContent()) ?? '';
    await browser.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.getByRole('button', { name: 'Copy the consumer secret' }).click();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(secret);
    expect(await token({ grant_type: 'client_credentials' }, `${key}:${secret}`)).toMatchObject({ status: 200 });
  });

  it('lists it, finds it, and shows everything but the secret', async () => {
    await tab('API Clients');
    await page.getByLabel('Find a client').fill('ord');
    await press('Search');
    await page.waitForURL('**/clients?search=ord');
    expect(await page.getByRole('rowheader').allTextContents()).toEqual([`Orders & Co${key}`]);
    await expectAccessible(page);
    await follow('Orders & Co');
    expect(await heading().textContent()).toBe('Orders & Co');
    expect(await page.getByText('Shows <b>orders</b>').isVisible()).toBe(true);
    expect(await fact('Consumer Key').locator('code').textContent()).toBe(key);
    expect(await page.content()).not.toContain(secret);
    expect(await fact('Grants').textContent()).toBe('client_credentials');
    await expectAccessible(page);
  });

  it('changes it: what is not right is said beside its field, and nothing typed is lost', async () => {
    await follow('Edit');
    await page.getByLabel('Name', { exact: true }).fill('Orders');
    await page.getByLabel('authorization_code').check();
    await page.getByLabel('Redirect URIs').fill('https://orders.example.com/callback\nhttp://orders.example.com/');
    await page.getByLabel('Scopes').fill('demo:read\ndemo:write');
    await press('Save');
    expect(await page.getByRole('alert').textContent()).toContain('Some fields are not right yet.');
    const uris = page.getByLabel('Redirect URIs');
    expect(await uris.getAttribute('aria-invalid')).toBe('true');
    expect(await page.locator('#redirect_uris-wrong').textContent()).toContain('Line 2');
    await expect.poll(() => page.evaluate('document.activeElement.id')).toBe('redirect_uris');
    expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('Orders');
    expect(await page.getByLabel('Scopes').inputValue()).toBe('demo:read\ndemo:write');
    await screenshot(page, 'console/client_edit', { onlyLook: true });
    await expectAccessible(page);
    await uris.fill('https://orders.example.com/callback');
    await press('Save');
    expect(await told()).toContain('saved');
    expect(await fact('Redirect URIs').textContent()).toBe('https://orders.example.com/callback');
    await page.reload();
    expect(await page.getByRole('status').count()).toBe(0);
  });

  it('rotates the secret with an overlap, and ends the overlap', async () => {
    const works = async (value: string) =>
      (await token({ grant_type: 'client_credentials' }, `${key}:${value}`)).status === 200;
    await follow('Rotate secret');
    await page.getByLabel('The previous secret goes on working').selectOption('1h');
    await expectAccessible(page);
    await press('Rotate secret');
    const next = (await fact('Consumer Secret').locator('code').textContent()) ?? '';
    expect(next).not.toBe(secret);
    expect([await works(secret), await works(next)]).toEqual([true, true]);
    await follow('Go on to the client');
    await screenshot(page, 'console/client');
    await press('End the previous one now');
    expect(await told()).toContain('stopped working');
    expect([await works(secret), await works(next)]).toEqual([false, true]);
    secret = next;
  });

  it('disables it, which ends what it holds, and enables it again', async () => {
    const held = await token({ grant_type: 'client_credentials', scope: 'demo:read' }, `${key}:${secret}`);
    expect(await use(held.token)).toBe(200);
    await follow('Disable');
    await expectAccessible(page);
    await press('Disable');
    expect(await told()).toContain('disabled');
    await ends(held.token);
    expect((await token({ grant_type: 'client_credentials' }, `${key}:${secret}`)).status).not.toBe(200);
    await press('Enable');
    expect((await token({ grant_type: 'client_credentials' }, `${key}:${secret}`)).status).toBe(200);
  });

  it('deletes it for whoever types its name', async () => {
    await follow('Delete');
    await page.getByLabel('Type Orders to confirm').fill('orders');
    await press('Delete this client');
    expect(await page.getByLabel('Type Orders to confirm').getAttribute('aria-invalid')).toBe('true');
    await expectAccessible(page);
    await page.getByLabel('Type Orders to confirm').fill('Orders');
    await press('Delete this client');
    expect(await told()).toContain('deleted');
    expect(await page.getByRole('link', { name: 'Orders' }).count()).toBe(0);
  });

  it('shows those of the configuration file without buttons', async () => {
    await follow('Demo App');
    expect(await page.getByText('in the configuration file').first().isVisible()).toBe(true);
    expect(await page.getByRole('link', { name: 'Edit' }).count()).toBe(0);
    expect(await page.getByRole('link', { name: 'Rotate secret' }).count()).toBe(0);
  });
});

describe('Users', () => {
  const forBob = (password: string) => token({ grant_type: 'password', username: 'bob', password });

  it('creates one', async () => {
    await tab('Users');
    await follow('Create a user');
    await page.getByLabel('Username').fill('bob');
    await page.getByLabel('Name', { exact: true }).fill('Bob Builder');
    await page.getByLabel('Phone number').fill('555');
    await page.getByLabel('auditor').check();
    await page.getByLabel('Password').fill('a long enough password');
    await press('Create user');
    expect(await page.getByLabel('Phone number').getAttribute('aria-invalid')).toBe('true');
    expect(await page.getByLabel('Username').inputValue()).toBe('bob');
    expect(await page.getByLabel('auditor').isChecked()).toBe(true);
    expect(await page.getByLabel('Password').inputValue()).toBe('');
    await expectAccessible(page);
    await page.getByLabel('Phone number').fill('+15550123');
    await page.getByLabel('Password').fill('a long enough password');
    await press('Create user');
    expect(await told()).toContain('created');
    expect(await heading().textContent()).toBe('Bob Builder');
    expect((await forBob('a long enough password')).status).toBe(200);
  });

  it('finds, changes, and gives a new password', async () => {
    await tab('Users');
    await page.getByLabel('Find a user').fill('builder');
    await press('Search');
    await page.waitForURL('**/users?search=builder');
    await expectAccessible(page);
    await follow('bob');
    await follow('Edit');
    await page.getByLabel('E-mail address').fill('bob@example.com');
    await page.getByLabel('auditor').uncheck();
    await page.getByLabel('Further roles').fill('builder');
    await expectAccessible(page);
    await press('Save');
    expect(await fact('E-mail address').textContent()).toBe('bob@example.com');
    expect(await fact('Roles').textContent()).toBe('builder');
    await follow('Set password');
    await page.getByLabel('Password').fill('another long password');
    await expectAccessible(page);
    await press('Set password');
    expect(await told()).toContain('password is set');
    expect((await forBob('a long enough password')).status).not.toBe(200);
    expect((await forBob('another long password')).status).toBe(200);
  });

  it('locks and unlocks', async () => {
    const held = (await forBob('another long password')).token;
    await follow('Lock');
    await expectAccessible(page);
    await press('Lock');
    expect(await page.locator('.heading').textContent()).toContain('locked');
    await ends(held);
    expect((await forBob('another long password')).status).not.toBe(200);
    await press('Unlock');
    expect((await forBob('another long password')).status).toBe(200);
  });

  it('shows consents and sessions, and ends them', async () => {
    const app = new PageClient(gate.url, { 'user-agent': 'Mozilla/5.0 (a browser of Alice)' });
    const request = new URLSearchParams({
      ...{ response_type: 'code', client_id: 'demo-app', redirect_uri: 'http://127.0.0.1:3000/callback' },
      ...{
        scope: 'demo:read',
        code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
        code_challenge_method: 'S256',
      },
    });
    const signIn = () => app.signIn(`/oauth2/authorize?${request}`, 'alice', 'wonderland', 'allow');
    expect((await signIn()).location).toContain('code=');
    await go('/users/details?id=u-alice');
    await expectAccessible(page);
    expect(await page.getByText('Mozilla/5.0 (a browser of Alice)').count()).toBe(1);
    await screenshot(page, 'console/user');
    await page.getByRole('button', { name: /^End the session of / }).click();
    expect(await told()).toContain('session has ended');
    expect((await app.get(`/oauth2/authorize?${request}`)).form('/oauth2/sign-in')).toBeDefined();
    await page.getByRole('button', { name: 'Withdraw the consent to Demo App' }).click();
    expect(await told()).toContain('withdrawn');
    const again = await app.get(`/oauth2/authorize?${request}`);
    const signedIn = await app.submit(again, '/oauth2/sign-in', { username: 'alice', password: 'wonderland' });
    expect((await app.get(signedIn.location)).form('/oauth2/consent')).toBeDefined();
  });

  it('signs somebody out everywhere', async () => {
    const held = (await forAlice()).token;
    expect(await use(held)).toBe(200);
    await go('/users/details?id=u-alice');
    await follow('Sign out everywhere');
    await expectAccessible(page);
    await press('Sign out everywhere');
    expect(await told()).toContain('signed out everywhere');
    await ends(held);
    expect(await page.getByText('This user is signed in with no browser.').isVisible()).toBe(true);
  });

  it('deletes one', async () => {
    await go('/users?search=bob');
    await follow('bob');
    await follow('Delete');
    await page.getByLabel('Type bob to confirm').fill('bob');
    await press('Delete this user');
    expect(await told()).toContain('deleted');
    expect((await forBob('another long password')).status).not.toBe(200);
  });
});

describe('Tokens and sessions', () => {
  it('finds grants by the name of a user, and ends one', async () => {
    const [one, other] = [(await forAlice()).token, (await forAlice()).token];
    await tab('Tokens and sessions');
    await expectAccessible(page);
    await page.getByLabel('User', { exact: true }).fill('alice');
    await press('Find');
    expect(await page.getByRole('row').count()).toBe(3);
    await expectAccessible(page);
    await screenshot(page, 'console/tokens');
    await page.getByRole('rowheader').first().getByRole('link').click();
    expect(await fact('Scopes').textContent()).toBe('demo:read');
    expect(await fact('Live access tokens').textContent()).toBe('1');
    await expectAccessible(page);
    await press('End this grant');
    expect(await told()).toContain('have ended');
    await expect.poll(async () => [await use(one), await use(other)].sort()).toEqual([200, 401]);
    expect(await page.getByRole('row').count()).toBe(2);
    await follow('End all of these');
    await expectAccessible(page);
    await press('End these grants');
    await ends(one);
    await ends(other);
    expect(await page.getByText('There are no grants like this.').isVisible()).toBe(true);
  });

  it('tells what a token stands for without showing it, and revokes it', async () => {
    const held = (await forAlice()).token;
    await go('/tokens');
    await page.getByLabel('Token', { exact: true }).fill(held);
    await press('Inspect');
    expect(await page.getByRole('heading', { name: 'Access token' }).isVisible()).toBe(true);
    expect(await fact('User').textContent()).toContain('alice');
    expect(page.url()).not.toContain(held);
    expect(await page.content()).not.toContain(held);
    await expectAccessible(page);
    await page.getByLabel('Token', { exact: true }).fill(held);
    await press('Revoke this token');
    expect(await told()).toContain('The token has ended.');
    await ends(held);
    await page.getByLabel('Token', { exact: true }).fill(held);
    await press('Inspect');
    expect(await page.getByText('It is good for nothing.').isVisible()).toBe(true);
  });

  it('says that a device needs a user or a client beside it', async () => {
    await go('/tokens?device=phone');
    expect(await page.getByRole('alert').textContent()).not.toBe('');
    expect(await page.getByLabel('Device').inputValue()).toBe('phone');
  });
});

describe('every size and light', () => {
  it('serves a phone, where the pane is a drawer and rows are cards, and by keyboard alone', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await go('/clients');
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    await screenshot(page, 'console/phone');
    await expectAccessible(page);
    const pane = page.getByRole('navigation', { name: 'Console' });
    expect(await pane.isVisible()).toBe(false);
    await page.keyboard.press('Tab');
    await expect.poll(() => page.evaluate('document.activeElement.textContent')).toBe('Skip to the content');
    await page.getByRole('button', { name: 'Menu' }).focus();
    await page.keyboard.press('Enter');
    expect(await pane.isVisible()).toBe(true);
    await expectAccessible(page);
    await page.keyboard.press('Escape');
    expect(await pane.isVisible()).toBe(false);
    await press('Menu');
    await pane.getByRole('link', { name: 'Users' }).click();
    await page.waitForURL('**/users');
    for (const path of ['/users/details?id=u-alice', '/clients/create', '/tokens?user=u-alice']) {
      await go(path);
      expect(await page.evaluate('document.documentElement.scrollWidth'), path).toBe(390);
      await expectAccessible(page);
    }
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  it('has enough contrast in the dark', async () => {
    await page.emulateMedia({ colorScheme: 'dark' });
    for (const path of ['/clients/details?id=demo-app', '/clients/create', '/users/details?id=u-alice']) {
      await go(path);
      await expectAccessible(page);
    }
    await screenshot(page, 'console/dark');
    await page.emulateMedia({ colorScheme: 'light' });
  });

  it('shows what is not there, and signs out', async () => {
    await go('/clients/details?id=nobody');
    expect(await heading().textContent()).toBe('Not found');
    await expectAccessible(page);
    await press('Sign out');
    await page.waitForURL('**/sign-in');
    await go('/users');
    expect(new URL(page.url()).pathname).toBe('/sign-in');
  });

  it('has run without an error, and without anything that the security policy refused', () => {
    expect(troubles).toEqual([]);
  });
});
