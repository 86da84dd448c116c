import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { createExplain, type ExplainDependencies } from '../../src/gateway/explain.ts';
import { createGateway } from '../../src/gateway/gateway.ts';
import { DEFAULT_IDENTITY_HEADERS } from '../../src/gateway/header_kinds.ts';
import { createLimits } from '../../src/gateway/limits.ts';
import type { Client } from '../../src/model/client.ts';
import { type AskedCall, type Explanation, STEPS } from '../../src/model/explanation.ts';
import { DependencyUnavailable, type ErrorCode } from '../../src/model/failure.ts';
import type { Route } from '../../src/model/route.ts';
import type { AccessToken } from '../../src/model/token.ts';
import { STANDARD_TOKENS } from '../../src/model/token_policy.ts';
import { bytes, milliseconds, seconds } from '../../src/model/units.ts';
import { MemoryCounters } from '../../src/stores/memory_counters.ts';
import { MemoryTokens } from '../../src/stores/memory_tokens.ts';
import { familyRef } from '../../src/tokens/families.ts';
import { mint, refOf } from '../../src/tokens/format.ts';
import { alice, route } from '../support/lane_server.ts';
import { ManualClock } from '../support/manual_clock.ts';

const NOW = Date.UTC(2026, 0, 1);
const STATUS: Partial<Record<ErrorCode, number>> = {
  ...{ missing_token: 401, invalid_token: 401, insufficient_scope: 403, not_found: 404, rate_limited: 429 },
  temporarily_unavailable: 503,
};

/** A gateway with its explanations, over a store in memory. */
function explaining(routes: readonly Route[], more: Partial<ExplainDependencies> = {}) {
  const clock = new ManualClock(NOW);
  const store = new MemoryTokens(clock);
  const counters = new MemoryCounters(clock);
  const limits = createLimits({ counters, clock });
  const isForged = more.isForged ?? (() => false);
  const gateway = createGateway({
    ...{ routes, lookup: more.lookup ? Object.assign(store, more.lookup) : store, isForged, counters, limits, clock },
    ...{ identityHeaders: DEFAULT_IDENTITY_HEADERS, trustedProxies: [] },
    refusalFor: () => (failure) => ({ status: STATUS[failure.code] ?? 400, headers: [], body: '' }),
  });
  const dialects = [{ type: 'oauth2', tokens: STANDARD_TOKENS }];
  const { explain, judge } = createExplain({
    ...{ gateway, routes, limits, clock, lookup: store, isForged, dialects, host: 'api.test', secure: false },
    identityHeaders: DEFAULT_IDENTITY_HEADERS,
    marksAreKnown: () => true,
    ...more,
  });
  async function token(facts: Partial<AccessToken> = {}): Promise<string> {
    const text = mint(STANDARD_TOKENS.access);
    const record: AccessToken = {
      ...{ family: 'f-1', client: 'demo-app', user: alice, scopes: ['read'], audience: [] },
      ...{ issuedAt: seconds(NOW / 1000), expiresAt: seconds(NOW / 1000 + 3600), ...facts },
    };
    await store.put([{ kind: 'access', ref: place(text), record }]);
    return text;
  }
  return { gateway, explain, judge, store, counters, clock, token };
}

function place(text: string) {
  const ref = refOf(text);
  if (ref === undefined) throw new Error('a minted token has a place');
  return ref;
}

/** The step that stopped a call, in one line with what to do. */
function stop({ steps, verdict }: Explanation): string {
  const step = steps.find(({ outcome }) => outcome === 'stopped');
  expect(step?.error).toBe(verdict.error);
  return step ? `${step.name}: ${step.says} -> ${step.change}` : 'goes on';
}

const to = (path: string, more: Parameters<typeof route>[2] = {}) =>
  route(path, 'http://10.0.0.5:9000', { name: path.slice(1).replace('/*', '') || 'root', ...more });

