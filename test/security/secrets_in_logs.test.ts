/**
 * The threat: somebody reads logs, metrics, error messages or a stolen copy of the store, and finds something that lets them in.
 * Every secret of every flow, right and wrong ones, is sent through a gateway that logs all it can; none may be found afterwards.
 */

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { hashPassword } from '../../src/connections/password_hash.ts';
import { PageClient } from '../http/page_client.ts';
import { newPkce } from '../oauth/core_under_test.ts';
import { type GatehouseProcess, startGatehouse } from '../support/gatehouse_process.ts';
import { exchange } from '../support/raw_client.ts';
import { SecretSearch } from '../support/secret_search.ts';

const search = new SecretSearch();
const canary = (kind: string) => search.canary(kind);
const remember = (kind: string, secret: unknown) => search.remember(kind, secret);

const CALLBACK = 'http://127.0.0.1:9/callback';
const clientSecret = canary('client secret');
const password = canary('password');
const errorAnswers: string[] = [];
let folder: string;
let gatehouse: GatehouseProcess;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-secrets-'));
  gatehouse = await startGatehouse(`
listen: { host: 127.0.0.1, port: 0 }
admin: { host: 127.0.0.1, port: 0 }
store: { type: embedded, path: ${folder}/gatehouse.db }
log: { level: debug }
routes:
  - { name: demo, path: /demo/*, upstream: demo }
  - { name: away, path: /away/*, upstream: 'http://127.0.0.1:1' }
clients:
  - id: app
    name: The App
    secret: ${clientSecret}
    grants: [authorization_code, refresh_token, password, client_credentials]
    redirect_uris: ['${CALLBACK}']
    scopes: [read]
connections:
  - name: users
    type: database
    users: [{ id: u-1, username: alice, password_hash: '${await hashPassword(password)}' }]
`);
});
afterAll(async () => {
  await gatehouse.stop();
  await rm(folder, { recursive: true });
});

/** Sends a form to one of our endpoints as the client, and keeps the text of every refusal. */
async function post(
  path: string,
  form: Record<string, string>,
  basic = `app:${clientSecret}`,
): Promise<Record<string, unknown>> {
  const headers = { authorization: `Basic ${Buffer.from(basic).toString('base64')}` };
  const answer = await fetch(gatehouse.url + path, { method: 'POST', body: new URLSearchParams(form), headers });
  return keep(answer);
}
async function call(path: string, init: RequestInit = {}): Promise<Record<string, unknown>> {
  return keep(await fetch(gatehouse.url + path, init));
}
async function keep(answer: Response): Promise<Record<string, unknown>> {
  const text = await answer.text();
  if (answer.status >= 400) errorAnswers.push(JSON.stringify([...answer.headers]) + text);
  return answer.headers.get('content-type')?.includes('json') ? JSON.parse(text) : {};
}

async function tokenFlows(): Promise<void> {
  const right = { grant_type: 'password', username: 'alice', password };
  const first = await post('/oauth2/token', right);
  const refresh = remember('refresh token', first['refresh_token']);
  const access = remember('access token', first['access_token']);
  const second = await post('/oauth2/token', { grant_type: 'refresh_token', refresh_token: refresh });
  remember('rotated access token', second['access_token']);
  const rotated = remember('rotated refresh token', second['refresh_token']);
  await post('/oauth2/token', { grant_type: 'refresh_token', refresh_token: refresh });
  await post('/oauth2/token', { grant_type: 'refresh_token', refresh_token: rotated });
  await post('/oauth2/introspect', { token: access });
  await post('/oauth2/revoke', { token: access });
  await post('/oauth2/token', { ...right, password: canary('wrong password') });
  await post('/oauth2/token', { ...right, username: canary('password typed as username') });
  await post('/oauth2/token', right, `app:${canary('wrong client secret')}`);
  await post('/oauth2/token', right, `${canary('secret typed as client id')}:x`);
  await post('/oauth2/token', { grant_type: 'refresh_token', refresh_token: `ghr_${canary('unknown refresh token')}` });
  await post('/oauth2/token', {
    grant_type: 'authorization_code',
    code: `ghc_${canary('unknown code')}`,
    code_verifier: canary('verifier'),
  });
  await post('/oauth2/token', { grant_type: canary('secret typed as grant type') });
  await post('/oauth2/token', { [canary('secret typed as parameter name')]: 'x', grant_type: 'password' });
  await post(`/oauth2/token?password=${canary('password in the query')}`, right);
  await post('/oauth2/token', { ...right, client_id: 'app', client_secret: canary('second client secret') });
  const json = { method: 'POST', headers: { 'content-type': 'application/json' } };
  await call('/oauth2/token', { ...json, body: `{"password":"${canary('password in broken JSON')}"` });
  await call('/oauth2/token', {
    ...json,
    headers: { 'content-type': `text/${canary('secret in a content type')}` },
    body: 'x',
  });
  await call('/oauth2/token', { ...json, body: `{"password":["${canary('password in a list')}"]}` });
  await call('/oauth2/token', { ...json, body: `${canary('secret in a long body')}${'x'.repeat(70_000)}` });
}

