import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PasswordConnection, RedirectConnection, SignIn } from '../../src/connections/connection.ts';
import { oidc } from '../../src/connections/oidc.ts';
import { DependencyUnavailable } from '../../src/model/failure.ts';
import { ManualClock } from '../support/manual_clock.ts';
import { type OutsideProvider, PASSWORD, startOutsideProvider, visitProvider } from '../support/outside_provider.ts';

let provider: OutsideProvider;
let clock: ManualClock;
beforeEach(async () => {
  provider = await startOutsideProvider();
  clock = new ManualClock(Date.now());
});
afterEach(() => provider.close());

const CALLBACK = 'http://127.0.0.1:4711/oauth2/callback';
const reported: unknown[] = [];

function connections(change: Record<string, unknown> = {}) {
  const { issuer, clientId, clientSecret } = provider;
  const settings = { issuer, client_id: clientId, client_secret: clientSecret, password: true, allow_insecure: true };
  const nobody = async () => undefined;
  const users = { findByUsername: nobody, find: nobody, findByContact: nobody, setPasswordHash: async () => false };
  const all = oidc.create(oidc.options.parse({ ...settings, ...change }), {
    ...{ name: 'corp', clock, users, passwords: { verify: async () => false } },
    report: (event, detail) => reported.push({ event, ...detail }),
  });
  const redirect = all.find((it): it is RedirectConnection => it.kind === 'redirect');
  const password = all.find((it): it is PasswordConnection => it.kind === 'password');
  if (!redirect || !password) throw new Error('both kinds were asked for');
  return { redirect, password };
}

async function signIn(redirect: RedirectConnection, login = 'bob'): Promise<SignIn> {
  const { to, away } = await redirect.begin(CALLBACK, 'the-state');
  return redirect.finish(await visitProvider(to, login), away);
}

const BOB = {
  subject: 'corp|bob',
  username: 'bob.b',
  name: 'Bob Builder',
  email: 'bob@example.com',
  connection: 'corp',
  roles: [],
};

describe('in the browser', () => {
  it('asks for a code with state, nonce and PKCE', async () => {
    const { redirect } = connections({ label: 'Example Corp', scopes: ['openid', 'email'] });
    const { to, away } = await redirect.begin(CALLBACK, 'the-state');
    const url = new URL(to);
    expect(url.origin).toBe(provider.issuer);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      response_type: 'code',
      client_id: 'gatehouse',
      redirect_uri: CALLBACK,
      scope: 'openid email',
      state: 'the-state',
      nonce: away.nonce,
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    });
    expect(redirect.label).toBe('Example Corp');
    expect(await redirect.origin()).toBe(provider.issuer);
    expect((await redirect.begin(CALLBACK, 's')).away.nonce).not.toBe(away.nonce);
  });

  it('takes the answer for an identity under the name of the connection', async () => {
    const { redirect } = connections();
    expect(await signIn(redirect)).toEqual({ ok: true, identity: BOB });
  });

  it.each(['nonce', 'codeVerifier'] as const)('refuses an answer that does not fit the %s', async (part) => {
    const { redirect } = connections();
    const { to, away } = await redirect.begin(CALLBACK, 'the-state');
    const returned = await visitProvider(to, 'bob');
    expect(await redirect.finish(returned, { ...away, [part]: 'x'.repeat(43) })).toEqual({ ok: false });
  });

  it('refuses the answer of another issuer before it sends the code anywhere (RFC 9207)', async () => {
    const { redirect } = connections();
    const { to, away } = await redirect.begin(CALLBACK, 'the-state');
    const returned = await visitProvider(to, 'bob');
    for (const iss of ['https://evil.example', undefined]) {
      const changed = new URL(returned);
      if (iss === undefined) changed.searchParams.delete('iss');
      else changed.searchParams.set('iss', iss);
      expect(await redirect.finish(changed, away)).toEqual({ ok: false });
    }
    expect(provider.tokenRequests).toBe(0);
  });

  it('takes "Cancel" and a used code for a no', async () => {
    const { redirect } = connections();
    const { to, away } = await redirect.begin(CALLBACK, 's');
    const denied = new URL(`${CALLBACK}?error=access_denied&state=s&iss=${encodeURIComponent(provider.issuer)}`);
    expect(await redirect.finish(denied, away)).toEqual({ ok: false });
    const returned = await visitProvider(to, 'bob');
    expect(await redirect.finish(returned, away)).toMatchObject({ ok: true });
    expect(await redirect.finish(returned, away)).toEqual({ ok: false });
  });
});

