/**
 * The threat: a page of somebody else makes a signed-in browser allow what its user never saw, by framing our pages, by sending our
 * forms, by planting its own cookies, or by getting script into our pages through a client's name, a user's name or a parameter.
 */
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Client } from '../../src/model/client.ts';
import { type EdgeOptions, type EdgeUnderTest, startEdge } from '../http/edge_under_test.ts';
import { type PageAnswer, PageClient } from '../http/page_client.ts';
import { alice, app, newPkce, request } from '../oauth/core_under_test.ts';

let edge: EdgeUnderTest;
let victim: PageClient;

async function start(options: EdgeOptions = {}): Promise<void> {
  edge = await startEdge(options);
  onTestFinished(() => edge.drain());
  victim = new PageClient(edge.url);
}
beforeEach(() => start());

const authorizeUrl = (change: Record<string, string> = {}) =>
  `/oauth2/authorize?${new URLSearchParams({ ...request(), ...newPkce().query, ...change })}`;

describe('clickjacking', () => {
  it('has no page that can be framed, and none that loads or runs anything', async () => {
    const signIn = await victim.get(authorizeUrl());
    const consent = await victim.signIn(authorizeUrl(), 'alice', 'wonderland');
    const error = await victim.get('/oauth2/authorize');
    for (const page of [signIn, consent, error]) {
      const policy = page.headers.get('content-security-policy') ?? '';
      expect(policy).toMatch(
        /^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/=]{44}'; img-src 'self' data:; form-action 'self'/,
      );
      expect(policy).toMatch(/frame-ancestors 'none'; base-uri 'none'$/);
      expect(policy).not.toMatch(/unsafe|\*|script-src/);
      expect(Object.fromEntries(page.headers)).toMatchObject({
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
        'cross-origin-opener-policy': 'same-origin',
      });
      expect(page.text).not.toMatch(/<script|\son\w+=|javascript:/i);
    }
    expect(consent.headers.get('content-security-policy')).toContain("form-action 'self' https://app.example.com;");
    expect(error.headers.get('content-security-policy')).toContain("form-action 'self';");
  });
});

describe('cross-site request forgery', () => {
  const FOREIGN = [
    { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
    { 'sec-fetch-site': 'same-site', origin: 'https://sub.example.com' },
    { 'sec-fetch-site': 'cross-site', origin: 'null' },
  ];

  it.each(FOREIGN)('refuses every form that another site sent: %o', async (headers) => {
    const consent = await victim.signIn(authorizeUrl(), 'alice', 'wonderland');
    const fields = consent.form('/oauth2/consent') ?? {};
    for (const path of ['/oauth2/consent', '/oauth2/sign-in', '/oauth2/sign-out']) {
      const answer = await victim.post(
        path,
        { ...fields, decision: 'allow', username: 'alice', password: 'wonderland' },
        headers,
      );
      expect(answer.status).toBe(403);
      expect(answer.location).toBe('');
      expect(answer.headers.getSetCookie()).toEqual([]);
    }
    // Nothing has happened: the user can still decide.
    expect((await victim.submit(consent, '/oauth2/consent', { decision: 'allow' })).status).toBe(303);
  });

  it('refuses another origin where a browser does not say the site', async () => {
    const signIn = await victim.get(authorizeUrl());
    const fields = { ...signIn.form('/oauth2/sign-in'), username: 'alice', password: 'wonderland' };
    const send = (origin: string) =>
      victim.send('/oauth2/sign-in', { method: 'POST', body: new URLSearchParams(fields), headers: { origin } });
    expect((await send('https://evil.example')).status).toBe(403);
    expect((await send(`${edge.url}.evil.example`)).status).toBe(403);
    expect((await send(edge.url)).status).toBe(303);
  });

  it('accepts no form without the token of this very page', async () => {
    const consent = await victim.signIn(authorizeUrl(), 'alice', 'wonderland');
    const other = await victim.signIn(authorizeUrl(), 'alice', 'wonderland');
    const fields = consent.form('/oauth2/consent') ?? {};
    const wrong: Record<string, string>[] = [
      { csrf: '' },
      { csrf: 'x' },
      { csrf: other.form('/oauth2/consent')?.['csrf'] ?? '' },
    ];
    for (const change of wrong) {
      const answer = await victim.post('/oauth2/consent', { ...fields, ...change, decision: 'allow' });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.location).toBe('');
    }
    const { csrf: _, ...without } = fields;
    expect((await victim.post('/oauth2/consent', { ...without, decision: 'allow' })).status).toBe(400);
  });

  it('lets nobody finish in the victim’s browser what was begun in another', async () => {
    const attacker = new PageClient(edge.url);
    const page = await attacker.get(authorizeUrl());
    const lured = await victim.get(`/oauth2/resume?interaction=${page.form('/oauth2/sign-in')?.['interaction']}`);
    expect(lured.status).toBe(403);
    await victim.get(authorizeUrl());
    const answer = await victim.submit(page, '/oauth2/sign-in', { username: 'alice', password: 'wonderland' });
    expect(answer.status).toBe(403);
    expect(victim.cookies.has('gatehouse_session')).toBe(false);
  });

  it('gives a new session at sign-in, so that a planted one is worth nothing', async () => {
    victim.cookies.set('gatehouse_session', 'ghs_planted0planted0planted0planted0planted0');
    await victim.signIn(authorizeUrl(), 'alice', 'wonderland');
    expect(victim.cookies.get('gatehouse_session')).not.toContain('planted');
  });
});

