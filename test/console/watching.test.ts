import { readFileSync } from 'node:fs';
import vm from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Administration } from '../../src/admin/administration.ts';
import type { LiveStats, RefusedCall } from '../../src/admin/live.ts';
import { quantile, type Times } from '../../src/console/pages/overview/figures.ts';
import type { Route } from '../../src/model/route.ts';
import { bytes, milliseconds } from '../../src/model/units.ts';
import type { PageClient } from '../http/page_client.ts';
import { signedIn } from './signed_in.ts';

const STATS: LiveStats = {
  at: milliseconds(1_000_000),
  requests: [
    { route: 'r0', status: 200, count: 90 },
    { route: 'r0', status: 502, count: 10 },
    { route: 'r1', status: 201, count: 5 },
    { route: 'none', status: 404, count: 7 },
  ],
  durations: [
    {
      route: 'r0',
      buckets: [
        [0.01, 50],
        [0.1, 100],
        [Number.POSITIVE_INFINITY, 100],
      ],
      sum: 4,
      count: 100,
    },
  ],
  refusals: [{ reason: 'missing_token', count: 7 }],
  cache: { hits: 9, misses: 1, entries: 3 },
  issued: [{ grant: 'urn:ietf:params:oauth:grant-type:jwt-bearer', count: 4 }],
  storeUp: true,
};

const REFUSED: RefusedCall = {
  ...{
    at: milliseconds(1_000_000),
    requestId: 'q',
    method: 'GET',
    path: '/orders/7',
    status: 401,
    reason: 'missing_token',
  },
};

const live = {
  stats: async () => STATS,
  refusals: async () => [REFUSED],
  targets: async () => [{ route: 'r0', target: 'http://10.0.0.1', healthy: false, failures: 3 }],
};

const wait = milliseconds(1_000);
const route = (name: string, more: Partial<Route> = {}): Route => ({
  ...{ name, path: `/${name}/*`, auth: 'required', scopes: [], dialect: 'oauth2', serveCached: milliseconds(0) },
  ...{ forwardAuthorization: false, ...more },
  upstream: { targets: ['http://10.0.0.1'], connectTimeout: wait, timeout: wait, idleTimeout: wait },
});

describe('the overview without script', () => {
  it('has the totals since the start, and the latest refusals with a way to their explanation', async () => {
    const { browser } = await signedIn({ more: { live } });
    const { status, text } = await browser.get('/');
    expect(status).toBe(200);
    for (const said of ['Charts need script.', 'missing_token', 'jwt-bearer', '90 %', '5xx', '1, it answers']) {
      expect(text).toContain(said);
    }
    expect(text).toContain('href="/explain?method=GET&amp;target=%2Forders%2F7"');
    expect((await browser.get('/explain?method=GET&target=%2Forders%2F7')).text).toContain('value="/orders/7"');
  });

  it('gives script the same numbers, few however many routes there are', async () => {
    const { browser } = await signedIn({ more: { live } });
    const answer = await browser.get('/overview.json');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(JSON.parse(answer.text)).toMatchObject({
      ...{ at: 1_000, requests: { '2xx': 95, '4xx': 7, '5xx': 10 }, refusals: { missing_token: 7 }, storeUp: true },
      ...{ issued: { 'jwt-bearer': 4 }, cache: { hits: 9, misses: 1, entries: 3 } },
      times: [
        [0.01, 50],
        [0.1, 100],
        [null, 100],
      ],
      latest: [{ path: '/orders/7', explain: '/explain?method=GET&target=%2Forders%2F7' }],
    });
  });

  it('says so where no gateway runs', async () => {
    const { browser } = await signedIn();
    expect((await browser.get('/')).text).toContain('No gateway runs in this process');
    expect((await browser.get('/overview.json')).status).toBe(503);
    expect((await browser.get('/routes')).status).toBe(200);
  });
});

