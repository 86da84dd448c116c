import { describe, expect, it } from 'vitest';
import { newGrant } from '../contract/records.ts';
import { PageClient } from '../http/page_client.ts';
import { startConsole } from './console_under_test.ts';
import { signedIn } from './signed_in.ts';

describe('the pages without script', () => {
  it('lead whoever is not signed in to the sign-in, and back', async () => {
    const gate = await startConsole();
    const browser = new PageClient(gate.url);
    const led = await browser.get('/users?search=a%26b');
    expect(led).toMatchObject({ status: 303, location: '/sign-in?next=%2Fusers%3Fsearch%3Da%2526b' });
    const page = await browser.get(led.location);
    const done = await browser.submit(page, '/sign-in', { username: 'auditor', password: 'looking-glass' });
    expect(done.location).toBe('/users?search=a%26b');
    expect((await browser.get('/')).status).toBeLessThan(400);
  });

  it('register no client for whoever has not agreed to the terms, and keep what was typed', async () => {
    const { gate, browser } = await signedIn();
    const form = await browser.get('/clients/create');
    const typed = {
      name: 'Shop',
      description: 'Sells',
      scopes: 'a\r\nb',
      redirect_uris: 'https://shop.example.com/cb',
    };
    const refused = await browser.submit(form, '/clients/create', typed);
    expect(refused.status).toBe(422);
    expect(refused.text).toContain('Agree to the terms of use first.');
    for (const value of [
      'value="Shop"',
      'value="Sells"',
      'a\r\nb</textarea>',
      'https://shop.example.com/cb</textarea>',
    ])
      expect(refused.text).toContain(value);
    const done = await browser.submit(refused, '/clients/create', { ...typed, terms: 'yes' });
    const id = form.form('/clients/create')?.['id'];
    expect(done.status).toBe(200);
    expect((await gate.call('GET', `/clients/${id}`)).body).toMatchObject({
      ...{ name: 'Shop', description: 'Sells', scopes: ['a', 'b'], redirect_uris: ['https://shop.example.com/cb'] },
      grants: ['authorization_code', 'refresh_token'],
    });
    expect((await gate.audited())[0]).toMatchObject({
      ...{ action: 'clients.create', via: 'console', outcome: 'done' },
      actor: { kind: 'user', id: 'u-admin' },
      target: { kind: 'client', id, name: 'Shop' },
    });
  });

  it('ask nobody to agree to terms of use where there are none', async () => {
    const { gate, browser } = await signedIn();
    gate.settings.termsUrl = undefined;
    const form = await browser.get('/clients/create');
    expect(form.text).not.toContain('terms');
    const done = await browser.submit(form, '/clients/create', { name: 'Shop' });
    expect(done.status).toBe(200);
    expect((await gate.call('GET', `/clients/${form.form('/clients/create')?.['id']}`)).body.name).toBe('Shop');
  });

  it('tell whoever edits what somebody else has changed meanwhile, and lose nothing that either typed', async () => {
    const { gate, browser } = await signedIn();
    await gate.call('POST', '/clients', { body: { id: 'shop', name: 'Shop', grants: ['client_credentials'] } });
    const form = await browser.get('/clients/edit?id=shop');
    await gate.call('PATCH', '/clients/shop', { body: { description: 'of the other' } });
    const mine = { name: 'My shop', grants: 'client_credentials' };
    const told = await browser.submit(form, '/clients/edit', mine);
    expect(told.status).toBe(409);
    expect(told.text).toContain('value="My shop"');
    expect((await gate.call('GET', '/clients/shop')).body).toMatchObject({ name: 'Shop', description: 'of the other' });
    expect((await browser.submit(told, '/clients/edit', { ...mine, description: 'both' })).status).toBe(303);
    expect((await gate.call('GET', '/clients/shop')).body).toMatchObject({ name: 'My shop', description: 'both' });
  });

  it('give a form back that was sent after the sign-in was over', async () => {
    const { gate, browser } = await signedIn();
    const form = await browser.get('/users/create');
    const typed = { username: 'eve', name: 'Eve', password: 'correct horse battery' };
    browser.cookies.delete('gatehouse_console');
    const over = await browser.submit(form, '/users/create', typed);
    expect(over.status).toBe(403);
    expect(over.text).toContain('Your sign-in is over');
    const fields = { username: 'admin', password: 'looking-glass' };
    await browser.submit(await browser.get('/sign-in'), '/sign-in', fields);
    // The tab is reloaded.
    const back = await browser.submit(form, '/users/create', typed);
    expect(back.status).toBe(422);
    expect(back.text).toContain('value="eve"');
    expect(back.text).toContain('value="Eve"');
    expect((await gate.call('GET', '/users?search=eve')).body.items).toEqual([]);
    expect((await browser.submit(back, '/users/create', typed)).status).toBe(303);
    expect((await gate.call('GET', '/users?search=eve')).body.items).toHaveLength(1);
  });

  it('page through a list by cursors', async () => {
    const { gate, browser } = await signedIn();
    const ids = Array.from({ length: 60 }, (_, index) => `c${String(index).padStart(2, '0')}`);
    const add = gate.administration.clients.add;
    for (const id of ids) await add({ id, name: `Client ${id}`, grants: ['client_credentials'] });
    const seen: string[] = [];
    let path: string | undefined = '/clients?search=client';
    while (path !== undefined) {
      const page: { text: string } = await browser.get(path);
      seen.push(...[...page.text.matchAll(/<code>(c\d\d)<\/code>/g)].map(([, id = '']) => id));
      path = /href="([^"]+)">Next page/.exec(page.text)?.[1]?.replaceAll('&amp;', '&');
    }
    expect(seen.sort()).toEqual(ids);
  });

  it('look after somebody of a directory too: whoever holds a grant', async () => {
    const { gate, browser } = await signedIn();
    const user = { subject: 'corp/eve;x', username: 'eve', connection: 'corp', roles: [] };
    const grant = newGrant(Date.now(), { authorization: { client: 'app', user, scopes: ['read'], audience: [] } });
    await gate.backend.tokens.put(grant.entries);
    const query = new URLSearchParams({ id: user.subject });
    const page = await browser.get(`/users/details?${query}`);
    expect(page.status).toBe(200);
    expect(page.text).toContain('in a directory');
    expect(page.text).not.toContain('/users/edit');
    const form = await browser.get(`/users/sign-out?${query}`);
    expect((await browser.submit(form, '/users/sign-out', {})).status).toBe(303);
    expect((await gate.call('GET', `/tokens?${new URLSearchParams({ user: user.subject })}`)).body.items).toEqual([]);
  });

  it('sign a device out, and let somebody try again who failed too often', async () => {
    const { gate, browser } = await signedIn();
    const { entries } = newGrant(Date.now());
    const device = 'Alice’s phone';
    await gate.backend.tokens.put(
      entries.map((it) => (it.kind === 'family' ? { ...it, record: { ...it.record, device } } : it)),
    );
    const profile = await browser.get('/users/details?id=u-alice');
    expect(profile.text).toContain(device);
    await browser.submit(profile, '/users/end-device', {});
    const after = await browser.get('/users/details?id=u-alice');
    expect(after.text).toContain('The device is signed out.');
    expect(after.text).not.toContain(device);
    expect((await browser.submit(after, '/users/reset-attempts', {})).status).toBe(303);
    expect((await gate.audited()).slice(0, 2).map(({ action, via }) => `${action} ${via}`)).toEqual([
      'attempts.reset console',
      'users.end_device console',
    ]);
    // What somebody types to sign in is no id: it must not lead to a page that is not there.
    const log = (await browser.get('/audit?action=attempts.reset')).text;
    expect(log).toContain('<bdi>alice</bdi><p>user</p>');
    expect(log).toContain('connection: <bdi>users</bdi>');
  });

  it('are not there if the configuration says so', async () => {
    const { gate, browser } = await signedIn();
    gate.settings.console = false;
    for (const path of ['/', '/clients', '/sign-in']) expect((await browser.get(path)).status).toBe(404);
    expect((await gate.call('GET', '/clients')).status).toBe(200);
  });

  it.each([
    ['GET', '/clients/details', 400],
    ['GET', '/clients/details?id=nobody', 404],
    ['GET', '/clients/details?id=a&id=b', 400],
    ['GET', '/users/details?id=nobody', 404],
    ['GET', '/users/password?id=nobody', 404],
    ['GET', '/tokens/grant?id=nothing', 404],
    ['POST', '/clients', 405],
    ['GET', '/tokens/inspect', 405],
    ['GET', '/nothing', 404],
  ])('%s %s is a page with the status %i', async (method, path, status) => {
    const { browser, csrf } = await signedIn();
    const html = { accept: 'text/html' };
    const answer =
      method === 'GET' ? await browser.send(path, { headers: html }) : await browser.post(path, { csrf }, html);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toMatch(/^text\/html/);
    expect(answer.text).toMatch(/<h1>/);
  });

  it('say what was done once, and nothing that somebody else made up', async () => {
    const { gate, browser } = await signedIn();
    await gate.call('POST', '/clients', { body: { id: 'shop', name: 'Shop', grants: ['client_credentials'] } });
    await browser.submit(await browser.get('/clients/disable?id=shop'), '/clients/disable', {});
    expect((await browser.get('/clients/details?id=shop')).text).toContain('The client is disabled.');
    expect((await browser.get('/clients/details?id=shop')).text).not.toContain('The client is disabled.');
    for (const made of ['<b>up</b>', '__proto__', 'toString']) {
      browser.cookies.set('gatehouse_console_notice', made);
      expect((await browser.get('/clients')).text).not.toContain('role="status"');
    }
  });
});
