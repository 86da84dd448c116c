import { afterEach, describe, expect, it } from 'vitest';
import { createLimits } from '../../src/gateway/limits.ts';
import { PERSONAL_TOKENS_CLIENT } from '../../src/model/client.ts';
import { systemClock } from '../../src/model/clock.ts';
import { DependencyUnavailable } from '../../src/model/failure.ts';
import type { Route } from '../../src/model/route.ts';
import type { AccessToken, TokenHash } from '../../src/model/token.ts';
import { milliseconds } from '../../src/model/units.ts';
import type { CounterStore } from '../../src/stores/counter_store.ts';
import { MemoryCounters } from '../../src/stores/memory_counters.ts';
import { alice, route, startLaneServer } from '../support/lane_server.ts';
import { exchange, rawClient } from '../support/raw_client.ts';
import { startRecordingUpstream } from '../support/recording_upstream.ts';

const limited = (limits: Omit<Route['limits'], 'status'>) =>
  route('/x', 'http://u', { limits: { ...limits, status: 429 } });
const token = (name: string) => name as TokenHash;
const counters = () => new MemoryCounters(systemClock);

describe('calls at once', () => {
  it('are counted per token and route, and a released place is free again', () => {
    const limits = createLimits({ counters: counters(), clock: systemClock });
    const one = limited({ concurrent: 1 });
    const first = limits.admit(one, token('a'));
    expect(limits.admit(one, token('a'))).toMatchObject({ code: 'rate_limited', retryAfter: 1 });
    expect(limits.admit(one, token('b'))).toMatchObject({ headers: [] });
    expect(limits.admit({ ...one, name: 'other' }, token('a'))).toMatchObject({ headers: [] });
    if (first instanceof Promise || 'code' in first) throw new Error('was refused');
    first.release();
    first.release();
    expect(limits.admit(one, token('a'))).toMatchObject({ headers: [] });
    expect(limits.admit(one, token('a')), 'a second release frees nothing').toMatchObject({ code: 'rate_limited' });
  });

  it('of routes that are counted together share their places and their rate', () => {
    const limits = createLimits({ counters: counters(), clock: systemClock });
    const perToken = { count: 2, window: milliseconds(1000) };
    const one = limited({ perToken, countedAs: 'roambi' });
    const other = { ...one, name: 'other' };
    expect(limits.admit(one, token('a'))).toMatchObject({ headers: expect.anything() });
    expect(limits.admit(other, token('a'))).toMatchObject({ headers: expect.anything() });
    expect(limits.admit(one, token('a'))).toMatchObject({ code: 'rate_limited' });
    expect(limits.admit(other, token('b'))).not.toHaveProperty('code');
  });

  it('give their place back when the rate refuses them', () => {
    const limits = createLimits({ counters: counters(), clock: systemClock });
    const none = limited({ concurrent: 1, perToken: { count: 0, window: milliseconds(1000) } });
    for (let call = 0; call < 3; call++) {
      expect(limits.admit(none, token('a'))).toMatchObject({ description: expect.stringContaining('has used its') });
    }
  });

  it('on the wire: one of two is refused, and every way to end frees the place', async () => {
    let answer = () => {};
    const upstream = await startRecordingUpstream((request, socket) => {
      if (request.target === '/x/die') socket.destroy();
      else answer = () => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      return undefined;
    });
    const lane = await startLaneServer({
      routes: [route('/x/*', upstream.origin, { limits: { concurrent: 1, status: 429 } })],
    });
    const text = await lane.token();
    const call = (path: string) => {
      const client = rawClient(lane.port);
      client.send(`GET ${path} HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer ${text}\r\n\r\n`);
      return client;
    };
    const leaving = call('/x/1');
    await upstream.next();
    const refused = await call('/x/2').response();
    expect(refused.status).toBe(429);
    expect(refused.values('retry-after')).toEqual(['1']);
    expect(refused.values('ratelimit-policy')).toEqual(['"concurrent";q=1;qu="concurrent-requests"']);
    await lane.reported();
    leaving.close();
    expect((await lane.reported()).status).toBe(499);
    expect((await call('/x/die').response()).status).toBe(502);
    const last = call('/x/3');
    await upstream.next();
    await upstream.next();
    answer();
    expect((await last.response()).status).toBe(200);
    await lane.close();
    await upstream.close();
  });
});

