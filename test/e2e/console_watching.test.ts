import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectAccessible } from '../support/accessibility.ts';
import { startBrowser, type TestBrowser } from '../support/browser.ts';
import { demoConfig } from '../support/demo_config.ts';
import { type GatehouseProcess, startGatehouse } from '../support/gatehouse_process.ts';
import { screenshot } from '../support/screenshot.ts';

/** An operator who looks at what happens, in Chromium: charts, routes, a call explained and tried, the audit log. */
let gate: GatehouseProcess;
let browser: TestBrowser;
let page: Page;
let token = '';
const troubles: string[] = [];

const ROUTES = `
  - { name: reports, path: /reports/*, upstream: { targets: ["http://127.0.0.1:1"], health: { path: /, interval: 1s, unhealthy_after: 1 } }, scopes: [reports:read] }
  - { name: ping, path: /ping, upstream: demo, auth: none }
`;

beforeAll(async () => {
  const config = await demoConfig('{ type: embedded, path: ./g.db }');
  [gate, browser] = await Promise.all([
    startGatehouse(config.replace(/^routes:\n/m, `routes:${ROUTES}`)),
    startBrowser(),
  ]);
  page = browser.context.pages()[0] ?? (await browser.context.newPage());
  page.setDefaultTimeout(8_000);
  page.on('pageerror', ({ message }) => troubles.push(message));
  page.on('console', (said) => said.text().includes('Content Security Policy') && troubles.push(said.text()));
  await page.setViewportSize({ width: 1280, height: 800 });
  // Colours that are on their way to others have no contrast.
  await page.emulateMedia({ reducedMotion: 'reduce' });
  token = await issue();
  await page.goto(gate.admin);
  await page.getByLabel('Username').fill('admin');
  await page.getByLabel('Password').fill('looking-glass');
  await press('Sign in');
});
afterAll(async () => {
  await browser?.close();
  await gate?.stop();
});

const heading = () => page.getByRole('heading', { level: 1 });
const press = (name: string) => page.getByRole('button', { name, exact: true }).click();
const go = (path: string) => page.goto(gate.admin + path);
const isAsked = process.env['GATEHOUSE_SCREENSHOTS'] !== undefined;
const chart = (id: string) => page.locator(`[data-chart="${id}"]`);
const tile = (id: string) => page.locator(`[data-tile="${id}"] strong`);
const points = (id: string) => chart(id).locator('.legend').textContent();

async function issue(): Promise<string> {
  const answer = await fetch(`${gate.url}/oauth2/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa('demo-app:demo-secret')}` },
    body: new URLSearchParams({
      grant_type: 'password',
      username: 'alice',
      password: 'wonderland',
      scope: 'demo:read',
    }),
  });
  return ((await answer.json()) as { access_token: string }).access_token;
}