describe('by password', () => {
  it('signs in, by the resource owner password grant', async () => {
    const { password } = connections();
    expect(await password.signIn('bob', PASSWORD)).toEqual({ ok: true, identity: BOB });
  });

  it.each([
    ['a wrong password', 'bob', 'wrong'],
    ['an unknown name', 'nobody', PASSWORD],
  ])('says no to %s', async (_case, username, password) => {
    expect(await connections().password.signIn(username, password)).toEqual({ ok: false });
  });

  it.each([
    ['', PASSWORD],
    ['bob', ''],
  ])('never sends what is empty (%j, %j)', async (username, password) => {
    expect(await connections().password.signIn(username, password)).toEqual({ ok: false });
    expect(provider.tokenRequests).toBe(0);
  });
});

describe('claims', () => {
  it('leaves out an address that the provider does not call verified, unless it is trusted', async () => {
    provider.people.set('bob', { name: 'Bob', email: 'alice@example.com', email_verified: false });
    const careful = await signIn(connections().redirect);
    expect(careful).toMatchObject({ ok: true, identity: { subject: 'corp|bob', username: 'bob' } });
    expect(careful.ok && careful.identity.email).toBeUndefined();
    const trusting = await signIn(connections({ trust_unverified: true }).redirect);
    expect(trusting.ok && trusting.identity.email).toBe('alice@example.com');
  });

  it('gives roles only from the claim that the configuration names', async () => {
    provider.people.set('bob', { roles: ['admin'], groups: ['staff', 7, ''] });
    expect(await signIn(connections().redirect)).toMatchObject({ identity: { roles: [] } });
    const mapped = connections({ claims: { roles: 'groups', name: 'sub' } });
    expect(await signIn(mapped.redirect)).toMatchObject({ identity: { roles: ['staff'], name: 'bob' } });
  });
});

describe('a provider that is down', () => {
  it('is DependencyUnavailable, and serves again as soon as it is back', async () => {
    provider.setDown(true);
    const { redirect, password } = connections();
    await expect(redirect.begin(CALLBACK, 's')).rejects.toThrow(DependencyUnavailable);
    await expect(password.signIn('bob', PASSWORD)).rejects.toThrow(DependencyUnavailable);
    expect(await redirect.origin()).toBe(provider.issuer);
    provider.setDown(false);
    clock.advance(3_000);
    expect(await password.signIn('bob', PASSWORD)).toMatchObject({ ok: true });
  });

  it('is DependencyUnavailable in the middle as well, with nothing of what was sent in the message', async () => {
    const { redirect } = connections();
    const { to, away } = await redirect.begin(CALLBACK, 's');
    const returned = await visitProvider(to, 'bob');
    provider.setDown(true);
    const error = await redirect.finish(returned, away).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DependencyUnavailable);
    expect(String(error)).not.toContain(returned.searchParams.get('code'));
    provider.setDown(false);
    expect(await redirect.finish(returned, away)).toMatchObject({ ok: true });
  });

  it('refuses us as a client: that is our trouble, not a wrong password', async () => {
    const { password } = connections({ client_secret: 'wrong' });
    await expect(password.signIn('bob', PASSWORD)).rejects.toThrow('corp is unavailable: invalid_client');
  });

  it('keeps its metadata for an hour, and longer while it is away', async () => {
    const { redirect } = connections();
    await redirect.begin(CALLBACK, 's');
    provider.setDown(true);
    await redirect.begin(CALLBACK, 's');
    clock.advance(2 * 60 * 60_000);
    await redirect.begin(CALLBACK, 's');
  });
});

describe('options', () => {
  const parse = (change: object) =>
    oidc.options.safeParse({ issuer: 'https://login.example.com', client_id: 'x', ...change });

  it('accept a provider with nothing but issuer and client id', () => {
    expect(parse({}).success).toBe(true);
  });

  it.each([
    ['http', { issuer: 'http://login.example.com' }],
    ['http elsewhere, allowed or not', { issuer: 'http://login.example.com', allow_insecure: true }],
    ['a host that only looks like loopback', { issuer: 'http://127.0.0.1.example.com', allow_insecure: true }],
    ['loopback that is not allowed', { issuer: 'http://127.0.0.1:8080' }],
    ['scopes without openid', { scopes: ['email'] }],
    ['no way to sign in', { browser: false }],
    ['an unknown key', { secret: 'x' }],
  ])('refuse %s', (_case, change) => {
    expect(parse(change).success).toBe(false);
  });
});