describe('the numbers that script draws', () => {
  const script = vm.createContext({ document: { getElementById: () => null } });
  vm.runInContext(readFileSync('src/console/assets/live.js', 'utf8'), script);
  const inBrowser = (expression: string, given: object) => vm.runInContext(expression, Object.assign(script, given));

  it('are the same as those on the page', () => {
    const times = fc.array(fc.nat(50), { minLength: 3, maxLength: 3 }).map((grown): Times => {
      const [one = 0, two = 0, three = 0] = grown;
      return [
        [0.01, one],
        [0.1, one + two],
        [null, one + two + three],
      ];
    });
    fc.assert(
      fc.property(times, fc.constantFrom(0.5, 0.99), (given, share) => {
        expect(inBrowser('quantile(share, given)', { share, given })).toBe(quantile(share, given));
      }),
    );
    expect(
      quantile(0.5, [
        [0.01, 50],
        [0.1, 100],
        [null, 100],
      ]),
    ).toBe(0.01);
    expect(
      quantile(0.75, [
        [0.01, 50],
        [0.1, 100],
        [null, 100],
      ]),
    ).toBeCloseTo(0.055);
    expect(
      quantile(0.99, [
        [0.01, 50],
        [0.1, 50],
        [null, 100],
      ]),
    ).toBe(0.1);
  });

  it('have a gap where nobody counted, and where counting began anew', () => {
    const rate = (total: number, before: number | undefined, elapsed: number) =>
      inBrowser('rateOf(total, before, elapsed)', { total, before, elapsed });
    expect(rate(30, 10, 2)).toBe(10);
    expect(rate(30, undefined, 2)).toBeUndefined();
    expect(rate(5, 10, 2)).toBeUndefined();
    expect(rate(30, 10, 60)).toBeUndefined();
    expect(inBrowser('quantile(0.5, [[0.01, 3], [null, 3]], [[0.01, 9], [null, 9]])', {})).toBeUndefined();
  });
});

describe('routes', () => {
  it('are found and paged through, ten thousand of them', async () => {
    const routes = Array.from({ length: 10_000 }, (_, index) => route(`r${index}`));
    const { browser } = await signedIn({ more: { live, routes } });
    const began = performance.now();
    const first = await browser.get('/routes');
    expect(performance.now() - began).toBeLessThan(1_500);
    expect(first.text.match(/<th role="rowheader"/g)).toHaveLength(50);
    expect(first.text).toContain('3 failed in a row');
    const next = /href="([^"]+)">Next page/.exec(first.text)?.[1]?.replaceAll('&amp;', '&') ?? '';
    expect((await browser.get(next)).text).toContain('>r50<');
    const found = await browser.get('/routes?search=R9999');
    expect(found.text).toContain('>r9999<');
    expect(found.text).not.toContain('Next page');
    expect((await browser.get('/routes?after=nothing')).status).toBe(422);
    const { routes: numbers } = JSON.parse((await browser.get('/routes.json')).text);
    expect(Object.keys(numbers)).toHaveLength(50);
    expect(numbers.r0).toMatchObject({ count: 100, errors: 10 });
    expect(numbers.r1).toMatchObject({ count: 0, errors: 0 });
  });

  it('have a page with everything that is configured, and no value of a header', async () => {
    const rules = { set: { 'X-Api-Key': 'canary-of-a-key' }, remove: ['Cookie'] };
    const more: Partial<Route> = {
      ...{
        requestHeaders: rules,
        responseHeaders: rules,
        maxBody: bytes(1_024),
        scopes: { GET: ['read'], POST: ['write'] },
      },
      ...{
        limits: {
          perToken: { count: 100, window: milliseconds(60_000) },
          perClient: { count: 1_000, window: milliseconds(3_600_000) },
          concurrent: 10,
        },
        host: 'api.example.com',
      },
    };
    const { browser, gate } = await signedIn({ more: { live, routes: [route('r0', more)] } });
    const { text } = await browser.get('/routes/details?name=r0');
    for (const said of [
      'X-Api-Key',
      'Cookie',
      '1,024 bytes',
      'Scopes, GET',
      '100 calls in 60 s',
      '1,000 calls in 3,600 s',
      'api.example.com',
    ]) {
      expect(text).toContain(said);
    }
    expect(text).not.toContain('canary');
    const read = await gate.call('GET', '/routes/r0');
    expect(read.body).toMatchObject({ max_body: 1_024, request_headers: { set: ['X-Api-Key'], remove: ['Cookie'] } });
    const per_client = { count: 1_000, window_seconds: 3_600 };
    expect(read.body).toMatchObject({ limits: { per_token: { count: 100, window_seconds: 60 }, per_client } });
    expect(JSON.stringify(read.body)).not.toContain('canary');
    expect((await browser.get('/routes/details?name=nothing')).status).toBe(404);
  });
});