describe('calls of one client', () => {
  const minute = milliseconds(60_000);
  const rate = (count: number) => ({ count, window: minute });
  const app = { kind: 'client', id: 'app' } as const;
  const limitsOf = () => createLimits({ counters: counters(), clock: systemClock });

  it('are counted together, whatever token they come with; another client has its own', () => {
    const limits = limitsOf();
    const two = limited({ perClient: rate(2) });
    expect(limits.admit(two, token('a'), app)).toHaveProperty('release');
    expect(limits.admit(two, token('b'), app)).toHaveProperty('release');
    expect(limits.admit(two, token('c'), app)).toMatchObject({
      code: 'rate_limited',
      description: 'The client of this token has used its 2 calls; try again in 60 seconds.',
      retryAfter: 60,
    });
    expect(limits.admit(two, token('a'), { kind: 'client', id: 'other' })).toHaveProperty('release');
    expect(limits.admit({ ...two, name: 'other' }, token('a'), app)).toHaveProperty('release');
  });

  it('of one name are no calls of a user or an address of the same name, nor of a token', () => {
    const limits = limitsOf();
    const one = limited({ perToken: rate(1), perClient: rate(1) });
    for (const kind of ['client', 'user', 'address'] as const)
      expect(limits.admit(one, undefined, { kind, id: 'x' }), kind).toHaveProperty('release');
    expect(limits.admit(one, token('x'), app)).toHaveProperty('release');
  });

  it('are counted once their token has passed: one token alone cannot use up what its client has', () => {
    const limits = limitsOf();
    const both = limited({ perToken: rate(1), perClient: rate(2), concurrent: 5 });
    expect(limits.admit(both, token('a'), app)).toMatchObject({
      headers: [
        ['RateLimit-Policy', '"per-token";q=1;w=60, "per-client";q=2;w=60'],
        ['RateLimit', '"per-token";r=0;t=60, "per-client";r=1;t=60'],
      ],
    });
    for (let call = 0; call < 5; call++) {
      expect(limits.admit(both, token('a'), app)).toMatchObject({
        description: expect.stringContaining('This token has used its 1 calls'),
        headers: [
          ['RateLimit-Policy', '"per-token";q=1;w=60, "per-client";q=2;w=60'],
          ['RateLimit', '"per-token";r=0;t=60'],
        ],
      });
    }
    expect(limits.admit(both, token('b'), app)).toHaveProperty('release');
    expect(limits.admit(both, token('c'), app)).toMatchObject({
      description: expect.stringContaining('The client of this token has used its 2 calls'),
      headers: [expect.anything(), ['RateLimit', '"per-token";r=0;t=60, "per-client";r=0;t=60']],
    });
  });

  it('give their place back when the rate refuses them, and spend nothing where there was no place', () => {
    const limits = limitsOf();
    const one = limited({ concurrent: 1, perClient: rate(1) });
    const first = limits.admit(one, token('a'), app);
    if (first instanceof Promise || 'code' in first) throw new Error('was refused');
    expect(limits.admit(one, token('a'), app)).toMatchObject({ description: expect.stringContaining('at once') });
    first.release();
    for (let call = 0; call < 3; call++)
      expect(limits.admit(one, token('a'), app)).toMatchObject({ description: expect.stringContaining('client') });
  });

  it('of routes that are counted together share their rate', () => {
    const limits = limitsOf();
    const one = limited({ perClient: rate(1), countedAs: 'roambi' });
    expect(limits.admit(one, token('a'), app)).toHaveProperty('release');
    expect(limits.admit({ ...one, name: 'other' }, token('b'), app)).toMatchObject({ code: 'rate_limited' });
  });

  it('are looked at without being counted, and the first that is used up is told', async () => {
    const limits = limitsOf();
    const both = limited({ perToken: rate(1), perClient: rate(1), concurrent: 3 });
    for (let look = 0; look < 3; look++) {
      expect(await limits.peek(both, token('a'), app)).toEqual({
        perToken: { quota: 1, left: 1, resetsIn: minute },
        perClient: { quota: 1, left: 1, resetsIn: minute, of: 'client' },
        concurrent: { most: 3, underWay: 0 },
      });
    }
    await limits.admit(both, token('a'), app);
    const told = await limits.peek(both, token('a'), app);
    expect(told).toMatchObject({ description: expect.stringContaining('This token') });
    expect(told).toEqual(await limits.admit(both, token('a'), app));
    expect(await limits.peek(both, token('b'), app)).toMatchObject({ description: expect.stringContaining('client') });
    expect(await limits.peek(both, undefined, undefined)).toEqual({});
  });
});