describe('a call that goes on', () => {
  it('is told step by step, with where it goes and what the upstream hears of the caller', async () => {
    const { explain, token } = explaining([
      to('/orders/*', { name: 'orders', stripPrefix: '/orders' }),
      to('/*', { name: 'rest' }),
    ]);
    const { steps, verdict } = await explain({ method: 'get', target: '/orders/7?a=b', token: await token() });
    expect(steps.map(({ name }) => name)).toEqual(STEPS);
    expect(steps.map(({ outcome }) => outcome)).toEqual(Array(7).fill('ok'));
    expect(steps.map(({ says }) => says)).toEqual([
      'GET /orders/7 on the host api.test, with a query.',
      'orders: /orders/* on any host, any method. It wins over rest, whose host or path says less.',
      'There is a bearer token in the Authorization header.',
      'It is known: it was issued to demo-app for u-alice (users) and is good until 2026-01-01T01:00:00Z. The store was asked.',
      'Its scopes are enough for orders: read.',
      'There are none.',
      'GET /7 goes to http://10.0.0.5:9000.',
    ]);
    expect(verdict).toMatchObject({ outcome: 'forwarded', status: 200, route: 'orders', from: 'store' });
    expect(verdict.upstream).toEqual({ targets: ['http://10.0.0.5:9000'], path: '/7' });
    expect(Object.fromEntries(verdict.headers)).toMatchObject({
      'X-User-Id': 'u-alice',
      'x-forwarded-for': '127.0.0.1',
    });
  });

  it('without a token passes where none is needed', async () => {
    const { explain } = explaining([to('/a', { auth: 'none' }), to('/b', { auth: 'optional' })]);
    for (const target of ['/a', '/b']) {
      const { steps, verdict } = await explain({ method: 'GET', target });
      expect(verdict.status).toBe(200);
      expect(steps.filter(({ outcome }) => outcome === 'skipped').map(({ name }) => name)).toEqual([
        'credential',
        'token',
        'authorization',
        'limits',
      ]);
    }
  });
});

describe('a call that no route covers', () => {
  const { explain } = explaining([
    to('/orders/*', { methods: ['GET', 'POST'] }),
    to('/own/*', { host: 'own.test' }),
    to('/one'),
    to('/deep/down/*'),
    to('/Case/*'),
    to('/slash/'),
  ]);
  it.each<[string, string, string]>([
    ['DELETE', '/orders/7', 'covers the path, but only with GET and POST'],
    ['GET', '/own/x', 'only on the host own.test, and this is api.test'],
    ['GET', '/one/more', 'the path lies below /one'],
    ['GET', '/one/', 'covers it without the slash'],
    ['GET', '/slash', 'covers it with the slash'],
    ['GET', '/deep', 'begins further down, at /deep/down/*'],
    ['GET', '/case/x', 'is written in other upper and lower case'],
    ['GET', '/nothing', 'No route covers it. -> Add a route for /nothing'],
  ])('%s %s: %s', async (method, target, says) => {
    expect(stop(await explain({ method, target }))).toContain(says);
  });
});

