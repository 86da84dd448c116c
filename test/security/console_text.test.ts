/**
 * The threat: text that somebody else chose, such as the name of an app, of a user or of a device, or what a browser says it is,
 * becomes script on the page of an operator; or a secret that is shown once can be had a second time, from a cache, a page or a URL.
 */
import { describe, expect, it } from 'vitest';
import type { BrowserSession } from '../../src/model/token.ts';
import { seconds } from '../../src/model/units.ts';
import { expectText, signedIn } from '../console/signed_in.ts';
import { newGrant, newRef } from '../contract/records.ts';
import { PageClient } from '../http/page_client.ts';

const SCRIPT = `"'><script>alert(1)</script><img src=x onerror=alert(1)>`;
/** What scopes may be made of. */
const SCOPE = `'><script>alert(1)</script><img/src=x/onerror=alert(1)>`;

describe('what others wrote', () => {
  it('stays text on every page that shows it', async () => {
    const { gate, browser } = await signedIn();
    const { clients, users, consents, clock } = gate.administration;
    const now = Math.floor(clock.now() / 1000);
    await clients.add({
      ...{ id: 'hostile', name: SCRIPT, description: SCRIPT, grants: ['client_credentials', SCOPE] },
      ...{ redirectUris: [`https://a.example/?${SCOPE}`], scopes: [SCOPE], audience: [SCOPE] },
      ...{ dialects: [SCRIPT], connections: [SCRIPT] },
    });
    const subject = `u-${SCRIPT}`;
    await users.add({
      ...{ id: subject, connection: 'users', username: SCRIPT, name: SCRIPT, email: `${SCRIPT}@example.com` },
      ...{ phoneNumber: SCRIPT, roles: [SCRIPT], passwordHash: 'x' },
    });
    const user = { subject, username: SCRIPT, connection: SCRIPT, roles: [SCRIPT] };
    const grant = newGrant(clock.now(), {
      authorization: { client: SCRIPT, user, scopes: [SCOPE], audience: [SCOPE], authenticatedAt: seconds(now) },
    });
    const entries = grant.entries.map((entry) =>
      entry.kind === 'family' ? { ...entry, record: { ...entry.record, device: SCRIPT } } : entry,
    );
    await gate.backend.tokens.put(entries);
    const session: BrowserSession = {
      ...{ user, authenticatedAt: seconds(now), expiresAt: seconds(now + 600), userAgent: SCRIPT, address: SCRIPT },
    };
    await gate.backend.tokens.put([{ kind: 'session', ref: newRef(), record: session }]);
    await consents.remember(subject, 'hostile', [SCOPE]);

    const of = (path: string, query: Record<string, string>) => `${path}?${new URLSearchParams(query)}`;
    const grants = (await browser.get(of('/tokens', { user: subject }))).text;
    const grantPath = /href="(\/tokens\/grant\?id=[^"]+)"/.exec(grants)?.[1]?.replaceAll('&amp;', '&') ?? '';
    const pages = [
      '/clients',
      of('/clients', { search: SCRIPT }),
      ...['/clients/details', '/clients/edit', '/clients/disable', '/clients/delete', '/clients/rotate-secret'].map(
        (path) => of(path, { id: 'hostile' }),
      ),
      '/users',
      of('/users', { search: SCRIPT }),
      of('/users', { search: `${SCRIPT} nobody` }),
      ...['/users/details', '/users/edit', '/users/password', '/users/lock', '/users/delete', '/users/sign-out'].map(
        (path) => of(path, { id: subject }),
      ),
      of('/tokens', { user: subject }),
      of('/tokens', { user: SCRIPT, client: SCRIPT, device: SCRIPT }),
      of('/tokens/end-all', { user: SCRIPT, client: SCRIPT, device: SCRIPT }),
      grantPath,
    ];
    for (const path of pages) expectText(await browser.get(path), path);
    expectText(await browser.get(of('/clients', { search: SCRIPT, after: 'x' })), 'search');
    const stranger = new PageClient(gate.url);
    expect((await stranger.get(of('/sign-in', { next: `/clients?${SCRIPT}` }))).text).not.toMatch(/<script>|<img/);
  });

  it('stays text where a form comes back with it', async () => {
    const { browser, csrf, gate } = await signedIn();
    await gate.call('POST', '/clients', { body: { id: 'shop', name: 'Shop', grants: ['client_credentials'] } });
    const { body } = await gate.call('GET', '/clients/shop');
    const made = await gate.call('POST', '/users', { body: { username: 'eve', password: 'correct horse battery' } });
    const everything = {
      ...{ csrf, terms: 'yes', revision: body.revision, name: SCRIPT, description: SCRIPT, redirect_uris: SCRIPT },
      ...{ scopes: SCRIPT, audience: SCRIPT, grants: SCRIPT, dialects: SCRIPT, connections: SCRIPT, typed: SCRIPT },
      ...{ username: SCRIPT, email: SCRIPT, phone_number: SCRIPT, roles: SCRIPT, further_roles: SCRIPT },
      ...{ connection: SCRIPT, password: '' },
    };
    const forms: readonly (readonly [string, string])[] = [
      ['/clients/create', 'new'],
      ['/clients/edit', 'shop'],
      ['/clients/delete', 'shop'],
      ['/users/create', 'new'],
      ['/users/edit', made.body.id],
      ['/users/delete', made.body.id],
    ];
    for (const [path, id] of forms) {
      const page = await browser.post(path, { ...everything, id });
      expect(page.status, path).toBe(422);
      expectText(page, path);
    }
    const page = await browser.submit(await browser.get('/sign-in'), '/sign-in', { username: SCRIPT, password: 'x' });
    expectText(page, '/sign-in');
  });
});