async function browserFlow(): Promise<void> {
  const browser = new PageClient(gatehouse.url);
  const pkce = newPkce();
  remember('code verifier', pkce.verifier);
  const parameters = {
    response_type: 'code',
    client_id: 'app',
    redirect_uri: CALLBACK,
    state: canary('state'),
    ...pkce.query,
  };
  const page = await browser.get(`/oauth2/authorize?${new URLSearchParams(parameters)}`);
  remember('interaction', page.form('/oauth2/sign-in')?.['interaction']);
  remember('csrf token', page.form('/oauth2/sign-in')?.['csrf']);
  remember('browser cookie', browser.cookies.get('gatehouse_browser'));
  await browser.submit(page, '/oauth2/sign-in', { username: 'alice', password: canary('wrong password in the form') });
  const signedIn = await browser.submit(page, '/oauth2/sign-in', { username: 'alice', password });
  remember('session cookie', browser.cookies.get('gatehouse_session'));
  const consent = await browser.get(signedIn.location);
  remember('consent csrf token', consent.form('/oauth2/consent')?.['csrf']);
  const done = await browser.submit(consent, '/oauth2/consent', { decision: 'allow' });
  const code = remember('code', new URL(done.location).searchParams.get('code'));
  const redeem = { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier: pkce.verifier };
  const tokens = await post('/oauth2/token', redeem);
  remember('access token of the code', tokens['access_token']);
  remember('refresh token of the code', tokens['refresh_token']);
  await post('/oauth2/token', redeem);
  browser.cookies.set('gatehouse_session', canary('planted session'));
  await browser.get(`/oauth2/resume?interaction=${canary('unknown interaction')}`);
  await call(
    `/oauth2/authorize?client_id=${canary('secret typed as client')}&redirect_uri=https://${canary('host')}.example/`,
  );
}

async function proxiedCalls(): Promise<void> {
  const { access_token: token } = await post('/oauth2/token', { grant_type: 'password', username: 'alice', password });
  const bearer = { authorization: `Bearer ${remember('live access token', token)}` };
  const form = { method: 'POST', body: new URLSearchParams({ access_token: canary('token in a form') }) };
  await call(`/demo/x?api_key=${canary('key in the query')}`, {
    headers: { ...bearer, 'x-api-key': canary('key in a header') },
  });
  await call('/demo/x', { headers: { ...bearer, cookie: `session=${canary('cookie of the API')}` } });
  await call('/demo/x', { headers: { authorization: `Bearer gha_${canary('unknown access token')}` } });
  await call('/demo/x', { headers: { authorization: `Basic ${canary('other scheme')}` } });
  await call(`/demo/x?access_token=${canary('token in the query')}`, { headers: bearer });
  await call('/demo/x', { ...form, headers: bearer });
  await call('/away/x', { ...form, body: canary('body for nobody'), headers: bearer });
  const port = Number(new URL(gatehouse.url).port);
  await exchange(port, `GET /demo/x\\${canary('secret in a refused path')} HTTP/1.1\r\nHost: a\r\n\r\n`);
  await exchange(port, `GET /demo/x HTTP/1.1\r\nHost: ${canary('secret as a host')}@a\r\n\r\n`);
  await exchange(port, `${canary('secret as a method').toUpperCase()} / HTTP/1.1\r\n\r\n`);
  await exchange(
    port,
    `POST /demo/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ${canary('secret as a coding')}\r\n\r\n`,
  );
}

it('leaves no secret in logs, metrics, errors or the store', async () => {
  await tokenFlows();
  await browserFlow();
  await proxiedCalls();
  const metrics = await (await fetch(`${gatehouse.admin}/metrics`)).text();
  // Before the end, so that what is only in memory or in the write-ahead log is there too.
  const files = await Promise.all((await readdir(folder)).map((file) => readFile(join(folder, file), 'latin1')));
  expect(await gatehouse.stop()).toBe(0);

  expect(search.size).toBeGreaterThanOrEqual(40);
  expect(errorAnswers.length).toBeGreaterThan(20);
  // The places are what they claim to be: each holds something that is no secret.
  const places = { log: gatehouse.output(), metrics, errors: errorAnswers.join('\n'), store: files.join('\n') };
  expect(places.log).toContain('"route":"sign_in"');
  expect(places.log).toContain('"user":"u-1"');
  expect(places.metrics).toContain('gatehouse_tokens_issued_total{grant="password"}');
  expect(places.errors).toContain('error_description');
  expect(places.store).toContain('u-1');

  for (const [place, text] of Object.entries(places))
    expect(search.in(text), `secrets in the ${place}`).toEqual(place === 'store' ? KEPT : []);
});

/** What the store keeps as it is, for a request between the page and the click: worth nothing without the browser's cookie. */
const KEPT = ['state', 'csrf token'];
