import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type PageAnswer, PageClient } from '../http/page_client.ts';
import { newPkce } from '../oauth/core_under_test.ts';
import { type GatehouseProcess, startGatehouse } from '../support/gatehouse_process.ts';
import { outsideConfig } from '../support/outside_config.ts';
import { type OutsideProvider, startOutsideProvider, visitProvider } from '../support/outside_provider.ts';

// Threat: what an outside provider sends back through the browser is forged, replayed, brought by another browser (so that a victim ends
// up signed in as the attacker), or belongs to another provider (mix-up); or somebody takes over an account here by claiming its address
// at a provider that does not look.

let corp: OutsideProvider;
let shop: OutsideProvider;
let gatehouse: GatehouseProcess;
let browser: PageClient;

beforeAll(async () => {
  [corp, shop] = await Promise.all([startOutsideProvider(), startOutsideProvider()]);
  gatehouse = await startGatehouse(await outsideConfig({ corp, shop }));
});
afterAll(async () => {
  await gatehouse.stop();
  await Promise.all([corp.close(), shop.close()]);
});
beforeEach(() => {
  browser = new PageClient(gatehouse.url);
});

const REDIRECT_URI = 'http://127.0.0.1:1/callback';
const parameters = { response_type: 'code', client_id: 'app', redirect_uri: REDIRECT_URI, scope: 'read' };
const authorizeUrl = (change: Readonly<Record<string, string>> = {}) =>
  `/oauth2/authorize?${new URLSearchParams({ ...parameters, ...newPkce().query, ...change })}`;

/** Presses the button of a provider. */
async function leave(connection = 'corp', visitor = browser): Promise<PageAnswer> {
  const page = await visitor.get(authorizeUrl());
  return visitor.submit(page, '/oauth2/provider', { connection });
}

/** The path that the provider sends the browser back to, as bob. */
async function returned(connection = 'corp', visitor = browser): Promise<URL> {
  return visitProvider((await leave(connection, visitor)).location, 'bob');
}

const comeBack = (url: URL, visitor = browser) => visitor.get(url.pathname + url.search);

function changed(url: URL, name: string, value: string): URL {
  const copy = new URL(url);
  copy.searchParams.set(name, value);
  return copy;
}

function expectNobody(answer: PageAnswer, visitor = browser): void {
  expect(answer.status).toBeGreaterThanOrEqual(400);
  expect(answer.location).toBe('');
  expect(visitor.cookies.has('gatehouse_session')).toBe(false);
}

/** Back to the page with all choices, which says where it did not work. */
async function expectRefused(answer: PageAnswer): Promise<void> {
  expect(answer.location).toMatch(/^\/oauth2\/resume\?interaction=ghi_[\w-]+&refused_by=corp$/);
  expect(browser.cookies.has('gatehouse_session')).toBe(false);
  expect((await browser.get(answer.location)).text).toContain('You were not signed in with Example Corp.');
}

it('lets in whom the provider let in, under a name of the connection', async () => {
  const answer = await comeBack(await returned());
  expect(answer.status).toBe(303);
  expect(answer.location).toMatch(/^\/oauth2\/resume\?interaction=ghi_/);
  const consent = await browser.get(answer.location);
  expect(consent.text).toContain('Bob Builder');
});

describe('state', () => {
  it.each([
    ['forged', 'ghi_0123456789012345678901234567890123456789'],
    ['empty', ''],
    ['of another shape', '../../x'],
  ])('that is %s is refused', async (_case, state) => {
    const url = await returned();
    expectNobody(await comeBack(changed(url, 'state', state)));
  });

  it('that is missing or there twice is refused', async () => {
    const url = await returned();
    const twice = new URL(url);
    twice.searchParams.append('state', url.searchParams.get('state') ?? '');
    expectNobody(await comeBack(twice));
    url.searchParams.delete('state');
    expectNobody(await comeBack(url));
  });

  it('of the interaction itself is none: the page’s own token leads nowhere at the callback', async () => {
    const page = await browser.get(authorizeUrl());
    const url = await returned();
    const interaction = page.form('/oauth2/provider')?.['interaction'] ?? '';
    expectNobody(await comeBack(changed(url, 'state', interaction)));
  });

  it('is no interaction: it opens neither the sign-in form nor resume', async () => {
    const url = await returned();
    const state = url.searchParams.get('state') ?? '';
    expectNobody(await browser.get(`/oauth2/resume?interaction=${state}`));
  });

  it('counts once: the same answer again, or ten times at once, signs nobody in twice', async () => {
    const url = await returned();
    const answers = await Promise.all(Array.from({ length: 10 }, () => comeBack(url)));
    expect(answers.filter(({ status }) => status === 303)).toHaveLength(1);
    const again = new PageClient(gatehouse.url);
    again.cookies.set('gatehouse_browser', browser.cookies.get('gatehouse_browser') ?? '');
    expectNobody(await comeBack(url, again), again);
  });
});

describe('another browser', () => {
  it('cannot finish what one began, and takes nothing from it', async () => {
    const url = await returned();
    const victim = new PageClient(gatehouse.url);
    expectNobody(await comeBack(url, victim), victim);
    await victim.get(authorizeUrl());
    expectNobody(await comeBack(url, victim), victim);
    expect((await comeBack(url)).status).toBe(303);
  });

  it('cannot be made to leave: the form needs the page’s token and the same site', async () => {
    const page = await browser.get(authorizeUrl());
    const form = { ...page.form('/oauth2/provider'), connection: 'corp' };
    expectNobody(await browser.post('/oauth2/provider', { ...form, csrf: 'guess' }));
    expectNobody(await browser.post('/oauth2/provider', form, { 'sec-fetch-site': 'cross-site' }));
    const other = new PageClient(gatehouse.url);
    expectNobody(await other.post('/oauth2/provider', form), other);
  });
});

