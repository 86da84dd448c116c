import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newPkce } from '../oauth/core_under_test.ts';
import { startBrowser, type TestBrowser } from '../support/browser.ts';
import { type CallbackServer, startCallbackServer } from '../support/callback_server.ts';
import { type GatehouseProcess, startGatehouse } from '../support/gatehouse_process.ts';
import { outsideConfig } from '../support/outside_config.ts';
import { type OutsideProvider, startOutsideProvider } from '../support/outside_provider.ts';

/** Three servers and a browser without JavaScript: the app, Gatehouse, and the provider where the user has an account. */
let corp: OutsideProvider;
let shop: OutsideProvider;
let gatehouse: GatehouseProcess;
let app: CallbackServer;
let browser: TestBrowser;

beforeAll(async () => {
  [corp, shop, app, browser] = await Promise.all([
    startOutsideProvider(),
    startOutsideProvider(),
    startCallbackServer(),
    startBrowser({ javaScriptEnabled: false }),
  ]);
  gatehouse = await startGatehouse(await outsideConfig({ corp, shop }));
});
afterAll(async () => {
  await Promise.all([browser.close(), gatehouse.stop()]);
  await Promise.all([corp.close(), shop.close(), app.close()]);
});

/** @param client of the public one no consent is remembered, so that its pages are all seen each time. */
async function open(client: 'app' | 'page', verifier = newPkce()): Promise<{ page: Page; complaints: string[] }> {
  await browser.context.clearCookies();
  const page = await browser.context.newPage();
  page.setDefaultTimeout(5_000);
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  const parameters = { response_type: 'code', client_id: client, redirect_uri: app.redirectUri, scope: 'read' };
  await page.goto(`${gatehouse.url}/oauth2/authorize?${new URLSearchParams({ ...parameters, ...verifier.query })}`);
  return { page, complaints };
}

async function signInAtProvider(page: Page): Promise<void> {
  await page.locator('input[name=login]').fill('bob');
  await page.locator('input[name=password]').fill('anything');
  await page.locator('button[type=submit]').click();
  await page.getByRole('button', { name: 'Continue' }).click();
}

describe('in Chromium', () => {
  it('a user signs in at the company, allows, and the app calls the API in their name', async () => {
    const pkce = newPkce();
    const { page, complaints } = await open('app', pkce);
    await page.getByRole('button', { name: 'Continue with Example Corp' }).click();
    expect(new URL(page.url()).origin).toBe(corp.issuer);
    await signInAtProvider(page);

    await page.getByRole('heading', { name: 'Allow The App to act for you?' }).waitFor();
    expect(await page.getByText('Bob Builder').isVisible()).toBe(true);
    await page.getByRole('button', { name: 'Allow' }).click();
    const back = await app.next();
    expect(complaints.filter((text) => text.includes('Content Security Policy'))).toEqual([]);

    const response = await fetch(`${gatehouse.url}/oauth2/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code: back.searchParams.get('code') ?? '',
        redirect_uri: app.redirectUri,
        code_verifier: pkce.verifier,
        client_id: 'app',
        client_secret: 'of-the-app',
      }),
    });
    const { access_token: token, refresh_token: refresh } = (await response.json()) as Record<string, string>;
    const headers = { authorization: `Bearer ${token}` };
    const seen = (await (await fetch(`${gatehouse.url}/staff/hello`, { headers })).json()) as { headers: object };
    expect(seen.headers).toMatchObject({ 'x-user-id': 'corp|bob', 'x-user-name': 'Bob Builder' });
    expect(refresh).toMatch(/^ghr_/);
    await page.close();
  });

  it('whoever is signed in at the company already comes back at once, through the pages’ security policy', async () => {
    const { page, complaints } = await open('page');
    await page.getByRole('button', { name: 'Continue with Example Corp' }).click();
    await signInAtProvider(page);
    await page.getByRole('button', { name: 'Not you?' }).click();
    await page.getByRole('button', { name: 'Continue with Example Corp' }).click();
    await page.getByRole('heading', { name: 'Allow A Page to act for you?' }).waitFor();
    expect(complaints.filter((text) => text.includes('Content Security Policy'))).toEqual([]);
    await page.close();
  });

  it('"Cancel" and "Back" leave the other ways to sign in', async () => {
    const { page } = await open('page');
    await page.getByRole('button', { name: 'Continue with Example Corp' }).click();
    await page.getByRole('link', { name: /cancel/i }).click();
    expect(await page.getByRole('alert').textContent()).toContain('not signed in with Example Corp');
    await page.getByRole('button', { name: 'Continue with Sign-in of shop' }).click();
    // Chromium cannot go back while it still moves the page to another process.
    await page.locator('input[name=login]').waitFor();
    expect(new URL(page.url()).origin).toBe(shop.issuer);
    await page.goBack();
    await page.getByLabel('Username').fill('alice');
    await page.getByLabel('Password').fill('wonderland');
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByRole('heading', { name: 'Allow A Page to act for you?' }).waitFor();
    await page.close();
  });

  it('a company that goes down in the middle is a page that says so; loaded again later, it goes on', async () => {
    const { page } = await open('page');
    await page.getByRole('button', { name: 'Continue with Example Corp' }).click();
    await page.locator('input[name=login]').fill('bob');
    await page.locator('input[name=password]').fill('anything');
    await page.locator('button[type=submit]').click();
    corp.failTokens(true);
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('heading', { name: 'Try again in a moment' }).waitFor();
    corp.failTokens(false);
    await page.reload();
    await page.getByRole('heading', { name: 'Allow A Page to act for you?' }).waitFor();
    await page.close();
  });
});
