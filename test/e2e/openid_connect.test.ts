import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose';
import * as oauth from 'openid-client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startBrowser, type TestBrowser } from '../support/browser.ts';
import { type CallbackServer, startCallbackServer } from '../support/callback_server.ts';
import { demoConfig } from '../support/demo_config.ts';
import { type GatehouseProcess, startGatehouse } from '../support/gatehouse_process.ts';

let gatehouse: GatehouseProcess;
let app: CallbackServer;
let browser: TestBrowser;
let client: oauth.Configuration;

/** Keys that rotate while the test looks on. */
const ROTATION = 4;

beforeAll(async () => {
  const config = (await demoConfig('{ type: memory }')).replace('key_rotation: 30d', `key_rotation: ${ROTATION}s`);
  [app, browser, gatehouse] = await Promise.all([
    startCallbackServer(),
    startBrowser({ javaScriptEnabled: false }),
    startGatehouse(config),
  ]);
});
beforeEach(async () => {
  // Checks the signatures of id_tokens too, although they come straight from the token endpoint.
  client = await discover(oauth.allowInsecureRequests, oauth.enableNonRepudiationChecks);
});
afterAll(async () => {
  await Promise.all([browser.close(), gatehouse.stop(), app.close()]);
});

/** A new one keeps no keys from before: openid-client asks for them once a minute at most, and here they live for seconds. */
function discover(...execute: ((config: oauth.Configuration) => void)[]): Promise<oauth.Configuration> {
  const auth = oauth.ClientSecretBasic('demo-secret');
  return oauth.discovery(new URL(gatehouse.url), 'demo-app', undefined, auth, { execute });
}

async function beginSignIn(more: Record<string, string> = {}) {
  const pkceCodeVerifier = oauth.randomPKCECodeVerifier();
  const [expectedState, expectedNonce] = [oauth.randomState(), oauth.randomNonce()];
  const url = oauth.buildAuthorizationUrl(client, {
    redirect_uri: app.redirectUri,
    scope: 'openid profile email',
    code_challenge: await oauth.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: expectedState,
    nonce: expectedNonce,
    ...more,
  });
  return { url, checks: { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true } };
}

async function signIn(page: Awaited<ReturnType<TestBrowser['context']['newPage']>>): Promise<void> {
  await page.getByLabel(/user ?name/i).fill('alice');
  await page.getByLabel(/password/i).fill('wonderland');
  await page.getByRole('button', { name: /sign in/i }).click();
}

/** As a resource server or another app checks it: by the published keys alone. */
async function verified(idToken: string | undefined) {
  const keys = (await (await fetch(client.serverMetadata().jwks_uri ?? '')).json()) as JSONWebKeySet;
  const expected = { issuer: gatehouse.url, audience: 'demo-app' };
  return { keys, ...(await jwtVerify(idToken ?? '', createLocalJWKSet(keys), expected)) };
}

describe('openid-client', () => {
  it('discovers, signs in with a nonce, checks the id_token, asks for userinfo; keys rotate in between', async () => {
    const page = await browser.context.newPage();
    const { url, checks } = await beginSignIn();
    await page.goto(url.href);
    await signIn(page);
    await page.getByRole('button', { name: /allow/i }).click();
    const tokens = await oauth.authorizationCodeGrant(client, await app.next(), checks);
    expect(tokens.claims()).toMatchObject({ sub: 'u-alice', email: 'alice@example.com', preferred_username: 'alice' });
    expect(await oauth.fetchUserInfo(client, tokens.access_token, 'u-alice')).toEqual({
      sub: 'u-alice',
      name: 'alice',
      preferred_username: 'alice',
      email: 'alice@example.com',
    });

    const { kid: first } = decodeProtectedHeader(tokens.id_token ?? '');
    const { keys: before } = await verified(tokens.id_token);
    const renewing = await discover(oauth.allowInsecureRequests);
    let { refresh_token: refreshToken, id_token: renewed } = tokens;
    await expect
      .poll(
        async () => {
          const answer = await oauth.refreshTokenGrant(renewing, refreshToken ?? '');
          ({ refresh_token: refreshToken, id_token: renewed } = answer);
          return decodeProtectedHeader(renewed ?? '').kid;
        },
        { interval: 250, timeout: 4 * ROTATION * 1000 },
      )
      .not.toBe(first);

    const { kid: second } = decodeProtectedHeader(renewed ?? '');
    expect(before.keys.map(({ kid }) => kid)).toContain(second);
    expect((await verified(tokens.id_token)).payload.sub).toBe('u-alice');
    expect((await verified(renewed)).payload.sub).toBe('u-alice');
  });

  it('prompt=none: signed in without a page; login_required in a browser that nobody signed in with', async () => {
    const page = await browser.context.newPage();
    const { url, checks } = await beginSignIn({ prompt: 'none', max_age: '600' });
    await page.goto(url.href);
    const tokens = await oauth.authorizationCodeGrant(client, await app.next(), { ...checks, maxAge: 600 });
    expect(tokens.claims()?.sub).toBe('u-alice');

    const stranger = await startBrowser({ javaScriptEnabled: false });
    try {
      const again = await beginSignIn({ prompt: 'none' });
      await (await stranger.context.newPage()).goto(again.url.href);
      const refused = oauth.authorizationCodeGrant(client, await app.next(), again.checks);
      await expect(refused).rejects.toMatchObject({ error: 'login_required' });
    } finally {
      await stranger.close();
    }
  });

  it('prompt=login: asks for the password although the browser is signed in', async () => {
    const page = await browser.context.newPage();
    const { url, checks } = await beginSignIn({ prompt: 'login' });
    await page.goto(url.href);
    await signIn(page);
    const tokens = await oauth.authorizationCodeGrant(client, await app.next(), checks);
    expect(tokens.claims()?.sub).toBe('u-alice');
  });
});