describe('a secret', () => {
  it('is on one page once, which nothing keeps, and in no URL, page, log or audit event after that', async () => {
    const { browser, gate, csrf } = await signedIn();
    const form = await browser.get('/clients/create');
    const fields = { name: 'Shop', terms: 'yes' };
    const created = await browser.submit(form, '/clients/create', fields);
    const secret = /ghk_[A-Za-z0-9_-]+/.exec(created.text)?.[0] ?? '';
    const id = form.form('/clients/create')?.['id'] ?? '';
    expect(created.status).toBe(200);
    expect(secret.length).toBeGreaterThan(40);
    expect(created.text.split(secret)).toHaveLength(2);
    expect(created.headers.get('cache-control')).toBe('no-store');

    // The page is reloaded, or "Back" and "Done" are pressed: the form is sent again.
    const again = await browser.submit(form, '/clients/create', fields);
    expect(again.location).toBe(`/clients/details?id=${id}`);
    expect((await browser.get(again.location)).text).toContain('Its secret was shown then, once.');
    expect((await gate.call('GET', '/clients?search=shop')).body.items).toHaveLength(1);

    const rotation = await browser.get(`/clients/rotate-secret?id=${id}`);
    const rotated = await browser.submit(rotation, '/clients/rotate-secret', { overlap: '24h' });
    const next = /ghk_[A-Za-z0-9_-]+/.exec(rotated.text)?.[0] ?? '';
    expect(next.length).toBeGreaterThan(40);
    expect(next).not.toBe(secret);
    expect(rotated.headers.get('cache-control')).toBe('no-store');
    const twice = await browser.submit(rotation, '/clients/rotate-secret', { overlap: '24h' });
    expect(twice.status).toBe(409);
    expect(twice.text).not.toContain('ghk_');

    for (const path of ['/clients', `/clients/details?id=${id}`, `/clients/edit?id=${id}`]) {
      expect((await browser.get(path)).text).not.toContain('ghk_');
    }
    const kept = JSON.stringify([gate.reported, await gate.audited()]);
    expect(kept).not.toContain(secret);
    expect(kept).not.toContain(next);
    expect(kept).not.toContain(csrf);
  });

  it('does not come back in a form that was refused: passwords and tokens are typed again', async () => {
    const { browser, csrf, gate } = await signedIn();
    const password = 'canary-of-a-password';
    const token = 'gha_canaryOfAToken00000000000000000000000000';
    const pages = [
      await browser.post('/users/create', { csrf, username: '', password }),
      await browser.post('/tokens/inspect', { csrf, token, do: 'inspect' }),
      await browser.post('/tokens/inspect', { csrf, token: ` ${token}\u0000`, do: 'inspect' }),
      await browser.post('/sign-in', { username: 'admin', password }),
    ];
    for (const page of pages) {
      expect(page.text).not.toContain('canary');
      expect(page.location).not.toContain('canary');
    }
    expect(JSON.stringify([gate.reported, await gate.audited()])).not.toContain('canary');
  });
});