describe('calls of one client on the wire', () => {
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const each of open.splice(0).reverse()) await each.close();
  });

  async function start(more: Partial<Route>, trustedProxies: readonly string[] = []) {
    const upstream = await startRecordingUpstream();
    open.push(upstream);
    const limits = { perClient: { count: 2, window: milliseconds(60_000) }, ...more.limits };
    const routes = [route('/x/*', upstream.origin, { ...more, upstream: {}, limits })];
    const lane = await startLaneServer({ routes, trustedProxies });
    open.push(lane);
    const call = (...lines: string[]) =>
      exchange(lane.port, ['GET /x/1 HTTP/1.1', 'Host: g', ...lines, '', ''].join('\r\n'));
    const as = async (facts: Partial<AccessToken>) => call(`Authorization: Bearer ${await lane.token(facts)}`);
    return { call, as, upstream };
  }

  it('have one budget over all its tokens, and are told so', async () => {
    const { as, upstream } = await start({ limits: { status: 503 } });
    const first = await as({ client: 'app' });
    expect(first.values('ratelimit-policy')).toEqual(['"per-client";q=2;w=60']);
    expect(first.values('ratelimit')).toEqual(['"per-client";r=1;t=60']);
    expect((await as({ client: 'app', user: undefined })).status).toBe(200);
    const third = await as({ client: 'app' });
    expect(third.status, "the route's own").toBe(503);
    expect(third.values('retry-after')).toEqual(['60']);
    expect(third.values('ratelimit')).toEqual(['"per-client";r=0;t=60']);
    expect(third.body).toContain('The client of this token has used its 2 calls');
    expect((await as({ client: 'other' })).status).toBe(200);
    expect(upstream.requests).toHaveLength(3);
  });

  it('with personal tokens, which all have one client, are counted by user', async () => {
    const { as } = await start({});
    const mine = { client: PERSONAL_TOKENS_CLIENT };
    const bob = { ...alice, subject: 'u-bob' };
    const statuses = [];
    for (const user of [alice, alice, alice, bob]) statuses.push((await as({ ...mine, user })).status);
    expect(statuses).toEqual([200, 200, 429, 200]);
  });

  it('without a token are counted by address, which nobody but a trusted proxy can name', async () => {
    for (const auth of ['none', 'optional'] as const) {
      const { call, as } = await start({ auth, limits: { perToken: { count: 1, window: milliseconds(1_000) } } });
      const statuses = [];
      for (const from of ['6.6.6.1', '6.6.6.2', '6.6.6.3'])
        statuses.push((await call(`X-Forwarded-For: ${from}`)).status);
      expect(statuses, auth).toEqual([200, 200, 429]);
      const refused = await call();
      expect(refused.body).toContain('This address has used its 2 calls');
      expect(refused.values('ratelimit-policy')).toEqual(['"per-client";q=2;w=60']);
      // A public route looks at no token; where there is one, its client is who calls.
      expect((await as({ client: 'app' })).status).toBe(auth === 'none' ? 429 : 200);
    }
  });

  it('behind a trusted proxy are counted by what it says, and an IPv6 /64 is one caller', async () => {
    const { call } = await start({ auth: 'none' }, ['127.0.0.0/8']);
    const from = async (addresses: string) => (await call(`X-Forwarded-For: ${addresses}`)).status;
    expect(await from('192.0.2.1')).toBe(200);
    expect(await from('8.8.8.8, 192.0.2.1')).toBe(200);
    expect(await from('9.9.9.9, 192.0.2.1'), 'what stands before it may be made up').toBe(429);
    expect(await from('192.0.2.2')).toBe(200);
    expect(await from('2001:db8:1:2::1')).toBe(200);
    expect(await from('2001:DB8:1:2:aaaa:bbbb:cccc:dddd')).toBe(200);
    expect(await from('2001:db8:1:2::9')).toBe(429);
    expect(await from('2001:db8:1:3::9')).toBe(200);
  });
});

