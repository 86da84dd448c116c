import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { DependencyUnavailable } from '../../src/model/failure.ts';
import { CALLBACK, newPkce, request } from '../oauth/core_under_test.ts';
import { type EdgeOptions, type EdgeUnderTest, startEdge } from './edge_under_test.ts';
import { PageClient } from './page_client.ts';

let edge: EdgeUnderTest;
let browser: PageClient;

async function start(options: EdgeOptions = {}): Promise<void> {
  edge = await startEdge(options);
  onTestFinished(() => edge.drain());
  browser = new PageClient(edge.url);
}
beforeEach(() => start());

const authorizeUrl = (change: Record<string, string> = {}) =>
  `/oauth2/authorize?${new URLSearchParams({ ...request(), ...newPkce().query, ...change })}`;

describe('the way through the pages', () => {
  it('leads from the app through sign-in and consent back to the app', async () => {
    const signIn = await browser.get(authorizeUrl());
    expect(signIn.status).toBe(200);
    expect(signIn.text).toContain('The App');
    expect(signIn.form('/oauth2/sign-in')).toMatchObject({ interaction: expect.any(String), csrf: expect.any(String) });

    const signedIn = await browser.submit(signIn, '/oauth2/sign-in', { username: 'alice', password: 'wonderland' });
    expect(signedIn.status).toBe(303);
    expect(signedIn.location).toMatch(/^\/oauth2\/resume\?interaction=/);

    const consent = await browser.get(signedIn.location);
    expect(consent.status).toBe(200);
    expect(consent.text).toContain('The App');
    expect(consent.text).toContain('Alice Liddell');
    expect(consent.text).toContain('<code>read</code>');
    expect(consent.text).toContain('https://app.example.com');

    const done = await browser.submit(consent, '/oauth2/consent', { decision: 'allow' });
    expect(done.status).toBe(303);
    const back = new URL(done.location);
    expect(back.origin + back.pathname).toBe(CALLBACK);
    expect(Object.fromEntries(back.searchParams)).toEqual({
      code: expect.any(String),
      state: 'xyz',
      iss: 'https://auth.example.com',
    });
  });

  it('remembers who is signed in and what was allowed', async () => {
    await browser.signIn(authorizeUrl(), 'alice', 'wonderland', 'allow');
    const again = await browser.get(authorizeUrl({ state: 'second' }));
    expect(again.status).toBe(303);
    expect(new URL(again.location).searchParams.get('state')).toBe('second');
  });

  it('takes no for an answer, and everything but "allow" for a no', async () => {
    for (const decision of [{ decision: 'deny' }, { decision: 'ALLOW' }, {}]) {
      const consent = await browser.signIn(authorizeUrl(), 'alice', 'wonderland');
      const done = await browser.submit(consent, '/oauth2/consent', decision);
      expect(done.status).toBe(303);
      expect(new URL(done.location).searchParams.get('error')).toBe('access_denied');
    }
  });

  it('says that the password was wrong, keeps the name and nothing else', async () => {
    const report = edge.nextExchange();
    const signIn = await browser.get(authorizeUrl());
    await report;
    const next = edge.nextExchange();
    const wrong = await browser.submit(signIn, '/oauth2/sign-in', { username: 'alice', password: 'hunter2' });
    expect(wrong.status).toBe(422);
    expect(wrong.text).toContain('role="alert"');
    expect(wrong.text).toContain('value="alice"');
    expect(wrong.text).not.toContain('hunter2');
    expect(await next).toMatchObject({ route: 'sign_in', client: 'app', status: 422, refused: 'invalid_credentials' });
    const right = await browser.submit(wrong, '/oauth2/sign-in', { username: 'alice', password: 'wonderland' });
    expect(right.status).toBe(303);
  });

  it('signs somebody else in after "Not you?"', async () => {
    const consent = await browser.signIn(authorizeUrl(), 'alice', 'wonderland');
    const before = browser.cookies.get('gatehouse_session');
    const out = await browser.submit(consent, '/oauth2/sign-out', {});
    expect(out.status).toBe(303);
    expect(browser.cookies.has('gatehouse_session')).toBe(false);
    expect((await browser.get(out.location)).form('/oauth2/sign-in')).toBeDefined();
    // The session itself is over, not only the cookie.
    browser.cookies.set('gatehouse_session', before ?? '');
    expect((await browser.get(out.location)).form('/oauth2/sign-in')).toBeDefined();
  });

  it('names user and client in the log once they are known', async () => {
    const signedIn = await browser.get(authorizeUrl());
    const resumed = await browser.submit(signedIn, '/oauth2/sign-in', { username: 'alice', password: 'wonderland' });
    const report = edge.nextExchange();
    await browser.get(resumed.location);
    expect(await report).toMatchObject({
      route: 'resume',
      path: '/oauth2/resume',
      client: 'app',
      user: 'u-alice',
      status: 200,
    });
  });
});

