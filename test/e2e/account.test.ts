import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashPassword } from '../../src/connections/password_hash.ts';
import { systemClock } from '../../src/model/clock.ts';
import { createUsers } from '../../src/registry/users.ts';
import { embedded } from '../../src/stores/embedded.ts';
import { expectAccessible } from '../support/accessibility.ts';
import { startBrowser, type TestBrowser } from '../support/browser.ts';
import { demoConfig } from '../support/demo_config.ts';
import { type GatehouseProcess, startGatehouse } from '../support/gatehouse_process.ts';
import { outsideConfig } from '../support/outside_config.ts';
import { startOutsideProvider } from '../support/outside_provider.ts';
import { screenshot } from '../support/screenshot.ts';

/** A gateway as it is shipped, and a person at a phone or a desk. The pages have no scripts; the test needs some to look at them. */
let gatehouse: GatehouseProcess;
let browser: TestBrowser;
let folder: string;

const PASSWORD = 'curiouser and curiouser';
const NEXT = 'six impossible things';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-account-'));
  const path = join(folder, 'gatehouse.db');
  const backend = await embedded.create({ path }, { clock: systemClock, directory: '.', report: () => {} });
  const users = createUsers({ configured: [], documents: backend.documents, clock: systemClock });
  await users.add({
    ...{ id: 'u-carol', connection: 'users', username: 'carol', name: 'Carol Danvers', email: 'carol@example.com' },
    passwordHash: await hashPassword(PASSWORD),
  });
  await backend.close();
  [gatehouse, browser] = await Promise.all([
    startGatehouse(await demoConfig(`{ type: embedded, path: ${path} }`)),
    startBrowser(),
  ]);
}, 60_000);
afterAll(async () => {
  await Promise.all([browser.close(), gatehouse.stop()]);
  await rm(folder, { recursive: true, force: true });
});

const DESK = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };

async function open(path: string, viewport = DESK): Promise<Page> {
  const page = await browser.context.newPage();
  page.setDefaultTimeout(5_000);
  await page.setViewportSize(viewport);
  await page.goto(gatehouse.url + path);
  return page;
}

async function signIn(page: Page, password = PASSWORD): Promise<void> {
  await page.getByLabel('Username').fill('carol');
  await page.getByLabel('Password').fill(password);
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Sign out', exact: true }).waitFor();
}

