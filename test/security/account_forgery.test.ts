/**
 * Threat: another site, or another page of this one, makes a signed-in browser send the account's forms; or a form that was shown to
 * one user is clicked for another. What must hold: without the token of this very session, sent from our own pages, nothing changes.
 */
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { type AccountUnderTest, startAccount } from '../account/account_under_test.ts';
import type { PageClient } from '../http/page_client.ts';

const FORMS: readonly (readonly [path: string, fields: Readonly<Record<string, string>>])[] = [
  ['/account/applications/remove', { client: 'app' }],
  ['/account/sessions/end', { session: 'x' }],
  ['/account/devices/end', { device: 'phone' }],
  ['/account/tokens/new', { name: 'stolen', scope: 'read', lifetime: String(7 * 86_400) }],
  ['/account/tokens/revoke', { token: 'x' }],
  ['/account/password', { current: 'wonderland', next: 'of the attacker', repeated: 'of the attacker' }],
  ['/account/sign-out-everywhere', {}],
  ['/account/sign-out', {}],
];

let account: AccountUnderTest;
let victim: PageClient;
let csrf: string;
beforeEach(async () => {
  account = await startAccount();
  onTestFinished(() => account.edge.drain());
  victim = await account.signedIn();
  csrf = (await victim.get('/account')).form('/account/sign-out')?.['csrf'] ?? '';
});

async function expectNothingChanged(): Promise<void> {
  expect(account.events).toEqual([]);
  expect((await victim.get('/account')).text).toContain('Hello');
  expect((await victim.get('/account/tokens')).text).toContain('You have no tokens.');
}

describe.each(FORMS)('the form at %s', (path, fields) => {
  it.each([
    ['another site, by Sec-Fetch-Site', { 'sec-fetch-site': 'cross-site' }],
    ['another host of the same site', { 'sec-fetch-site': 'same-site' }],
    ['another site, by Origin alone', { 'sec-fetch-site': '', origin: 'https://evil.example' }],
  ])('is refused from %s, even with its token', async (_who, headers) => {
    const { 'sec-fetch-site': site, ...rest } = headers;
    const answer = await victim.send(path, {
      method: 'POST',
      body: new URLSearchParams({ ...fields, csrf }),
      headers: { ...rest, ...(site && { 'sec-fetch-site': site }) },
    });
    expect(answer.status).toBe(403);
    await expectNothingChanged();
  });

  it('is refused without a token, with a wrong one, with two, and with that of another session', async () => {
    const other = (await (await account.signedIn('bob')).get('/account')).form('/account/sign-out')?.['csrf'] ?? '';
    const again = (await (await account.signedIn('alice')).get('/account')).form('/account/sign-out')?.['csrf'] ?? '';
    expect(new Set([csrf, other, again]).size).toBe(3);
    for (const wrong of ['', 'x', csrf.slice(1), other, again]) {
      const answer = await victim.post(path, { ...fields, csrf: wrong });
      expect(answer.status).toBe(403);
      expect(answer.text).toContain('Go to your account');
    }
    const twice = await victim.send(path, {
      method: 'POST',
      body: new URLSearchParams([...Object.entries(fields), ['csrf', csrf], ['csrf', csrf]]),
      headers: { 'sec-fetch-site': 'same-origin' },
    });
    expect(twice.status).toBe(400);
    await expectNothingChanged();
  });

  it('does nothing as a link, nor in another media type', async () => {
    const link = await victim.get(`${path}?${new URLSearchParams({ ...fields, csrf })}`);
    expect([200, 405]).toContain(link.status);
    const json = await victim.send(path, {
      method: 'POST',
      body: JSON.stringify({ ...fields, csrf }),
      headers: { 'content-type': 'text/plain', 'sec-fetch-site': 'same-origin' },
    });
    expect(json.status).toBe(415);
    await expectNothingChanged();
  });

  it('asks whoever is not signed in to sign in, and does nothing', async () => {
    const answer = await account.browser().post(path, { ...fields, csrf });
    expect(answer.text).toContain('name="password"');
    await expectNothingChanged();
  });
});

describe('the pages', () => {
  it('cannot be framed, run no script, load nothing, and are kept nowhere', async () => {
    for (const path of ['', '/applications', '/sessions', '/tokens', '/tokens/new', '/password', '/signed-out']) {
      const { headers, text } = await victim.get(`/account${path}`);
      const policy = headers.get('content-security-policy') ?? '';
      expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[^']+'; /);
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).toContain("form-action 'self'");
      expect(policy).not.toMatch(/unsafe|script-src/);
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
      expect(text).not.toContain('<script');
    }
  });

  it('say that something was done only if it was', async () => {
    for (const done of ['password_changed', 'password_changed.', 'password_changed.x', `password_changed.${csrf}`]) {
      expect((await victim.get(`/account/password?done=${done}`)).text).not.toContain('Your password is changed');
    }
    expect((await victim.get('/account?done=__proto__.x')).status).toBe(200);
  });
});