describe('an error in the browser', () => {
  it.each([
    ['an unknown client', { client_id: 'nobody' }],
    ['a redirect URI of somebody else', { redirect_uri: 'https://evil.example/' }],
    ['no client', { client_id: '' }],
  ])('that leaves nobody to trust stays here: %s', async (_what, change) => {
    const page = await browser.get(authorizeUrl(change));
    expect(page.status).toBe(400);
    expect(page.location).toBe('');
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.text).toContain('role="alert"');
    expect(page.text).toContain(page.headers.get('x-request-id') ?? 'no id');
  });

  it('of the app goes back to the app', async () => {
    const page = await browser.get(authorizeUrl({ code_challenge: '' }));
    expect(page.status).toBe(303);
    expect(new URL(page.location).searchParams.get('error')).toBe('invalid_request');
  });

  it.each([
    ['an interaction that is unknown', '/oauth2/resume?interaction=ghi_0123456789abcdef0123456789abcdef01234567'],
    ['no interaction', '/oauth2/resume'],
    ['two interactions', '/oauth2/resume?interaction=a&interaction=b'],
    ['a broken query', '/oauth2/resume?interaction=%zz'],
  ])('about %s is a page with 400', async (_what, path) => {
    const page = await browser.get(path);
    expect(page.status).toBe(400);
    expect(page.text).toContain('<!doctype html>');
  });

  it('is a page with 503 and Retry-After while the store is away', async () => {
    await start({
      store: (store) => ({
        get: store.get.bind(store),
        put: () => Promise.reject(new DependencyUnavailable('store', 'away')),
        take: store.take.bind(store),
        rotate: store.rotate.bind(store),
        revoke: store.revoke.bind(store),
        families: store.families.bind(store),
        sessions: store.sessions.bind(store),
        claim: store.claim.bind(store),
        invalidation: store.invalidation,
      }),
    });
    const page = await browser.get(authorizeUrl());
    expect(page.status).toBe(503);
    expect(page.headers.get('retry-after')).toBe('1');
    expect(page.text).toContain('Try again in a moment');
  });

  it('is a page for a form that is no form', async () => {
    const page = await browser.send('/oauth2/sign-in', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    expect(page.status).toBe(415);
    expect(page.text).toContain('<!doctype html>');
  });
});

describe('too many attempts', () => {
  it('are said on a page, with the time to wait, whatever the password', async () => {
    const signIn = await browser.get(authorizeUrl());
    const attempt = (password: string) => browser.submit(signIn, '/oauth2/sign-in', { username: 'alice', password });
    for (let count = 0; count < 10; count++) expect((await attempt('wrong')).status).toBe(422);
    const refused = await attempt('wonderland');
    expect(refused.status).toBe(429);
    expect(refused.text).toContain('Too many attempts: wait 5 minutes before the next one.');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(290);
  });
});
