/**
 * The threat: a page of somebody else makes the browser of an operator who is signed in to the console do what the operator never
 * saw, by sending our forms, framing our pages, planting cookies, or leading the sign-in elsewhere; or somebody who may only look at
 * things sends the forms of those who may change them.
 */
import { describe, expect, it } from 'vitest';
import { ALL_PAGES } from '../../src/console/pages/all_pages.ts';
import { createBrowserSessions } from '../../src/oauth/browser_sessions.ts';
import { startConsole } from '../console/console_under_test.ts';
import { PageClient } from '../http/page_client.ts';
import { ManualClock } from '../support/manual_clock.ts';

const CLIENT = { id: 'shop', name: 'Shop', grants: ['client_credentials'] };

async function signedIn(username = 'admin', password = 'looking-glass', clock?: ManualClock) {
  const gate = await startConsole(clock === undefined ? {} : { clock });
  const browser = new PageClient(gate.url);
  const page = await browser.get('/sign-in');
  const answer = await browser.submit(page, '/sign-in', { username, password });
  return { gate, browser, answer };
}

const FORMS = ALL_PAGES.filter(({ method }) => method === 'POST').map(({ path }) => path);

describe('a form that another site sent', () => {
  const FOREIGN = [
    { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
    { 'sec-fetch-site': 'same-site', origin: 'https://sub.example.com' },
    { 'sec-fetch-site': 'cross-site', origin: 'null' },
  ];

  it('is refused by all of our forms, with the right token too', async () => {
    const { browser, gate } = await signedIn();
    const csrf = (await browser.get('/clients')).form('/sign-out')?.['csrf'] ?? '';
    const signIn = (await browser.get('/sign-in')).form('/sign-in')?.['csrf'] ?? '';
    const before = await gate.audited();
    for (const path of [...FORMS, '/sign-out', '/sign-in']) {
      for (const headers of FOREIGN) {
        const fields = { id: 'app', username: 'admin', password: 'looking-glass' };
        const answer = await browser.post(path, { ...fields, csrf: path === '/sign-in' ? signIn : csrf }, headers);
        expect({ path, status: answer.status, location: answer.location }).toEqual({ path, status: 403, location: '' });
        expect(answer.headers.getSetCookie()).toEqual([]);
      }
    }
    expect(await gate.audited()).toEqual(before);
    expect((await browser.get('/clients')).status).toBe(200);
  });

  it('is refused without the token of this session, and with that of another', async () => {
    const { browser, gate } = await signedIn();
    await gate.call('POST', '/clients', { body: CLIENT });
    const other = new PageClient(gate.url);
    await other.submit(await other.get('/sign-in'), '/sign-in', { username: 'admin', password: 'looking-glass' });
    const theirs = (await other.get('/clients')).form('/sign-out')?.['csrf'] ?? '';
    const ours = (await browser.get('/clients')).form('/sign-out')?.['csrf'] ?? '';
    expect(theirs).not.toBe(ours);
    for (const csrf of ['', 'x', theirs]) {
      const answer = await browser.post('/clients/delete', { csrf, id: 'shop', typed: 'Shop' });
      expect(answer.status).toBe(422);
      expect(answer.text).toContain('nothing was done');
      const inspected = await browser.post('/tokens/inspect', {
        csrf,
        token: 'gha_00000000000000000000',
        do: 'inspect',
      });
      expect(inspected.status).toBe(422);
      expect((await browser.post('/sign-out', { csrf })).status).toBe(403);
    }
    expect((await gate.call('GET', '/clients/shop')).status).toBe(200);
    expect((await browser.post('/clients/delete', { csrf: ours, id: 'shop', typed: 'Shop' })).status).toBe(303);
    expect((await gate.call('GET', '/clients/shop')).status).toBe(404);
  });

  it('is refused if the browser does not say where it comes from', async () => {
    const { browser } = await signedIn();
    const csrf = (await browser.get('/clients')).form('/sign-out')?.['csrf'] ?? '';
    const send = (headers: Record<string, string>) =>
      browser.send('/sign-out', { method: 'POST', body: new URLSearchParams({ csrf }), headers });
    expect((await send({})).status).toBe(403);
    expect((await send({ origin: 'null' })).status).toBe(403);
    expect((await send({ origin: 'https://evil.example' })).status).toBe(403);
    expect((await browser.get('/clients')).status).toBe(200);
  });

  it('has no cookie with it: the session is SameSite=Strict, HttpOnly, and Secure over https', async () => {
    const { answer, gate } = await signedIn();
    const [session = ''] = answer.headers.getSetCookie().filter((line) => line.startsWith('gatehouse_console='));
    expect(session).toMatch(/^gatehouse_console=ghs_[A-Za-z0-9_-]{40}; Path=\/; HttpOnly; SameSite=Strict$/);
    expect((await fetch(`${gate.url}/clients`, { redirect: 'manual' })).status).toBe(303);
  });
});

describe('framing', () => {
  it('is refused by every page, and none runs or loads what is not ours', async () => {
    const { browser, gate } = await signedIn();
    const paths = ALL_PAGES.filter(({ method }) => method === 'GET').map(({ path }) => path);
    const stranger = new PageClient(gate.url);
    const pages = [
      await stranger.get('/sign-in'),
      await browser.post('/clients/delete', {}),
      ...(await Promise.all(paths.map((path) => browser.get(`${path}?id=app`)))),
    ];
    for (const page of pages.filter(({ status }) => status !== 303)) {
      expect(page.headers.get('content-type')).toMatch(/^(text\/html; charset=utf-8|application\/json)$/);
      expect(page.headers.get('content-security-policy')).toBe(
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
      );
      expect(Object.fromEntries(page.headers)).toMatchObject({
        'x-frame-options': 'DENY',
        'x-content-type-options': 'nosniff',
        'cross-origin-opener-policy': 'same-origin',
        'cache-control': 'no-store',
      });
      expect(page.text).not.toMatch(/<script(?! src="\/assets\/)|<style|\sstyle=|\son\w+=|javascript:/i);
    }
  });

  it('lets caches keep the files of pages alone', async () => {
    const { browser, gate } = await signedIn();
    const page = await browser.get('/clients');
    const files = [...page.text.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path = '']) => path);
    expect(files.length).toBeGreaterThanOrEqual(2);
    for (const path of files) {
      const file = await fetch(gate.url + path);
      expect(file.status).toBe(200);
      expect(file.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      expect(file.headers.get('content-type')).toMatch(/^text\/(css|javascript); charset=utf-8$/);
      expect(file.headers.getSetCookie()).toEqual([]);
    }
  });
});

describe('the session', () => {
  it('gets a new value at sign-in, so that a planted one is worth nothing', async () => {
    const gate = await startConsole();
    const browser = new PageClient(gate.url);
    const planted = 'ghs_planted0planted0planted0planted0planted0';
    browser.cookies.set('gatehouse_console', planted);
    await browser.submit(await browser.get('/sign-in'), '/sign-in', { username: 'admin', password: 'looking-glass' });
    const value = browser.cookies.get('gatehouse_console');
    expect(value).toMatch(/^ghs_/);
    expect(value).not.toBe(planted);
    const attacker = new PageClient(gate.url);
    attacker.cookies.set('gatehouse_console', planted);
    expect((await attacker.get('/clients')).location).toContain('/sign-in');
    // A second sign-in ends the first session: two people at one desk do not share one.
    await browser.submit(await browser.get('/sign-in'), '/sign-in', { username: 'auditor', password: 'looking-glass' });
    attacker.cookies.set('gatehouse_console', value ?? '');
    expect((await attacker.get('/clients')).location).toContain('/sign-in');
  });

  it('is none that an app’s sign-in gave, nor the other way round', async () => {
    const { gate, browser } = await signedIn();
    const { tokens: store } = gate.backend;
    const apps = createBrowserSessions({ store, clock: gate.administration.clock });
    const user = { subject: 'u-admin', username: 'admin', connection: 'users', roles: ['admin'] };
    const cookie = await apps.begin(user, { session: undefined });
    const attacker = new PageClient(gate.url);
    attacker.cookies.set('gatehouse_console', cookie);
    expect((await attacker.get('/clients')).location).toContain('/sign-in');
    expect(await apps.find(cookie)).toBeDefined();
    expect(await apps.find(browser.cookies.get('gatehouse_console'))).toBeUndefined();
  });

  it('does not open the API', async () => {
    const { browser } = await signedIn();
    expect((await browser.get('/api/v1/clients')).status).toBe(401);
  });

  it('ends in the store at sign-out', async () => {
    const { browser, gate } = await signedIn();
    const stolen = browser.cookies.get('gatehouse_console') ?? '';
    const page = await browser.get('/clients');
    expect((await browser.submit(page, '/sign-out', {})).location).toBe('/sign-in');
    const attacker = new PageClient(gate.url);
    attacker.cookies.set('gatehouse_console', stolen);
    expect((await attacker.get('/clients')).location).toContain('/sign-in');
    expect((await gate.audited()).map(({ action, outcome }) => `${action} ${outcome}`)).toEqual([
      'console.sign_out done',
      'console.sign_in done',
    ]);
  });

  it('ends after half an hour without use, and after eight hours however much it is used', async () => {
    const clock = new ManualClock();
    const { browser } = await signedIn('admin', 'looking-glass', clock);
    const minutes = async (count: number) => {
      clock.advance(count * 60_000);
      return (await browser.get('/clients')).status;
    };
    for (let used = 0; used < 19; used++) expect(await minutes(25)).toBe(200);
    expect(await minutes(25)).toBe(303);
    await browser.submit(await browser.get('/sign-in'), '/sign-in', { username: 'admin', password: 'looking-glass' });
    expect(await minutes(1)).toBe(200);
    expect(await minutes(36)).toBe(303);
    clock.advance(-36 * 60_000);
    expect((await browser.get('/clients')).status).toBe(303);
  });

  it('has the role that the user has now', async () => {
    const { gate, browser } = await signedIn();
    const made = await gate.call('POST', '/users', {
      body: { username: 'eve', password: 'correct horse battery', roles: ['admin'] },
    });
    const eve = new PageClient(gate.url);
    await eve.submit(await eve.get('/sign-in'), '/sign-in', { username: 'eve', password: 'correct horse battery' });
    expect((await eve.get('/clients/create')).status).toBe(200);
    const csrf = (await eve.get('/clients')).form('/sign-out')?.['csrf'] ?? '';
    await gate.call('PATCH', `/users/${made.body.id}`, { body: { roles: ['auditor'] } });
    expect((await eve.get('/clients/create')).status).toBe(403);
    expect((await eve.post('/users/create', { csrf, username: 'mallory', password: 'x' })).status).toBe(403);
    await gate.call('PATCH', `/users/${made.body.id}`, { body: { roles: [] } });
    expect((await eve.get('/clients')).location).toContain('/sign-in');
    expect((await browser.get('/clients')).status).toBe(200);
  });

  it('ends with the user: locked or deleted, they are out, and stay out when that is taken back', async () => {
    const { gate } = await signedIn();
    const person = { username: 'eve', password: 'correct horse battery', roles: ['admin'] };
    const { id } = (await gate.call('POST', '/users', { body: person })).body;
    const eve = new PageClient(gate.url);
    const signIn = async () =>
      eve.submit(await eve.get('/sign-in'), '/sign-in', { username: 'eve', password: person.password });
    await signIn();
    expect((await eve.get('/clients')).status).toBe(200);
    await gate.call('POST', `/users/${id}/lock`, { body: {} });
    expect((await eve.get('/clients')).location).toContain('/sign-in');
    expect((await signIn()).status).toBe(422);
    await gate.call('POST', `/users/${id}/unlock`, { body: {} });
    expect((await eve.get('/clients')).location).toContain('/sign-in');
    await signIn();
    expect((await eve.get('/clients')).status).toBe(200);
    await gate.call('DELETE', `/users/${id}`);
    expect((await eve.get('/clients')).location).toContain('/sign-in');
  });
});

describe('an auditor', () => {
  it('sees no button, and the forms of administrators do nothing for them', async () => {
    const { browser, gate } = await signedIn('auditor');
    await gate.call('POST', '/clients', { body: CLIENT });
    for (const path of ['/clients', '/clients/details?id=shop', '/users', '/users/details?id=u-alice', '/tokens']) {
      const page = await browser.get(path);
      expect(page.status).toBe(200);
      const forms = [...page.text.matchAll(/<form[^>]* method="post" action="([^"]+)"/g)].map(([, action]) => action);
      expect(forms.filter((action) => action !== '/sign-out' && action !== '/tokens/inspect')).toEqual([]);
      expect(page.text).not.toMatch(/class="button( danger)?"/);
    }
    const csrf = (await browser.get('/clients')).form('/sign-out')?.['csrf'] ?? '';
    const fields = { csrf, id: 'shop', typed: 'Shop', name: 'x', username: 'x', password: 'x', terms: 'yes' };
    for (const path of FORMS.filter((each) => each !== '/tokens/inspect' && each !== '/explain')) {
      expect((await browser.post(path, fields)).status, path).toBe(403);
      const [tried] = await gate.audited();
      expect(tried).toMatchObject({ actor: { id: 'u-auditor' }, outcome: 'refused', detail: { path } });
    }
    const revoking = await browser.post('/tokens/inspect', { csrf, token: 'gha_00000000000000000000', do: 'revoke' });
    expect(revoking.status).toBe(403);
    expect((await gate.call('GET', '/clients/shop')).body).toMatchObject({ disabled: false, name: 'Shop' });
  });
});

describe('the sign-in', () => {
  it('says the same of a wrong password, an unknown user, and somebody without a role', async () => {
    const gate = await startConsole();
    const tell = async (username: string, password: string) => {
      const browser = new PageClient(gate.url);
      const page = await browser.submit(await browser.get('/sign-in'), '/sign-in', { username, password });
      const said = page.text.replaceAll(/value="[^"]*"/g, '');
      return { status: page.status, said, session: browser.cookies.has('gatehouse_console') };
    };
    const wrong = await tell('admin', 'wrong');
    expect(wrong).toMatchObject({ status: 422, session: false });
    expect(wrong.said).toContain('Wrong username or password');
    expect(await tell('nobody', 'wrong')).toEqual(wrong);
    expect(await tell('alice', 'wrong')).toEqual(wrong);
    // Only whoever has proven the password learns that it is the role that is missing.
    expect(await tell('alice', 'wonderland')).toMatchObject({
      status: 403,
      session: false,
      said: expect.stringContaining('somebody with the role admin has to give you a role'),
    });
    const told = (await gate.audited()).map(({ actor, outcome }) => `${actor.id} ${outcome}`);
    expect(told).toEqual(['u-alice refused', 'u-alice refused', 'unknown refused', 'u-admin refused']);
  });

  it('is counted with all others: too many wrong passwords lock the account here too', async () => {
    const gate = await startConsole();
    const browser = new PageClient(gate.url);
    const page = await browser.get('/sign-in');
    const statuses: number[] = [];
    for (let tried = 0; tried < 12; tried++) {
      statuses.push((await browser.submit(page, '/sign-in', { username: 'admin', password: `wrong ${tried}` })).status);
    }
    expect(statuses[0]).toBe(422);
    expect(statuses.at(-1)).toBe(429);
    const right = await browser.submit(page, '/sign-in', { username: 'admin', password: 'looking-glass' });
    expect(right.status).toBe(429);
  });

  it('leads on to our own pages alone, whatever the link or the form says', async () => {
    const gate = await startConsole();
    const WAYS = [
      ['/clients?search=x', '/clients?search=x'],
      ['https://evil.example/', '/'],
      ['//evil.example/', '/'],
      ['/\\evil.example', '/'],
      ['/clients\\..', '/'],
      ['javascript:alert(1)', '/'],
      ['/sign-in', '/'],
      ['/nothing', '/'],
      ['/clients\r\nX-Evil: 1', '/'],
      ['/clients?search=\r\nX-Evil: 1', '/'],
      [' /clients', '/'],
    ] as const;
    for (const [next, where] of WAYS) {
      const browser = new PageClient(gate.url);
      const page = await browser.get(`/sign-in?${new URLSearchParams({ next })}`);
      expect(page.form('/sign-in')?.['next'], next).toBe(where);
      const fields = { username: 'admin', password: 'looking-glass', next };
      expect((await browser.submit(page, '/sign-in', fields)).location, next).toBe(where);
    }
  });

  it('cannot be done in somebody’s browser with the attacker’s own password', async () => {
    const gate = await startConsole();
    const attacker = new PageClient(gate.url);
    const theirs = (await attacker.get('/sign-in')).form('/sign-in') ?? {};
    const victim = new PageClient(gate.url);
    await victim.get('/sign-in');
    const answer = await victim.post('/sign-in', { ...theirs, username: 'admin', password: 'looking-glass' });
    expect(answer.status).toBe(403);
    expect(victim.cookies.has('gatehouse_console')).toBe(false);
  });
});