/** What the password grant gives an app. */
async function tokenOfApp(password = PASSWORD): Promise<string> {
  const response = await fetch(`${gatehouse.url}/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams({
      ...{ grant_type: 'password', client_id: 'demo-app', client_secret: 'demo-secret' },
      ...{ username: 'carol', password, scope: 'demo:read demo:write' },
    }),
  });
  return ((await response.json()) as { access_token: string }).access_token;
}

const call = (token: string) => fetch(`${gatehouse.url}/demo/hello`, { headers: { authorization: `Bearer ${token}` } });

describe('a user at /account', () => {
  it('signs in, sees what there is, and takes access away from an app', async () => {
    const token = await tokenOfApp();
    expect((await call(token)).status).toBe(200);
    await browser.context.clearCookies();
    const page = await open('/account');
    await expectAccessible(page);
    await signIn(page);
    await page.getByRole('heading', { name: 'Hello, Carol Danvers' }).waitFor();
    await expectAccessible(page);
    await screenshot(page, 'account/overview');

    await page.getByRole('link', { name: 'Apps', exact: true }).click();
    await page.getByText('Demo App').waitFor();
    await expectAccessible(page);
    await screenshot(page, 'account/apps');
    await page.getByText('Remove access', { exact: true }).first().click();
    await page.getByRole('button', { name: 'Remove access of Demo App now' }).click();
    await page.getByText('The app has no access any more.').waitFor();
    expect((await call(token)).status).toBe(401);
    await page.close();
  });

  it('makes a token on a phone, calls the API with it, and revokes it', async () => {
    await browser.context.clearCookies();
    const page = await open('/account/tokens', PHONE);
    await signIn(page);
    await page.getByRole('link', { name: 'Make a new token' }).click();
    await page.getByLabel('Name').fill('nightly backup');
    await page.getByRole('button', { name: 'Make token' }).click();
    await page.getByRole('alert').waitFor();
    expect(await page.getByLabel('Name').inputValue()).toBe('nightly backup');
    expect(await page.locator(':focus').getAttribute('id')).toBe('scopes');
    await expectAccessible(page);
    await screenshot(page, 'account/new-token-phone');
    await page.getByLabel('demo:read').check();
    await page.getByLabel('How long it lives').selectOption({ label: '30 days' });
    await page.getByRole('button', { name: 'Make token' }).click();
    const token = (await page.getByLabel('The token').textContent()) ?? '';
    await expectAccessible(page);

    const seen = (await (await call(token)).json()) as { headers: Record<string, string> };
    expect(seen.headers).toMatchObject({
      'x-client-id': 'personal-access-token',
      'x-user-id': 'u-carol',
      'x-token-scopes': 'demo:read',
    });
    await page.getByRole('link', { name: 'I have copied it' }).click();
    await expectAccessible(page);
    await screenshot(page, 'account/tokens-phone');
    await page.getByText('Revoke', { exact: true }).first().click();
    await page.getByRole('button', { name: 'Revoke nightly backup now' }).click();
    await page.getByText('The token is revoked.').waitFor();
    expect((await call(token)).status).toBe(401);
    await page.close();
  });

  it('changes the password, and signs out everywhere, in the dark', async () => {
    await browser.context.clearCookies();
    const page = await open('/account/password');
    await page.emulateMedia({ colorScheme: 'dark' });
    await signIn(page);
    await page.getByLabel('Current password').fill('not the password');
    await page.getByLabel('New password', { exact: true }).fill(NEXT);
    await page.getByLabel('New password again').fill(NEXT);
    await page.getByRole('button', { name: 'Change password' }).click();
    await page.getByRole('alert').waitFor();
    expect(await page.locator(':focus').getAttribute('id')).toBe('current');
    await expectAccessible(page);
    await screenshot(page, 'account/password-dark');
    await page.getByLabel('Current password').fill(PASSWORD);
    await page.getByLabel('New password', { exact: true }).fill(NEXT);
    await page.getByLabel('New password again').fill(NEXT);
    await page.getByRole('button', { name: 'Change password' }).click();
    await page.getByText('Your password is changed.').waitFor();

    const token = await tokenOfApp(NEXT);
    await page.getByRole('link', { name: 'Devices and sessions' }).click();
    await page.getByText('This browser').waitFor();
    await expectAccessible(page);
    await screenshot(page, 'account/sessions-dark');
    await page.getByRole('link', { name: 'Sign out everywhere' }).click();
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Sign out everywhere' }).click();
    await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
    await expectAccessible(page);
    expect((await call(token)).status).toBe(401);
    await page.close();
  });

  it('has no page that is wider than a phone', async () => {
    await tokenOfApp(NEXT);
    await browser.context.clearCookies();
    const page = await open('/account', PHONE);
    await signIn(page, NEXT);
    for (const path of [
      '',
      '/applications',
      '/sessions',
      '/tokens',
      '/tokens/new',
      '/password',
      '/sign-out-everywhere',
    ]) {
      await page.goto(`${gatehouse.url}/account${path}`);
      const width = await page.locator('html').evaluate((root) => root.scrollWidth);
      expect([path, width]).toEqual([path, PHONE.width]);
      await screenshot(page, `account/phone${path.replaceAll('/', '-')}`, { onlyLook: true });
    }
    await page.close();
  });
});

describe('a user of an outside provider', () => {
  it('signs in there, and is back at the page that was asked for', async () => {
    const [corp, shop] = await Promise.all([startOutsideProvider(), startOutsideProvider()]);
    const outside = await startGatehouse(await outsideConfig({ corp, shop }));
    await browser.context.clearCookies();
    const page = await open('/account');
    try {
      await page.goto(`${outside.url}/account/password`);
      await page.getByRole('button', { name: 'Continue with Example Corp' }).click();
      await page.locator('input[name=login]').fill('bob');
      await page.locator('input[name=password]').fill('anything');
      await page.locator('button[type=submit]').click();
      await page.getByRole('button', { name: 'Continue' }).click();
      await page.getByText('Signed in as Bob Builder').waitFor();
      expect(new URL(page.url()).pathname).toBe('/account/password');
      expect(await page.getByText('which keeps your password').isVisible()).toBe(true);
    } finally {
      await page.close();
      await Promise.all([outside.stop(), corp.close(), shop.close()]);
    }
  });
});
