import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newPkce } from '../oauth/core_under_test.ts';
import { startBrowser, type TestBrowser } from '../support/browser.ts';
import { type CallbackServer, startCallbackServer } from '../support/callback_server.ts';
import { type GatehouseProcess, startGatehouse } from '../support/gatehouse_process.ts';

/** One-time codes on the sign-in page, without JavaScript. */
let gatehouse: GatehouseProcess;
let app: CallbackServer;
let browser: TestBrowser;

const CONFIG = `
listen: { port: 0 }
admin: { port: 0 }
store: { type: memory }
routes:
  - { name: demo, path: /demo/*, upstream: demo }
clients:
  - id: page
    name: A Page
    public: true
    grants: [authorization_code]
    redirect_uris: ["http://127.0.0.1:1/callback"]
    scopes: [read]
connections:
  - { name: text, type: sms, provider: console, sign_up: true }
  - { name: mail, type: email, provider: console }
`;

beforeAll(async () => {
  [app, browser, gatehouse] = await Promise.all([
    startCallbackServer(),
    startBrowser({ javaScriptEnabled: false }),
    startGatehouse(CONFIG),
  ]);
});
afterAll(async () => {
  await Promise.all([browser.close(), gatehouse.stop(), app.close()]);
});

async function open() {
  await browser.context.clearCookies();
  const page = await browser.context.newPage();
  page.setDefaultTimeout(5_000);
  const parameters = { response_type: 'code', client_id: 'page', redirect_uri: app.redirectUri, scope: 'read' };
  await page.goto(`${gatehouse.url}/oauth2/authorize?${new URLSearchParams({ ...parameters, ...newPkce().query })}`);
  return page;
}

const button = (name: string) => ({ name, exact: true });

/** The code that was sent last, once there is one more than before. */
async function nextCode(recipient: string): Promise<string> {
  const line = await gatehouse.line(new RegExp(`${RegExp.escape(recipient)}.*\\b\\d{6}\\b`));
  return /\b(\d{6})\b\D*$/.exec(line)?.[1] ?? '';
}

describe('a code on the sign-in page', () => {
  it('is asked for, mistyped, typed, and signs in', async () => {
    const page = await open();
    expect(await page.getByLabel('Password').count()).toBe(0);
    await page.getByLabel('Phone number').fill('+1 555 010 0123');
    await page.getByRole('button', button('Send me a code')).first().click();
    const code = await nextCode('+15550100123');
    expect(await page.content()).not.toContain(code);

    await page.getByLabel('Code').fill(code === '000000' ? '000001' : '000000');
    await page.getByRole('button', button('Sign in')).click();
    expect(await page.getByRole('alert').textContent()).toContain('Wrong code');
    await page.getByLabel('Code').fill(code);
    await page.getByRole('button', button('Sign in')).click();
    await page.getByRole('heading', { name: 'Allow A Page to act for you?' }).waitFor();
    await page.getByRole('button', button('Allow')).click();
    expect((await app.next()).searchParams.get('code')).toMatch(/^ghc_/);
    await page.close();
  });

  it('looks the same for an address that nobody has, which gets none', async () => {
    const page = await open();
    await page.getByLabel('E-mail address').fill('nobody@example.com');
    await page.getByRole('button', button('Send me a code')).last().click();
    expect(await page.getByText('If nobody@example.com can sign in here').isVisible()).toBe(true);
    expect(gatehouse.output()).not.toContain('nobody@example.com');
    await page.getByRole('link', { name: 'Sign in another way' }).click();
    expect(await page.getByLabel('Phone number').isVisible()).toBe(true);
    await page.close();
  });

  it('goes to nobody for what is no number', async () => {
    const page = await open();
    await page.getByLabel('Phone number').fill('call me');
    await page.getByRole('button', button('Send me a code')).first().click();
    expect(await page.getByRole('alert').textContent()).toContain('a phone number such as +15550100');
    await page.close();
  });
});