describe('a token that does not pass', () => {
  const routes = [
    to('/a', { scopes: ['write'] }),
    to('/b', { audience: 'https://b' }),
    to('/c', { connections: ['corp'] }),
    to('/d'),
    to('/e', { limits: { perToken: { count: 2, window: milliseconds(60_000) } } }),
    to('/f', { maxBody: bytes(10) }),
  ];
  const client = (id: string, scopes: string[]) => ({ id, scopes, disabled: false }) as unknown as Client;
  const clients = async () => [client('demo-app', ['read']), client('writer', ['read', 'write'])];
  let it_: ReturnType<typeof explaining>;
  beforeEach(() => {
    it_ = explaining(routes, { clients });
  });

  it('lacks a scope: which, and which clients may ask for it', async () => {
    const told = stop(await it_.explain({ method: 'GET', target: '/a', token: await it_.token() }));
    expect(told).toBe(
      'authorization: The route a needs write; the token has read. Missing: write. -> Add write to scopes of the client demo-app, and get a new token. Clients that may ask for it: writer.',
    );
    const own = await it_.token({ client: 'writer' });
    expect(stop(await it_.explain({ method: 'GET', target: '/a', token: own }))).toContain('writer may ask for write');
    const barred = await it_.token({ user: { ...alice, allowedScopes: ['read'] } });
    expect(stop(await it_.explain({ method: 'GET', target: '/a', token: barred }))).toContain(
      'This user may not have write',
    );
  });

  it('is for another API, or of users who signed in elsewhere', async () => {
    const token = await it_.token({ audience: ['https://a'] });
    expect(stop(await it_.explain({ method: 'GET', target: '/b', token }))).toContain(
      'audience https://b; this one has https://a',
    );
    expect(stop(await it_.explain({ method: 'GET', target: '/c', token }))).toContain(
      'for users of corp; this token is of a user of users',
    );
  });

  it('is a refresh token, a code, a JWT, half a token, or of nobody', async () => {
    const say = async (token: string) => stop(await it_.explain({ method: 'GET', target: '/d', token }));
    const refresh = mint(STANDARD_TOKENS.refresh);
    const { tag } = place(refresh);
    const grant = { client: 'demo-app', user: alice, scopes: ['read'], audience: [] };
    const times = { issuedAt: seconds(NOW / 1000), expiresAt: seconds(NOW / 1000 + 60) };
    const family = { ...grant, ...times, id: 'f', generation: 0, live: [] };
    const listed = [[place(refresh).hash, times.expiresAt]] as const;
    await it_.store.put([
      { kind: 'refresh', ref: place(refresh), record: { family: 'f', generation: 0, expiresAt: times.expiresAt } },
      { kind: 'family', ref: familyRef(tag, 'f'), record: { ...family, refresh: listed } },
    ]);
    expect(await say(refresh)).toContain('It is a refresh token, not an access token.');
    expect(await say(mint(STANDARD_TOKENS.refresh))).toContain('looks like a refresh token of the dialect oauth2');
    expect(await say(mint(STANDARD_TOKENS.code))).toContain('looks like an authorization code');
    expect(await say('eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2ln')).toContain('It is a JWT');
    expect(await say('gha_short')).toContain('has 9 characters');
    expect(await say(mint(STANDARD_TOKENS.access))).toContain(
      'issued here, for the dialect oauth2, but is there no longer',
    );
    expect(await say('x'.repeat(44))).toContain(
      'looks like no token of a dialect that is spoken here: oauth2 (gha_ and 40',
    );
    it_ = explaining(routes, { marksAreKnown: () => false });
    expect(await say(mint(STANDARD_TOKENS.access))).toContain(
      'but is not there: it has expired, was revoked, or never was',
    );
    it_ = explaining(routes, { isForged: () => true });
    expect(await say(mint(STANDARD_TOKENS.access))).toContain('its last characters do not follow from the rest');
  });

  it('has expired while the cache still knew it', async () => {
    const text = mint(STANDARD_TOKENS.access);
    const record = {
      family: 'f',
      client: 'c',
      scopes: [],
      audience: [],
      issuedAt: seconds(1),
      expiresAt: seconds(NOW / 1000 - 1),
    };
    it_ = explaining(routes, { lookup: { get: () => record as never }, remembers: () => true });
    const explanation = await it_.explain({ method: 'GET', target: '/d', token: text });
    expect(stop(explanation)).toContain('The token expired at 2025-12-31T23:59:59Z');
    expect(explanation.verdict.from).toBe('cache');
  });

  it('cannot be looked up: nobody says that it is bad', async () => {
    it_ = explaining(routes, { lookup: { get: () => Promise.reject(new DependencyUnavailable('store', 'away')) } });
    const explanation = await it_.explain({ method: 'GET', target: '/d', token: mint(STANDARD_TOKENS.access) });
    expect(stop(explanation)).toContain('The store gives no answer');
    expect(explanation.verdict.status).toBe(503);
  });

  it('has used up its calls, which asking does not count', async () => {
    const token = await it_.token();
    const ask = () => it_.explain({ method: 'GET', target: '/e', token });
    for (let time = 0; time < 5; time++) {
      const { steps } = await ask();
      expect(steps.find(({ name }) => name === 'limits')?.says).toBe('2 of 2 calls are left for the next 60 s.');
    }
    for (let time = 0; time < 2; time++) await it_.counters.hit(`route:e:${place(token).hash}`, milliseconds(60_000));
    expect(stop(await ask())).toContain('limits: This token has used its 2 calls');
    expect((await ask()).verdict).toMatchObject({ outcome: 'refused', status: 429, error: 'rate_limited', route: 'e' });
  });

  it('comes with too long a body', async () => {
    const headers = [['Content-Length', '11']] as const;
    const told = stop(await it_.explain({ method: 'POST', target: '/f', token: await it_.token(), headers }));
    expect(told).toMatch(/^forward: .*raise max_body of the route f/);
  });
});

describe('a credential that is none', () => {
  const { explain } = explaining([to('/a')]);
  const token = mint(STANDARD_TOKENS.access);
  it.each<[string, Partial<AskedCall>, string]>([
    ['nothing', {}, 'There is no Authorization header. The route a needs an access token.'],
    ['a bare token', { headers: [['Authorization', token]] }, 'begins without the word Bearer'],
    ['another scheme', { headers: [['Authorization', 'Basic YTpi']] }, 'another scheme than Bearer'],
    ['two', { token, headers: [['authorization', 'Bearer x']] }, 'more than one Authorization header'],
    ['one in the query', { target: `/a?access_token=${token}` }, 'not accepted in the query'],
  ])('%s', async (_what, call, says) => {
    const explanation = await explain({ method: 'GET', target: '/a', ...call });
    expect(stop(explanation)).toContain(`credential: `);
    expect(stop(explanation)).toContain(says);
    expect(JSON.stringify(explanation)).not.toContain(token);
  });
});

