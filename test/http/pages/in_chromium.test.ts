import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { app, newPkce, spa } from '../../oauth/core_under_test.ts';
import { startBrowser, type TestBrowser } from '../../support/browser.ts';
import { type CallbackServer, startCallbackServer } from '../../support/callback_server.ts';
import { type EdgeUnderTest, startEdge } from '../edge_under_test.ts';

/** A real browser with JavaScript switched off, whose console must stay empty: a blocked style or redirect would show there. */
let edge: EdgeUnderTest;
let browser: TestBrowser;
let callback: CallbackServer;

beforeAll(async () => {
  callback = await startCallbackServer();
  // Any loopback port is as good as the registered one (RFC 8252 §7.3).
  const client = {
    ...app,
    name: 'Demo app',
    redirectUris: ['http://127.0.0.1:1/callback'],
    scopes: ['demo:read', 'demo:write'],
  };
  edge = await startEdge({ clients: [client, { ...spa, redirectUris: ['http://127.0.0.1:1/callback'] }] });
  browser = await startBrowser({ javaScriptEnabled: false });
});
afterAll(async () => {
  await browser.close();
  await edge.drain();
  await callback.close();
});

const authorizeUrl = (change: Record<string, string> = {}) => {
  const parameters = {
    ...{
      response_type: 'code',
      client_id: 'app',
      redirect_uri: callback.redirectUri,
      scope: 'demo:read demo:write',
      state: 's',
    },
    ...newPkce().query,
    ...change,
  };
  return `${edge.url}/oauth2/authorize?${new URLSearchParams(parameters)}`;
};

async function open(): Promise<{ page: Page; complaints: string[] }> {
  await browser.context.clearCookies();
  const page = await browser.context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  return { page, complaints };
}

const focused = (page: Page) => page.locator(':focus').getAttribute('id');

describe('in Chromium, without JavaScript', () => {
  it('a user signs in with the keyboard alone, allows, and is back in the app', async () => {
    const { page, complaints } = await open();
    await page.goto(authorizeUrl());
    expect(await page.title()).toBe('Sign in');
    expect(await focused(page)).toBe('username');
    await page.keyboard.type('alice');
    await page.keyboard.press('Tab');
    await page.keyboard.type('wonderland');
    await page.keyboard.press('Enter');

    await page.getByRole('heading', { name: 'Allow Demo app to act for you?' }).waitFor();
    expect(await page.getByRole('listitem').allTextContents()).toEqual(['demo:read', 'demo:write']);
    expect(await page.getByText('Alice Liddell').isVisible()).toBe(true);
    await page.getByRole('button', { name: 'Allow' }).click();

    const back = await callback.next();
    expect(back.searchParams.get('code')).toMatch(/^ghc_/);
    expect(back.searchParams.get('state')).toBe('s');
    await page.waitForURL(`${callback.redirectUri}?**`);
    expect(await page.title()).toBe('Back in the app');
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('whoever has allowed it before is sent on to the app by the sign-in page', async () => {
    const { page, complaints } = await open();
    await edge.core.consents.remember('u-alice', 'app', ['demo:read', 'demo:write']);
    await page.goto(authorizeUrl());
    await page.getByLabel('Username').fill('alice');
    await page.getByLabel('Password').fill('wonderland');
    await page.getByRole('button', { name: 'Sign in' }).click();
    expect((await callback.next()).searchParams.get('code')).toMatch(/^ghc_/);
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('a wrong password is explained where the screen reader looks, and the next try begins there', async () => {
    const { page, complaints } = await open();
    await page.goto(authorizeUrl());
    await page.getByLabel('Username').fill('alice');
    await page.getByLabel('Password').fill('looking-glass');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').waitFor();
    expect(await page.title()).toBe('Problem: Sign in');
    expect(await focused(page)).toBe('password');
    expect(await page.getByLabel('Username').inputValue()).toBe('alice');
    const password = page.getByLabel('Password');
    expect(await password.inputValue()).toBe('');
    expect(await password.getAttribute('aria-describedby')).toBe(await page.getByRole('alert').getAttribute('id'));
    // Chromium itself notes that the answer was a 422; nothing else may be there.
    expect(complaints.filter((text) => !text.includes('422'))).toEqual([]);
    await page.close();
  });

  it('"Not you?" leads back to the sign-in page, and denying leads back to the app', async () => {
    const { page } = await open();
    await page.goto(authorizeUrl({ client_id: 'spa', scope: 'read' }));
    const signIn = async () => {
      await page.getByLabel('Username').fill('alice');
      await page.getByLabel('Password').fill('wonderland');
      await page.getByRole('button', { name: 'Sign in' }).click();
    };
    await signIn();
    await page.getByRole('button', { name: 'Not you?' }).click();
    await signIn();
    await page.getByRole('button', { name: 'Deny' }).click();
    expect((await callback.next()).searchParams.get('error')).toBe('access_denied');
    await page.close();
  });

  it.each(['light', 'dark'] as const)(
    'text and fields stand out in %s colours, and fit a phone',
    async (colorScheme) => {
      const { page } = await open();
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width: 320, height: 640 });
      await page.goto(authorizeUrl({ client_id: 'spa', scope: 'read' }));
      await page.getByLabel('Username').fill('alice');
      await page.getByLabel('Password').fill('wrong');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await expectReadable(page);
      await page.getByLabel('Password').fill('wonderland');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('button', { name: 'Allow' }).waitFor();
      await expectReadable(page);
      await page.goto(`${edge.url}/oauth2/authorize`);
      await expectReadable(page);
      await page.close();
    },
  );
});

interface Measured {
  readonly texts: readonly { readonly text: string; readonly contrast: number }[];
  readonly sideways: number;
  readonly smallest: number;
  readonly language: string;
}

/** WCAG 2.2 §1.4.3 for every text, §1.4.10 (no sideways scrolling), §2.5.8 (targets of 24 pixels), §3.1.1. */
async function expectReadable(page: Page): Promise<void> {
  const script = await readFile(new URL('./measure_page.js', import.meta.url), 'utf8');
  const found = await page.evaluate<Measured>(`{${script}}`);
  expect(found.texts.length).toBeGreaterThan(2);
  expect(found.texts.filter(({ contrast }) => !(contrast >= 4.5))).toEqual([]);
  expect(found).toMatchObject({ sideways: 0, smallest: 24, language: 'en' });
}