const api = (method: string, path: string, body: object) =>
  fetch(`${gate.admin}/api/v1${path}`, {
    method,
    headers: { authorization: `Basic ${btoa('admin:looking-glass')}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

const call = async (path: string, value = token) =>
  (await fetch(gate.url + path, { headers: value === '' ? {} : { authorization: `Bearer ${value}` } })).text();

/** A morning in front of the gateway: most calls are good. */
async function traffic(until: () => boolean): Promise<void> {
  for (let round = 1; !until(); round++) {
    const busy = 5 + Math.round(3 * Math.sin(round / 40));
    await Promise.all(Array.from({ length: busy }, () => call('/demo/hello')));
    if (round % 7 === 0) await call('/demo/hello', '');
    if (round % 12 === 0) await call('/demo/hello', 'nonsense');
    if (round % 9 === 0) await call('/ping', '');
    if (round % 50 === 0) await call('/reports/7', '');
    if (round % 30 === 0) token = await issue();
    await sleep(50);
  }
}

describe('the overview', () => {
  it('draws what happens as it happens', async () => {
    await page.waitForURL(`${gate.admin}/`);
    expect(await heading().textContent()).toBe('Overview');
    let isOver = false;
    const calls = traffic(() => isOver);
    await chart('requests').locator('canvas').waitFor();
    await expect.poll(() => tile('requests').textContent(), { timeout: 10_000 }).toMatch(/^[\d.,]+\/s$/);
    await expect.poll(() => points('requests'), { timeout: 10_000 }).toMatch(/2xx[\d.,]+\/s/);
    await expect.poll(() => points('refusals'), { timeout: 10_000 }).toMatch(/missing_token[\d.,]+\/s/);
    expect(await points('latency')).toMatch(/p50[\d.,]+ ms.*p99/);
    expect(await points('cache')).toMatch(/hits[\d.,]+ %/);
    expect(await points('store')).toBe('storeup');
    for (const id of ['requests', 'refusals', 'latency', 'cache', 'issued', 'store']) {
      expect(await chart(id).locator('canvas').count(), id).toBe(1);
    }
    if (isAsked) await sleep(100_000);
    await screenshot(page, 'console/overview');
    if (isAsked) {
      await page.setViewportSize({ width: 390, height: 844 });
      await sleep(500);
      await screenshot(page, 'console/overview_phone');
      await page.setViewportSize({ width: 1280, height: 800 });
    }
    isOver = true;
    await calls;
    await expectAccessible(page);
    // The same as a table.
    await chart('requests').getByText('Numbers').click();
    expect(await chart('requests').getByRole('rowheader').allTextContents()).toContain('2xx');
    await expectAccessible(page);
    await chart('requests').getByText('Numbers').click();
  });

  it('stops when asked to, and while nobody looks, and leaves a gap', async () => {
    const asked: string[] = [];
    page.on('request', (request) => request.url().endsWith('.json') && asked.push(request.url()));
    const state = page.getByRole('status');
    await press('Pause');
    expect(await state.textContent()).toBe('Paused');
    expect(await tile('requests').textContent()).not.toBe('');
    expect(await points('requests')).toContain('2xx–');
    asked.length = 0;
    await sleep(2_500);
    expect(asked).toEqual([]);
    await press('Go on');
    await expect.poll(() => state.textContent()).toBe('Live');
    // The first answer after a gap has nothing to be compared with.
    expect(await points('requests')).toContain('2xx–');
    await page.evaluate(`Object.defineProperty(document, 'hidden', { configurable: true, value: true });
      document.dispatchEvent(new Event('visibilitychange'))`);
    expect(await state.textContent()).toBe('Paused');
    await page.evaluate(`Object.defineProperty(document, 'hidden', { configurable: true, value: false });
      document.dispatchEvent(new Event('visibilitychange'))`);
    await expect.poll(() => state.textContent()).toBe('Live');
  });

  it('says when there is no answer, and goes on when there is one again', async () => {
    const state = page.getByRole('status');
    await browser.context.setOffline(true);
    await expect.poll(() => state.textContent(), { timeout: 6_000 }).toContain('No answer');
    await expectAccessible(page);
    await browser.context.setOffline(false);
    await expect.poll(() => state.textContent(), { timeout: 8_000 }).toBe('Live');
  });

  it('is readable in the dark and on a phone', async () => {
    await page.emulateMedia({ colorScheme: 'dark' });
    await expectAccessible(page);
    await screenshot(page, 'console/overview_dark', { onlyLook: true });
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize({ width: 390, height: 844 });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    await expectAccessible(page);
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  it('leads from a refusal to its explanation, without what the caller sent along', async () => {
    await call('/demo/secret-corner?access_token=canary', 'canary-of-a-caller');
    const link = page.getByRole('link', { name: 'Explain GET /demo/secret-corner', exact: true });
    await link.waitFor();
    expect(await page.content()).not.toContain('canary');
    await link.click();
    expect(await page.getByLabel('Path').inputValue()).toBe('/demo/secret-corner');
    expect(page.url()).not.toContain('canary');
  });
});

describe('a call', () => {
  it('is explained: what stops it, and what to change', async () => {
    await go('/explain');
    await expectAccessible(page);
    await page.getByLabel('Path').fill('/reports/7');
    const field = page.getByLabel('Token', { exact: true });
    await field.fill(token);
    expect(await field.getAttribute('type')).toBe('password');
    await press('Show');
    expect(await field.getAttribute('type')).toBe('text');
    await press('Explain');
    await page.getByText('It would be refused with 403').waitFor();
    expect(await page.getByText('What to change:').count()).toBe(1);
    expect(await page.getByRole('listitem').filter({ hasText: 'stopped here' }).textContent()).toContain(
      'reports:read',
    );
    expect(await page.content()).not.toContain(token);
    expect(await page.getByLabel('Path').inputValue()).toBe('/reports/7');
    expect(await page.getByLabel('Token', { exact: true }).inputValue()).toBe('');
    await expectAccessible(page);
    await screenshot(page, 'console/explain');
    await page.emulateMedia({ colorScheme: 'dark' });
    await expectAccessible(page);
    await page.emulateMedia({ colorScheme: 'light' });
  });

  it('comes back with what is wrong, and nothing but the token is typed again', async () => {
    await page.getByLabel('Path').fill('reports');
    await page.getByText('Headers and body').click();
    await page.getByLabel('Headers', { exact: true }).fill('X-One: 1');
    await press('Explain');
    expect(await page.getByLabel('Path').getAttribute('aria-invalid')).toBe('true');
    await expect.poll(() => page.evaluate('document.activeElement.id')).toBe('target');
    expect(await page.getByLabel('Headers', { exact: true }).inputValue()).toBe('X-One: 1');
    await expectAccessible(page);
  });

  it('is made through the main listener, and its answer shown as text', async () => {
    await page.getByLabel('Method').fill('POST');
    await page.getByLabel('Path').fill('/demo/<b>hello?a=1'.replace('<b>', '%3Cb%3E'));
    await page.getByLabel('Token', { exact: true }).fill(token);
    await page.getByLabel('Headers', { exact: true }).fill('Content-Type: text/plain');
    await page.getByLabel('Body', { exact: true }).fill('<script>alert(1)</script>');
    await press('Try it');
    await page.getByRole('heading', { name: 'The answer' }).waitFor();
    const shown = JSON.parse((await page.getByRole('region', { name: 'Body' }).textContent()) ?? '');
    expect(shown).toMatchObject({
      method: 'POST',
      body: '<script>alert(1)</script>',
      headers: { 'x-user-id': 'u-alice' },
    });
    expect(await page.locator('#answer').textContent()).toMatch(/200 [\d.,]+ ms/);
    expect(await page.content()).not.toContain(token);
    await expectAccessible(page);
    await screenshot(page, 'console/try', { onlyLook: true });
    await page.setViewportSize({ width: 390, height: 844 });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    await expectAccessible(page);
    await page.setViewportSize({ width: 1280, height: 800 });
    expect(gate.output()).not.toContain(token);
  });
});

describe('routes', () => {
  it('are listed with what goes through them, and how their targets are', async () => {
    let isOver = false;
    const calls = traffic(() => isOver);
    await go('/routes');
    await page.getByText(/^Numbers of the last \d+ seconds$/).waitFor();
    await expect.poll(() => page.locator('[data-of="demo"][data-number="rate"]').textContent()).toMatch(/^[\d.,]+\/s$/);
    expect(await page.locator('[data-of="demo"][data-number="p99"]').textContent()).toMatch(/ms$/);
    await page.reload();
    expect(await page.getByRole('row').filter({ hasText: 'reports' }).textContent()).toContain('down');
    if (isAsked) await sleep(8_000);
    await screenshot(page, 'console/routes');
    isOver = true;
    await calls;
    await expectAccessible(page);
    await page.getByLabel('Find a route').fill('repor');
    await press('Search');
    await page.waitForURL('**/routes?search=repor');
    expect(await page.getByRole('rowheader').allTextContents()).toEqual(['reports/reports/*']);
    await page.getByRole('link', { name: 'reports', exact: true }).click();
    expect(await heading().textContent()).toBe('reports');
    await expectAccessible(page);
    await screenshot(page, 'console/route', { onlyLook: true });
    await page.getByRole('link', { name: 'Explain a call to it' }).click();
    expect(await page.getByLabel('Path').inputValue()).toBe('/reports/');
  });
});

describe('the audit log', () => {
  it('has who did what, newest first, and is exported', async () => {
    await api('POST', '/clients', { id: 'orders', name: 'Orders', grants: ['client_credentials'] });
    await api('PATCH', '/clients/orders', { description: 'Orders of the shop' });
    await api('POST', '/clients/demo-app/secret', {});
    await go('/audit');
    await expectAccessible(page);
    await screenshot(page, 'console/audit');
    const all = await page.locator('tbody th code').allTextContents();
    expect(all.slice(0, 3)).toEqual(['clients.rotate_secret', 'clients.update', 'clients.create']);
    expect(all).toContain('routes.try');
    await page.getByLabel('Who').fill('alice');
    await page.getByLabel('What').fill('user.');
    await press('Filter');
    await page.waitForURL('**/audit?*actor=alice*');
    const actions = await page.getByRole('rowheader').allTextContents();
    expect(actions.length).toBeGreaterThan(0);
    expect(actions.every((action) => action.startsWith('user.sign_in'))).toBe(true);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'CSV' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('audit.csv');
    const lines = (await readFile(await download.path(), 'utf8')).trimEnd().split('\r\n');
    expect(lines[0]).toMatch(/^at,actor_kind,/);
    expect(lines).toHaveLength(1 + actions.length);
    await page.setViewportSize({ width: 390, height: 844 });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    await expectAccessible(page);
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  it('says that a sign-in is over, where a page asks for numbers by itself', async () => {
    await go('/');
    await expect.poll(() => page.getByRole('status').textContent()).toBe('Live');
    await browser.context.clearCookies();
    await page.getByText('Your sign-in is over.').waitFor();
    expect(await page.locator('#live').getByRole('link', { name: 'Sign in' }).count()).toBe(1);
    await expectAccessible(page);
  });

  it('has run without an error, and without anything that the security policy refused', () => {
    expect(troubles).toEqual([]);
  });
});