describe('a counter store that is down', () => {
  const gone = () => Promise.reject(new DependencyUnavailable('redis', 'gone'));
  const down: CounterStore = { hit: gone, peek: gone, forgive: gone, reset: gone };
  const throwing = () => {
    throw new DependencyUnavailable('redis', 'gone');
  };
  const broken: CounterStore = { hit: throwing, peek: throwing, forgive: throwing, reset: throwing };
  for (const [title, store] of [
    ['later', down],
    ['at once', broken],
  ] as const) {
    it(`(${title}) leaves this node counting alone: traffic goes on, and is still limited`, async () => {
      const limits = createLimits({ counters: store, clock: systemClock });
      const two = limited({ perToken: { count: 2, window: milliseconds(60_000) } });
      expect(await limits.admit(two, token('a'))).toHaveProperty('release');
      expect(await limits.admit(two, token('a'))).toHaveProperty('release');
      expect(await limits.admit(two, token('a'))).toMatchObject({ code: 'rate_limited', retryAfter: 60 });
      expect(await limits.admit(two, token('b'))).toHaveProperty('release');
    });

    it(`(${title}) leaves this node counting the calls of a client alone too`, async () => {
      const limits = createLimits({ counters: store, clock: systemClock });
      const both = limited({
        perToken: { count: 9, window: milliseconds(60_000) },
        perClient: { count: 2, window: milliseconds(60_000) },
      });
      const app = { kind: 'client', id: 'app' } as const;
      expect(await limits.admit(both, token('a'), app)).toHaveProperty('release');
      expect(await limits.peek(both, token('b'), app)).toMatchObject({ perToken: { left: 9 }, perClient: { left: 1 } });
      expect(await limits.admit(both, token('b'), app)).toHaveProperty('release');
      expect(await limits.admit(both, token('c'), app)).toMatchObject({ code: 'rate_limited', retryAfter: 60 });
      expect(await limits.admit(both, token('c'), { ...app, id: 'other' })).toHaveProperty('release');
    });
  }

  it('opens a new window when the old one is over, and does not grow for ever', async () => {
    let now = 0;
    const clock = { now: () => milliseconds(now), monotonic: () => milliseconds(now) };
    const limits = createLimits({ counters: broken, clock });
    const one = limited({ perToken: { count: 1, window: milliseconds(1000) } });
    await limits.admit(one, token('a'));
    expect(await limits.admit(one, token('a'))).toMatchObject({ code: 'rate_limited' });
    now = 1000;
    expect(await limits.admit(one, token('a'))).toHaveProperty('release');
    for (let index = 0; index < 30_000; index++) await limits.admit(one, token(`t${index}`));
    expect(await limits.admit(one, token('t29999')), 'the latest are remembered').toMatchObject({
      code: 'rate_limited',
    });
    expect(await limits.admit(one, token('t0')), 'the oldest are not').toHaveProperty('release');
  });
});
