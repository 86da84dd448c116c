/**
 * Threat: names that an app, a browser or the user chose carry markup, quotes or line breaks into the pages. What must hold: they
 * stay text, in element content, in attributes and in titles.
 */
import { expect, it, onTestFinished } from 'vitest';
import { startAccount } from '../account/account_under_test.ts';
import { alice, app } from '../oauth/core_under_test.ts';

const EVIL = `"><script>alert(1)</script><img src=x onerror=alert(1)>' onfocus='alert(1)`;
/** As it may stand in a page: in element content and in quoted attributes. */
const harmless = (text: string) => !/<script|<img|onfocus='|" on/.test(text);

it('scripts in names of tokens, apps, devices, users and browsers stay text', async () => {
  const evilApp = { ...app, name: EVIL, description: EVIL };
  const evil = { ...alice, name: EVIL, email: `"<script>"@example.com` };
  const account = await startAccount({ clients: [evilApp], users: [evil] });
  onTestFinished(() => account.edge.drain());
  const client = await account.signedIn('alice', { 'user-agent': `<script>alert(1)</script>"'` });
  await account.grant(evil, { device: EVIL, scopes: [`a"><script>`] });
  const form = await client.get(`/account/tokens/new?${new URLSearchParams({ name: EVIL, lifetime: EVIL })}`);
  expect(form.text).toContain('value="&quot;&gt;&lt;script&gt;');
  const made = await client.submit(form, '/account/tokens/new', {
    name: EVIL.slice(0, 64),
    scope: 'read',
    lifetime: String(7 * 86_400),
  });
  expect(made.text).toContain('gha_');
  const refused = await client.submit(form, '/account/tokens/new', { name: EVIL, scope: EVIL, lifetime: EVIL });
  expect(refused.status).toBe(422);
  const pages = await Promise.all(
    ['', '/applications', '/sessions', '/tokens', '/sign-out-everywhere', '/password'].map((path) =>
      client.get(`/account${path}`),
    ),
  );
  for (const { status, text } of pages) expect(status, text).toBe(200);
  expect([form, made, refused, ...pages].map(({ text }) => harmless(text))).not.toContain(false);
  expect(pages.filter(({ text }) => text.includes('&lt;script&gt;'))).toHaveLength(pages.length);
});

it('control characters make no name of a token', async () => {
  const account = await startAccount();
  onTestFinished(() => account.edge.drain());
  const client = await account.signedIn();
  const form = await client.get('/account/tokens/new');
  for (const name of ['a\nb', 'a\0b', 'a\r\nSet-Cookie: x=1', 'a\u2028b', ' ', 'x'.repeat(65)]) {
    const refused = await client.submit(form, '/account/tokens/new', { name, scope: 'read', lifetime: '604800' });
    expect([name, refused.status]).toEqual([name, 422]);
  }
});
