import { describe, expect, it } from 'vitest';
import { createLimits } from '../../src/gateway/limits.ts';
import { systemClock } from '../../src/model/clock.ts';
import { DependencyUnavailable } from '../../src/model/failure.ts';
import type { Route } from '../../src/model/route.ts';
import type { TokenHash } from '../../src/model/token.ts';
import { milliseconds } from '../../src/model/units.ts';
import type { CounterStore } from '../../src/stores/counter_store.ts';
import { MemoryCounters } from '../../src/stores/memory_counters.ts';
import { route, startLaneServer } from '../support/lane_server.ts';
import { rawClient } from '../support/raw_client.ts';
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
