import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBrowser, type TestBrowser } from '../support/browser.ts';
import { type CallbackServer, startCallbackServer } from '../support/callback_server.ts';
import { type HouseInTime, startHouseInTime } from '../support/house_in_time.ts';
import { call, post } from '../support/token_client.ts';

/** "Authentication workflow": the dialog at GET /1/authorize in a real browser, without JavaScript and without PKCE. */

let house: HouseInTime;
let browser: TestBrowser;
let callback: CallbackServer;
beforeAll(async () => {
  house = await startHouseInTime('config/roambi.yaml');
  browser = await startBrowser({ javaScriptEnabled: false });
  callback = await startCallbackServer();
});
afterAll(async () => {
  await browser.close();
  await callback.close();
  await house.close();
});

/** Up to the page that asks: allow or deny. */
async function signIn(): Promise<Page> {
  await browser.context.clearCookies();
  const page = await browser.context.newPage();
  const query = { client_id: 'demo-app', redirect_uri: callback.redirectUri, response_type: 'code', state: 'a b' };
  await page.goto(`${house.url}/1/authorize?${new URLSearchParams(query)}`);
  await page.getByLabel('Username').fill('alice');
  await page.getByLabel('Password').fill('wonderland');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('heading', { name: 'Allow Demo App to act for you?' }).waitFor();
  return page;
}

describe('the dialog', () => {
  it('shows who asks for what; denying leads back without a code', async () => {
    const page = await signIn();
    expect(await page.getByRole('listitem').allTextContents()).toEqual(['demo:read', 'demo:write']);
    await page.getByRole('button', { name: 'Deny' }).click();
    const back = await callback.next();
    expect([back.searchParams.get('error'), back.searchParams.get('state')]).toEqual(['access_denied', 'a b']);
    expect(back.searchParams.has('code')).toBe(false);
    await page.close();
  });

  it('allowing leads back with a temporary code, which becomes tokens', async () => {
    const page = await signIn();
    await page.getByRole('button', { name: 'Allow' }).click();
    const back = await callback.next();
    expect(back.searchParams.get('state')).toBe('a b');
    const code = back.searchParams.get('code') ?? '';
    expect(code).toMatch(/^[\w-]{40}$/);
    const form = { client_id: 'demo-app', client_secret: 'demo-secret', redirect_uri: callback.redirectUri, code };
    const answer = await post(`${house.url}/1/token`, form, null);
    const { access_token } = (await answer.json()) as { access_token: string };
    expect(access_token).toMatch(/^1\//);
    expect((await call(house.url, access_token)).status).toBe(200);
    await page.close();
  });

  it('keeps whoever is sent to a stranger’s address here', async () => {
    const page = await browser.context.newPage();
    const query = { client_id: 'demo-app', redirect_uri: 'https://evil.example/callback', response_type: 'code' };
    const answer = await page.goto(`${house.url}/1/authorize?${new URLSearchParams(query)}`);
    expect(answer?.status()).toBe(400);
    expect(page.url()).toContain(house.url);
    expect(await page.textContent('body')).toContain('redirect_url_mismatch');
    await page.close();
  });
});