it('an endpoint of our own, and what a browser asks first, are answered here', async () => {
  const cors = {
    origins: '*',
    methods: ['GET'],
    headers: [],
    expose: [],
    credentials: false,
    maxAge: seconds(1),
  } as const;
  const { explain } = explaining([to('/a', { cors })], { isOwn: (target) => target.startsWith('/oauth2/') });
  expect((await explain({ method: 'POST', target: '/oauth2/token' })).verdict.outcome).toBe('answered');
  const headers = [
    ['Origin', 'https://x'],
    ['Access-Control-Request-Method', 'GET'],
  ] as const;
  const { verdict, steps } = await explain({ method: 'OPTIONS', target: '/a', headers });
  expect(verdict).toMatchObject({ outcome: 'answered', status: 200, route: 'a' });
  expect(steps[1]?.says).toContain('cors of that route answers');
});

const PREFLIGHT = {
  method: 'OPTIONS',
  headers: [
    ['Origin', 'https://o'],
    ['Access-Control-Request-Method', 'GET'],
  ],
} as const;

describe('for any configuration, token and call', () => {
  const scope = fc.constantFrom('r', 'w', 'a');
  const methods = fc.constantFrom('GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS');
  const path = fc.constantFrom('/', '/a', '/a/b', '/a/b/', '/A', '/b', '/b/c/d');
  const routes = fc.array(
    fc.record({
      path: fc.constantFrom('/*', '/a/*', '/a', '/a/b', '/A/*', '/b/*', '/'),
      host: fc.option(fc.constantFrom('one.test', 'two.test'), { nil: undefined }),
      methods: fc.option(fc.uniqueArray(methods, { minLength: 1, maxLength: 2 }), { nil: undefined }),
      auth: fc.constantFrom('required', 'required', 'optional', 'none'),
      scopes: fc.oneof(fc.uniqueArray(scope), fc.dictionary(methods, fc.uniqueArray(scope), { maxKeys: 2 })),
      audience: fc.option(fc.constantFrom('https://x'), { nil: undefined, freq: 2 }),
      connections: fc.option(fc.constant(['users']), { nil: undefined, freq: 2 }),
      limits: fc.option(
        fc.record({
          perToken: fc.option(
            fc.record({ count: fc.integer({ min: 1, max: 2 }), window: fc.constant(milliseconds(60_000)) }),
            { nil: undefined },
          ),
          perClient: fc.option(
            fc.record({ count: fc.integer({ min: 1, max: 3 }), window: fc.constant(milliseconds(60_000)) }),
            { nil: undefined },
          ),
          status: fc.constantFrom(429, 403, undefined),
        }),
        { nil: undefined },
      ),
      maxBody: fc.option(fc.constant(bytes(5)), { nil: undefined, freq: 2 }),
    }),
    { minLength: 3, maxLength: 9 },
  );
  const tokens = fc.array(
    fc.record({
      scopes: fc.uniqueArray(scope),
      audience: fc.constantFrom([], ['https://x']),
      user: fc.constantFrom(alice, { ...alice, connection: 'corp' }, undefined),
      expiresAt: fc.constantFrom(3600, 3600, 3600, 0, -1).map((time) => seconds(NOW / 1000 + time)),
    }),
    { minLength: 1, maxLength: 4 },
  );
  const call = fc.record({
    method: fc.oneof({ weight: 20, arbitrary: methods }, fc.constantFrom('TRACE', 'CONNECT')),
    target: fc.oneof(
      { weight: 8, arbitrary: path },
      fc.constantFrom('/a%2fb', '/a/../b', '/a;b', 'a', '/a?access_token=x', '/a#', '/%61/b?q'),
    ),
    host: fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom('one.test', 'two.test', 'three.test:80') },
      fc.constantFrom('a b', '', 'x,y'),
    ),
    token: fc.option(fc.nat({ max: 4 }), { nil: undefined, freq: 5 }),
    headers: fc.array(
      fc.constantFrom(
        ...([
          ['Authorization', 'Bearer x'],
          ['Authorization', 'Basic eDp5'],
          ['Content-Length', '9'],
          ['Connection', 'host'],
        ] as const),
        ...([
          ['Origin', 'https://o'],
          ['Access-Control-Request-Method', 'GET'],
          ['X-User-Id', 'forged'],
          ['Content-Length', '1'],
        ] as const),
      ),
      { maxLength: 2 },
    ),
    times: fc.integer({ min: 1, max: 3 }),
    asksFirst: fc.nat({ max: 9 }).map((of) => of === 0),
  });

  it('the steps come to what the gateway decides, and to what it then does', async () => {
    let seen = 0;
    const outcomes = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(
        routes,
        tokens,
        fc.array(call, { minLength: 4, maxLength: 16 }),
        fc.boolean(),
        async (specs, kinds, calls, cors) => {
          const taken = new Set<string>();
          const apart = specs.filter((spec) => {
            const keys = (spec.methods ?? ['*']).map((method) => `${spec.host} ${spec.path} ${method}`);
            const free = keys.every((key) => !taken.has(key));
            if (free) for (const key of keys) taken.add(key);
            return free;
          });
          const policy = {
            origins: '*',
            methods: ['GET'],
            headers: [],
            expose: [],
            credentials: false,
            maxAge: seconds(1),
          } as const;
          const table = apart.map((spec, at) =>
            route(spec.path, at % 5 === 4 ? [] : 'http://u', {
              ...spec,
              name: `r${at}`,
              ...(cors && at % 2 && { cors: policy }),
            } as Parameters<typeof route>[2]),
          );
          const records = new Map<string, AccessToken>();
          const texts = kinds.map((kind) => {
            const text = mint(STANDARD_TOKENS.access);
            records.set(place(text).hash, { family: 'f', client: 'c', issuedAt: seconds(0), ...kind });
            return text;
          });
          const lookup = {
            get: (kind: string, { hash }: { hash: string }) =>
              (kind === 'access' ? records.get(hash) : undefined) as never,
          };
          const it_ = explaining(table, { lookup });
          for (const { token: which, times, asksFirst, ...said } of calls) {
            const asked = asksFirst ? { ...said, ...PREFLIGHT } : said;
            const token = which === undefined ? undefined : (texts[which] ?? mint(STANDARD_TOKENS.access));
            for (let time = 0; time < times; time++) {
              const { explanation, decision } = await it_.judge({ ...asked, token });
              const { steps, verdict } = explanation;
              // 1. Every step once; nothing is ok behind the one that stopped it.
              expect(steps.map(({ name }) => name)).toEqual(STEPS);
              const at = steps.findIndex(({ outcome }) => outcome === 'stopped');
              if (at >= 0) expect(steps.slice(at + 1).every(({ outcome }) => outcome === 'skipped')).toBe(true);
              // 2. Where they stop is the verdict.
              expect(steps[at]?.error).toBe(verdict.error);
              expect(at >= 0).toBe(verdict.outcome === 'refused');
              // 3. The verdict is what the gateway does.
              if (!decision) throw new Error('there are no endpoints of our own here');
              let does: { status: number; error?: ErrorCode | undefined; route?: string | undefined };
              if ('forward' in decision) {
                const admitted = await it_.gateway.admit(decision.forward);
                does =
                  'failure' in admitted
                    ? {
                        status: admitted.response.status,
                        error: admitted.failure?.code,
                        route: decision.forward.route.name,
                      }
                    : { status: 200, route: decision.forward.route.name };
              } else if ('reply' in decision)
                does = { status: decision.reply.response.status, route: decision.reply.route?.name };
              else {
                const refusal = 'refuse' in decision ? decision.refuse : decision.noRoute;
                does = { status: refusal.response.status, error: refusal.failure.code, route: refusal.route?.name };
              }
              expect({ status: verdict.status, error: verdict.error, route: verdict.route }).toEqual({
                error: undefined,
                route: undefined,
                ...does,
              });
              for (const secret of texts) expect(JSON.stringify(explanation)).not.toContain(secret);
              const key = verdict.error ?? verdict.outcome;
              outcomes.set(key, (outcomes.get(key) ?? 0) + 1);
              seen++;
            }
          }
        },
      ),
      { numRuns: 300 },
    );
    expect(seen).toBeGreaterThan(1_000);
    for (const kind of [
      'forwarded',
      'answered',
      'not_found',
      'invalid_token',
      'insufficient_scope',
      'missing_token',
      'rate_limited',
      'ambiguous_request',
      'payload_too_large',
    ])
      expect(outcomes.get(kind) ?? 0, kind).toBeGreaterThan(0);
  });
});