describe('a call that is asked about', () => {
  const asked: unknown[] = [];
  const explain: Administration['explain'] = async (call) => {
    asked.push(call);
    const steps = [
      { name: 'route', outcome: 'stopped', says: 'No route.', change: 'Add one.', error: 'not_found' },
    ] as const;
    return { steps, verdict: { outcome: 'refused', status: 404, error: 'not_found', headers: [] } };
  };
  const submit = async (browser: PageClient, fields: Record<string, string>) =>
    browser.submit(await browser.get('/explain'), '/explain', fields);

  it('may be typed as a whole address, with headers in lines', async () => {
    const { browser } = await signedIn({ more: { explain } });
    const page = await submit(browser, {
      ...{ method: 'post', target: 'https://api.example.com/orders?x=1#part', token: ' Bearer abcdefgh1 ' },
      headers: 'X-One: 1\r\n\r\nX-Two:2',
    });
    expect(page.status).toBe(200);
    expect(page.text).toContain('It would be refused with 404');
    expect(page.text).toContain('Add one.');
    expect(asked.at(-1)).toMatchObject({
      ...{ method: 'POST', target: '/orders?x=1', host: 'api.example.com', token: 'abcdefgh1' },
      headers: [
        ['X-One', '1'],
        ['X-Two', '2'],
      ],
    });
  });

  it('comes back as it was typed when it is not right, with the fault beside the field', async () => {
    const { browser } = await signedIn({ more: { explain } });
    const before = asked.length;
    const typed = { method: 'GET', target: '/a', host: 'h.example', headers: 'X-One: 1\r\nnonsense' };
    const page = await submit(browser, typed);
    expect(page.status).toBe(422);
    expect(page.text).toContain('Line 2: must be a name, a colon and a value');
    expect(page.text).toContain('X-One: 1\r\nnonsense</textarea>');
    expect(page.text).toContain('value="h.example"');
    expect((await submit(browser, { method: 'GET', target: 'orders' })).text).toContain('id="target-wrong"');
    expect(asked).toHaveLength(before);
  });
});

describe('the audit log', () => {
  it('is filtered by who, what, on what, and by days that belong to it', async () => {
    const { browser, gate } = await signedIn();
    await gate.call('POST', '/clients', { body: { id: 'shop', name: 'Shop', grants: ['client_credentials'] } });
    const today = new Date().toISOString().slice(0, 10);
    const seen = async (query: Record<string, string>) => {
      const { text } = await browser.get(`/audit?${new URLSearchParams(query)}`);
      return [...text.matchAll(/<th role="rowheader" scope="row"><span><code>([^<]+)/g)].map(([, action]) => action);
    };
    expect(await seen({})).toEqual(['clients.create', 'console.sign_in']);
    expect(await seen({ action: 'clients.' })).toEqual(['clients.create']);
    expect(await seen({ actor: 'admin' })).toHaveLength(2);
    expect(await seen({ actor: 'auditor' })).toEqual([]);
    expect(await seen({ target: 'shop' })).toEqual(['clients.create']);
    expect(await seen({ from: today, until: today })).toHaveLength(2);
    expect(await seen({ until: '2001-01-01' })).toEqual([]);
    const wrong = await browser.get('/audit?from=2026-02-30&until=x');
    expect(wrong.status).toBe(422);
    expect(wrong.text).toContain('Must be a day such as 2026-11-21');
    const unknown = await browser.get('/audit?action=clients.created');
    expect(unknown.status).toBe(422);
    expect(unknown.text).toContain('Is no action: write one as clients.create');
    expect((await browser.get('/audit/export?format=csv&action=clients')).status).toBe(422);
  });

  it('is exported as JSON lines and as CSV, all pages of it', async () => {
    const { browser, gate } = await signedIn();
    const { audit, clock } = gate.administration;
    for (let index = 0; index < 450; index++) {
      const actor = { kind: 'system', id: 'gatehouse' } as const;
      await audit.append({
        at: clock.now(),
        actor,
        via: 'system',
        action: 'configuration.reloaded',
        outcome: 'done',
        detail: { index },
      });
    }
    const lines = await browser.get('/audit/export?format=jsonl&action=configuration.');
    expect(lines.headers.get('content-disposition')).toBe('attachment; filename="audit.jsonl"');
    const events = lines.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events.map(({ detail }) => detail.index)).toEqual(Array.from({ length: 450 }, (_, index) => 449 - index));
    const csv = await browser.get('/audit/export?format=csv&action=configuration.');
    expect(csv.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(csv.text.trimEnd().split('\r\n')).toHaveLength(451);
    // Whoever takes the log away is in it; what was not given is not.
    const [last, before] = await gate.audited();
    expect(last).toMatchObject({ action: 'audit.export', via: 'console', actor: { id: 'u-admin' }, outcome: 'done' });
    expect([last?.detail, before?.detail]).toEqual([
      { format: 'csv', action: 'configuration.' },
      { format: 'jsonl', action: 'configuration.' },
    ]);
    expect((await browser.get('/audit/export?format=csv&from=x')).status).toBe(422);
    expect((await browser.get('/audit/export?format=__proto__')).status).toBe(422);
    expect((await gate.audited())[0]?.id).toBe(last?.id);
  });
});
