import { createHmac, createPublicKey, verify } from 'node:crypto';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBrowser, type TestBrowser } from '../support/browser.ts';
import { type CallbackServer, startCallbackServer } from '../support/callback_server.ts';
import { demoConfig } from '../support/demo_config.ts';
import { type GatehouseProcess, startGatehouse } from '../support/gatehouse_process.ts';
import { call, post } from '../support/token_client.ts';

/** An app that was written for Auth0's documentation of before 2017, against config/auth0.yaml as it is shipped. */
let gatehouse: GatehouseProcess;
let hasty: GatehouseProcess;

beforeAll(async () => {
  const store = '{ type: memory }';
  [gatehouse, hasty] = await Promise.all([
    startGatehouse((await demoConfig(store, '', 'config/auth0.yaml')).replace(/^clients:$/m, `clients:\n${OTHER_APP}`)),
    startGatehouse(await demoConfig(store, 'tokens: { access_ttl: 1s }\n', 'config/auth0.yaml')),
  ]);
});
afterAll(() => Promise.all([gatehouse.stop(), hasty.stop()]));

const OTHER_APP =
  "  - { id: other-app, secret: other-secret, name: Other, grants: ['urn:ietf:params:oauth:grant-type:jwt-bearer'], scopes: [demo:read] }";

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, string>>;
}

