import * as oauth from 'openid-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBrowser, type TestBrowser } from '../support/browser.ts';
import { type CallbackServer, startCallbackServer } from '../support/callback_server.ts';
import { demoConfig } from '../support/demo_config.ts';
import { type GatehouseProcess, startGatehouse } from '../support/gatehouse_process.ts';
import { call } from '../support/token_client.ts';

let gatehouse: GatehouseProcess;
let app: CallbackServer;
let browser: TestBrowser;
let client: oauth.Configuration;

const discover = (auth: oauth.ClientAuth): Promise<oauth.Configuration> =>
  oauth.discovery(new URL(gatehouse.url), 'demo-app', undefined, auth, {
    algorithm: 'oauth2',
    execute: [oauth.allowInsecureRequests],
  });

beforeAll(async () => {
  [app, browser, gatehouse] = await Promise.all([
    startCallbackServer(),
    startBrowser({ javaScriptEnabled: false }),
    startGatehouse(await demoConfig('{ type: memory }')),
  ]);
  client = await discover(oauth.ClientSecretBasic('demo-secret'));
});
afterAll(async () => {
  await Promise.all([browser.close(), gatehouse.stop(), app.close()]);
});

/** The app's side of the code flow up to the moment the browser leaves for the gateway. */
async function beginSignIn() {
  const verifier = oauth.randomPKCECodeVerifier();
  const state = oauth.randomState();
  const url = oauth.buildAuthorizationUrl(client, {
    redirect_uri: app.redirectUri,
    scope: 'demo:read',
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
  });
  return { url, state, verifier };
}

describe('openid-client and a browser without JavaScript', () => {
  it('sign in with code and PKCE, consent, call the API, refresh, introspect, revoke', async () => {
    const page = await browser.context.newPage();
    const { url, state, verifier } = await beginSignIn();
    await page.goto(url.href);
    await page.getByLabel(/user ?name/i).fill('alice');
    await page.getByLabel(/password/i).fill('not it');
    await page.getByRole('button', { name: /sign in/i }).click();
    expect(await page.getByRole('alert').textContent()).toMatch(/password/i);
    expect(await page.getByLabel(/user ?name/i).inputValue()).toBe('alice');

    await page.getByLabel(/password/i).fill('wonderland');
    await page.getByRole('button', { name: /sign in/i }).click();
    await page.getByRole('button', { name: /allow/i }).waitFor();
    expect(await page.textContent('main')).toContain('demo:read');
    expect(await page.textContent('main')).not.toContain('demo:write');
    await page.getByRole('button', { name: /allow/i }).click();

    const back = await app.next();
    expect(back.searchParams.get('iss')).toBe(gatehouse.url);
    const tokens = await oauth.authorizationCodeGrant(client, back, {
      pkceCodeVerifier: verifier,
      expectedState: state,
    });
    expect(tokens.scope).toBe('demo:read');
    const answer = await call(gatehouse.url, tokens.access_token);
    expect(answer.status).toBe(200);
    expect(((await answer.json()) as { headers: object }).headers).toMatchObject({
      'x-user-id': 'u-alice',
      'x-token-scopes': 'demo:read',
    });

    const refreshed = await oauth.refreshTokenGrant(client, tokens.refresh_token ?? '');
    expect(refreshed.refresh_token).not.toBe(tokens.refresh_token);
    expect(await oauth.tokenIntrospection(client, refreshed.access_token)).toMatchObject({
      active: true,
      client_id: 'demo-app',
      sub: 'u-alice',
      scope: 'demo:read',
    });
    await oauth.tokenRevocation(client, refreshed.refresh_token ?? '');
    expect(await oauth.tokenIntrospection(client, refreshed.access_token)).toEqual({ active: false });
    expect((await call(gatehouse.url, refreshed.access_token)).status).toBe(401);
  });

  it('remember the consent: the second time neither page is shown', async () => {
    const page = await browser.context.newPage();
    const { url, state, verifier } = await beginSignIn();
    await page.goto(url.href);
    const tokens = await oauth.authorizationCodeGrant(client, await app.next(), {
      pkceCodeVerifier: verifier,
      expectedState: state,
    });
    expect(tokens.scope).toBe('demo:read');
  });

  it('deny: the app is told access_denied', async () => {
    const page = await browser.context.newPage();
    const { url, state, verifier } = await beginSignIn();
    url.searchParams.set('scope', 'demo:write');
    await page.goto(url.href);
    await page.getByRole('button', { name: /deny/i }).click();
    const denied = oauth.authorizationCodeGrant(client, await app.next(), {
      pkceCodeVerifier: verifier,
      expectedState: state,
    });
    await expect(denied).rejects.toMatchObject({ error: 'access_denied' });
  });

  it.each([
    ['client_secret_basic', oauth.ClientSecretBasic('demo-secret')],
    ['client_secret_post', oauth.ClientSecretPost('demo-secret')],
  ])('get a token by client credentials with %s', async (_method, auth) => {
    const tokens = await oauth.clientCredentialsGrant(await discover(auth), { scope: 'demo:read' });
    const answer = await call(gatehouse.url, tokens.access_token);
    const { headers } = (await answer.json()) as { headers: Record<string, string> };
    expect(headers['x-client-id']).toBe('demo-app');
    expect(Object.keys(headers).filter((name) => name.startsWith('x-user-'))).toEqual([]);
  });
});