describe('mix-up', () => {
  it('an answer of one provider to a request to another is refused before its code goes anywhere', async () => {
    const toShop = await returned('shop');
    const toCorp = new URL((await leave('corp')).location);
    const before = [corp.tokenRequests, shop.tokenRequests];
    const mixed = changed(toShop, 'state', toCorp.searchParams.get('state') ?? '');
    await expectRefused(await comeBack(mixed));
    expect([corp.tokenRequests, shop.tokenRequests]).toEqual(before);
  });

  it('the code of another sign-in does not fit: nonce and PKCE belong to this one', async () => {
    const attacker = new PageClient(gatehouse.url);
    const stolen = await returned('corp', attacker);
    const own = await returned('corp');
    await expectRefused(await comeBack(changed(own, 'code', stolen.searchParams.get('code') ?? '')));
  });
});

describe('the page', () => {
  it('offers what the client’s users may use, and lets the browser go there and nowhere else', async () => {
    const page = await browser.get(authorizeUrl());
    expect(page.text).toContain('Continue with <bdi>Example Corp</bdi>');
    expect(page.text).toContain('Continue with <bdi>Sign-in of shop</bdi>');
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy.split('; ')).toContain(`form-action 'self' http://127.0.0.1:1 ${corp.issuer} ${shop.issuer}`);
    const own = await browser.get(authorizeUrl({ client_id: 'own-users-only' }));
    expect(own.text).not.toContain('Continue with');
    expect(own.headers.get('content-security-policy')).not.toContain(corp.issuer);
  });

  it('takes no provider that the client does not offer', async () => {
    const page = await browser.get(authorizeUrl({ client_id: 'own-users-only' }));
    const form = { ...page.form('/oauth2/sign-in'), connection: 'corp' };
    expectNobody(await browser.post('/oauth2/provider', form));
    const other = await browser.get(authorizeUrl());
    for (const connection of ['users', 'nobody', 'constructor'])
      expectNobody(await browser.submit(other, '/oauth2/provider', { connection }));
  });

  it('does not let a session from there into a client that does not take its users', async () => {
    await comeBack(await returned());
    const page = await browser.get(authorizeUrl({ client_id: 'own-users-only' }));
    expect(page.form('/oauth2/sign-in')).toBeDefined();
  });
});

it('an app that wants the user to sign in anew gets that from the provider, too', async () => {
  await comeBack(await returned());
  const page = await browser.get(authorizeUrl({ prompt: 'login' }));
  const left = await browser.submit(page, '/oauth2/provider', { connection: 'corp' });
  expect(new URL(left.location).searchParams.get('prompt')).toBe('login');
  expect(new URL((await leave('corp', new PageClient(gatehouse.url))).location).searchParams.has('prompt')).toBe(false);
});

describe('accounts', () => {
  it('are never joined by what a provider claims: same address, same name, another user', async () => {
    corp.people.set('mallory', { preferred_username: 'alice', email: 'alice@example.com', email_verified: false });
    const url = await visitProvider((await leave()).location, 'mallory');
    const answer = await comeBack(url);
    const consent = await browser.get(answer.location);
    const done = await browser.submit(consent, '/oauth2/consent', { decision: 'allow' });
    expect(new URL(done.location).searchParams.get('code')).toMatch(/^ghc_/);
    const echoed = await identityAt('mallory', 'corp');
    expect(echoed).toMatchObject({ 'x-user-id': 'corp|mallory', 'x-auth-connection': 'corp' });
    expect(echoed).not.toHaveProperty('x-user-email');
  });

  it('pass on an address that is verified, and stay with their connection all the same', async () => {
    corp.people.set('carol', { email: 'alice@example.com', email_verified: true });
    expect(await identityAt('carol', 'corp')).toMatchObject({
      'x-user-id': 'corp|carol',
      'x-user-email': 'alice@example.com',
    });
  });
});

it('a route takes users of the connections that it names, and nobody else', async () => {
  const status = async (token: string, path: string) =>
    (await fetch(gatehouse.url + path, { headers: { authorization: `Bearer ${token}` } })).status;
  const bob = await tokenOf({ username: 'bob', password: 'correct horse', connection: 'corp' });
  const alice = await tokenOf({ username: 'alice', password: 'wonderland', connection: 'users' });
  const nobody = await tokenOf({ grant_type: 'client_credentials' });
  expect(await status(bob, '/staff/x')).toBe(200);
  expect(await status(alice, '/staff/x')).toBe(403);
  expect(await status(nobody, '/staff/x')).toBe(403);
  expect(await status(alice, '/demo/x')).toBe(200);
});

async function tokenOf(form: Readonly<Record<string, string>>): Promise<string> {
  const body = new URLSearchParams({ grant_type: 'password', client_id: 'app', client_secret: 'of-the-app', ...form });
  const response = await fetch(`${gatehouse.url}/oauth2/token`, { method: 'POST', body });
  const answer = (await response.json()) as { access_token?: string };
  if (!answer.access_token) throw new Error(JSON.stringify(answer));
  return answer.access_token;
}

/** What the API behind the gateway is told of a user. */
async function identityAt(username: string, connection: string): Promise<Record<string, string>> {
  const token = await tokenOf({ username, password: 'correct horse', connection });
  const response = await fetch(`${gatehouse.url}/demo/echo`, { headers: { authorization: `Bearer ${token}` } });
  return ((await response.json()) as { headers: Record<string, string> }).headers;
}