describe('cookies over https', () => {
  it('carry __Host- and Secure behind a trusted proxy that says https, and only then', async () => {
    await start({ trustedProxies: ['127.0.0.1'] });
    const https = new PageClient(edge.url, { 'x-forwarded-proto': 'https' });
    await https.get(authorizeUrl());
    expect([...https.cookies.keys()]).toEqual(['__Host-gatehouse_browser']);
    const http = new PageClient(edge.url, { 'x-forwarded-proto': 'http' });
    await http.get(authorizeUrl());
    expect([...http.cookies.keys()]).toEqual(['gatehouse_browser']);
  });

  it('do not believe a stranger who says https', async () => {
    const stranger = new PageClient(edge.url, { 'x-forwarded-proto': 'https' });
    await stranger.get(authorizeUrl());
    expect([...stranger.cookies.keys()]).toEqual(['gatehouse_browser']);
  });
});

describe('cross-site scripting', () => {
  const SCRIPT = `"><script>alert(1)</script><img src=x onerror='alert(1)'>`;
  const hostile: Client = { ...app, name: SCRIPT, description: SCRIPT, scopes: ['read', '<script>alert(1)</script>'] };

  function expectHarmless(page: PageAnswer): void {
    expect(page.text).not.toContain('<script');
    expect(page.text).not.toContain('<img');
    expect(page.text).toContain('&lt;script&gt;');
  }

  it('is only text in the name of a client, of a scope, of a user, and in what was typed', async () => {
    await start({ clients: [hostile], users: [] });
    await edge.core.users.add({ ...alice, name: SCRIPT, email: SCRIPT });
    const signIn = await victim.get(authorizeUrl({ scope: 'read <script>alert(1)</script>' }));
    expectHarmless(signIn);
    const wrong = await victim.submit(signIn, '/oauth2/sign-in', { username: SCRIPT, password: 'x' });
    expectHarmless(wrong);
    const signedIn = await victim.submit(wrong, '/oauth2/sign-in', { username: 'alice', password: 'wonderland' });
    expectHarmless(await victim.get(signedIn.location));
  });

  it.each(['client_id', 'redirect_uri', 'scope', 'state', 'code_challenge', SCRIPT])(
    'gets nowhere in %s',
    async (name) => {
      const page = await victim.get(authorizeUrl({ [name]: SCRIPT }));
      expect(page.text).not.toMatch(/<script|<img|onerror='/);
      expect(page.location).not.toMatch(/[<>"']/);
    },
  );

  it('cannot split a response through state', async () => {
    const page = await victim.get(authorizeUrl({ state: 'x\r\nSet-Cookie: a=b\r\n\r\n<html>', code_challenge: '' }));
    expect(page.status).toBe(303);
    expect(page.headers.getSetCookie()).toEqual([]);
    expect(new URL(page.location).searchParams.get('state')).toBe('x\r\nSet-Cookie: a=b\r\n\r\n<html>');
  });
});