async function send(url: string, path: string, body: Record<string, string>): Promise<Answer> {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const APP = { client_id: 'demo-app' };
const ALICE = {
  ...APP,
  grant_type: 'password',
  connection: 'Username-Password-Authentication',
  username: 'alice',
  password: 'wonderland',
};

const claimsOf = (idToken = ''): Record<string, unknown> =>
  JSON.parse(Buffer.from(idToken.split('.')[1] ?? '', 'base64url').toString());

describe('the life of an app', () => {
  it('signs in, calls, is refused, comes back by delegation, by an id_token and by refreshing', async () => {
    const { url } = hasty;
    const signedIn = await send(url, '/oauth/ro', { ...ALICE, scope: 'openid offline_access', device: 'a phone' });
    expect(signedIn.status).toBe(200);
    const { access_token = '', refresh_token = '' } = signedIn.body;
    expect((await call(url, access_token)).status).toBe(200);

    await expect.poll(async () => (await call(url, access_token)).status).toBe(401);
    const refused = await call(url, access_token);
    expect(await refused.json()).toMatchObject({ error: 'invalid_token' });
    expect(refused.headers.get('www-authenticate')).toMatch(/^Bearer .*error="invalid_token"/);

    const delegated = await send(url, '/delegation', {
      ...APP,
      grant_type: JWT_BEARER,
      refresh_token,
      scope: 'openid',
    });
    expect(delegated).toMatchObject({ status: 200, body: { token_type: 'bearer' } });
    expect(claimsOf(delegated.body['id_token'])).toMatchObject({ sub: 'u-alice', aud: 'demo-app' });

    const again = await send(url, '/oauth/ro', {
      ...APP,
      grant_type: JWT_BEARER,
      id_token: delegated.body['id_token'] ?? '',
      device: 'a phone',
      scope: 'openid',
    });
    expect(again.status).toBe(200);
    expect((await call(url, again.body['access_token'] ?? '')).status).toBe(200);

    const refreshed = await post(`${url}/oauth/token`, { grant_type: 'refresh_token', refresh_token });
    const tokens = (await refreshed.json()) as Record<string, string>;
    expect(tokens).not.toHaveProperty('refresh_token');
    expect((await call(url, tokens['access_token'] ?? '')).status).toBe(200);
  });

  it('signs id_tokens with the secret of the client, and puts into them what the scopes name', async () => {
    const { body } = await send(gatehouse.url, '/oauth/ro', { ...ALICE, scope: 'openid name email' });
    const [head, payload, signature] = (body['id_token'] ?? '').split('.');
    expect(JSON.parse(Buffer.from(head ?? '', 'base64url').toString())).toMatchObject({ alg: 'HS256' });
    expect(createHmac('sha256', 'demo-secret').update(`${head}.${payload}`).digest('base64url')).toBe(signature);
    expect(claimsOf(body['id_token'])).toMatchObject({ name: 'alice', email: 'alice@example.com' });

    const plain = await send(gatehouse.url, '/oauth/ro', { ...ALICE, scope: 'openid' });
    expect(Object.keys(claimsOf(plain.body['id_token']))).not.toContain('email');
  });

  it('gives no refresh token without offline_access', async () => {
    const { body } = await send(gatehouse.url, '/oauth/ro', { ...ALICE, scope: 'openid', device: 'a phone' });
    expect(body).not.toHaveProperty('refresh_token');
  });

  it('does not take an id_token of another client, nor one that was changed', async () => {
    const { body } = await send(gatehouse.url, '/oauth/ro', { ...ALICE, scope: 'openid' });
    const { id_token = '' } = body;
    const [head, , signature] = id_token.split('.');
    const forged = Buffer.from(JSON.stringify({ ...claimsOf(id_token), sub: 'u-admin' })).toString('base64url');
    const comeBack = (client_id: string, token: string) =>
      send(gatehouse.url, '/oauth/ro', { client_id, grant_type: JWT_BEARER, id_token: token });
    const refusal = { status: 400, body: { error: 'invalid_grant' } };
    expect(await comeBack('other-app', id_token)).toMatchObject(refusal);
    expect(await comeBack('demo-app', `${head}.${forged}.${signature}`)).toMatchObject(refusal);
    expect((await comeBack('demo-app', id_token)).status).toBe(200);
  });
});

describe('with id_token_signing: RS256', () => {
  it('signs with a key that is published', async () => {
    const yaml = await demoConfig('{ type: memory }', '', 'config/auth0.yaml');
    const it = await startGatehouse(yaml.replace(/- type: auth0.*/, '- { type: auth0, id_token_signing: RS256 }'));
    try {
      const { body } = await send(it.url, '/oauth/ro', { ...ALICE, scope: 'openid' });
      const [head = '', payload = '', signature = ''] = (body['id_token'] ?? '').split('.');
      const { alg, kid } = JSON.parse(Buffer.from(head, 'base64url').toString()) as Record<string, string>;
      expect(alg).toBe('RS256');
      const { keys } = (await (await fetch(`${it.url}/.well-known/jwks.json`)).json()) as {
        keys: Record<string, string>[];
      };
      const jwk = keys.find((each) => each['kid'] === kid) ?? {};
      const key = createPublicKey({ key: jwk, format: 'jwk' });
      const signed = Buffer.from(`${head}.${payload}`);
      expect(verify('sha256', signed, key, Buffer.from(signature, 'base64url'))).toBe(true);

      // A shared secret signs nobody in where keys do.
      const forgedHead = Buffer.from('{"alg":"HS256"}').toString('base64url');
      const mac = createHmac('sha256', 'demo-secret').update(`${forgedHead}.${payload}`).digest('base64url');
      const id_token = `${forgedHead}.${payload}.${mac}`;
      const forged = await send(it.url, '/oauth/ro', { ...APP, grant_type: JWT_BEARER, id_token });
      expect(forged).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    } finally {
      await it.stop();
    }
  });
});

describe('the browser dialog, in Chromium without JavaScript', () => {
  let browser: TestBrowser;
  let app: CallbackServer;
  beforeAll(async () => {
    [browser, app] = await Promise.all([startBrowser({ javaScriptEnabled: false }), startCallbackServer()]);
  });
  afterAll(() => Promise.all([browser.close(), app.close()]));

  async function signedIn(): Promise<Page> {
    await browser.context.clearCookies();
    const page = await browser.context.newPage();
    const query = { response_type: 'code', client_id: 'demo-app', scope: 'openid name', state: 's' };
    await page.goto(`${gatehouse.url}/authorize?${new URLSearchParams({ ...query, redirect_uri: app.redirectUri })}`);
    await page.locator('input[name=username]').first().fill('alice');
    await page.locator('input[name=password]').fill('wonderland');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Allow Demo App to act for you?' }).waitFor();
    return page;
  }

  it('a user refuses, and the app is told', async () => {
    const page = await signedIn();
    await page.getByRole('button', { name: 'Deny' }).click();
    const back = await app.next();
    expect(Object.fromEntries(back.searchParams)).toMatchObject({ error: 'access_denied', state: 's' });
    await page.close();
  });

  it('a user allows, and the app calls the API in their name', async () => {
    const page = await signedIn();
    await page.getByRole('button', { name: 'Allow' }).click();
    const code = (await app.next()).searchParams.get('code') ?? '';
    const redeem = (secret: string) =>
      post(
        `${gatehouse.url}/oauth/token`,
        {
          grant_type: 'authorization_code',
          client_id: 'demo-app',
          client_secret: secret,
          redirect_uri: app.redirectUri,
          code,
        },
        null,
      );
    expect((await redeem('')).status).toBe(403);
    const answer = await redeem('demo-secret');
    expect(answer.status).toBe(200);
    const tokens = (await answer.json()) as Record<string, string>;
    expect(claimsOf(tokens['id_token'])).toMatchObject({ sub: 'u-alice', name: 'alice' });
    const seen = await call(gatehouse.url, tokens['access_token'] ?? '');
    expect(await seen.json()).toMatchObject({ headers: { 'x-user-id': 'u-alice' } });
    await page.close();
  });
});
