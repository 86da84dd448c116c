import { describe, expect, it } from 'vitest';
import { milliseconds } from '../../src/model/units.ts';
import { createLive } from '../../src/observe/live.ts';
import { createMetrics } from '../../src/observe/metrics.ts';
import { createRecentRefusals } from '../../src/observe/recent_refusals.ts';
import { exchange } from './answered_call.ts';

describe('what is happening now', () => {
  it('is told in numbers: requests, times, refusals, cache, tokens and store', async () => {
    const metrics = createMetrics();
    metrics.watch({
      cache: () => ({ hits: 5, misses: 2, size: 3, negativeSize: 1, evictions: 0 }),
      store: async () => {},
    });
    metrics.request(exchange);
    metrics.request({ ...exchange, method: 'POST', duration: milliseconds(60_000) });
    metrics.request({ ...exchange, status: 403, refused: 'insufficient_scope' });
    metrics.tokenIssued('password');
    const live = createLive({ metrics, refusals: createRecentRefusals({ now: () => milliseconds(1) }), targets });
    const { at, requests, durations, ...others } = await live.stats();
    expect(Math.abs(at - Date.now())).toBeLessThan(5_000);
    expect(requests).toEqual([
      { route: 'orders', status: 200, count: 2 },
      { route: 'orders', status: 403, count: 1 },
    ]);
    const [{ buckets = [], ...times } = {}] = durations;
    expect(times).toMatchObject({ route: 'orders', count: 3 });
    expect(Object.fromEntries(buckets)).toMatchObject({ 0.01: 0, 0.025: 2, 30: 2, Infinity: 3 });
    expect(others).toEqual({
      refusals: [{ reason: 'insufficient_scope', count: 1 }],
      cache: { hits: 5, misses: 2, entries: 3 },
      issued: [{ grant: 'password', count: 1 }],
      storeUp: true,
    });
    expect(await live.targets()).toEqual([{ route: 'orders', target: 'http://a', healthy: false, failures: 7 }]);
  });

  it('has the last 200 refusals, newest first, and no others', () => {
    let now = 0;
    const refusals = createRecentRefusals({ now: () => milliseconds(now++) });
    refusals.add(exchange);
    for (let count = 0; count < 450; count++)
      refusals.add({ ...exchange, requestId: `r-${count}`, status: 401, refused: 'missing_token' });
    const list = refusals.list();
    expect(list).toHaveLength(200);
    expect(list.map(({ requestId }) => requestId)).toEqual(
      Array.from({ length: 200 }, (_, index) => `r-${449 - index}`),
    );
    expect(list[0]).toEqual({
      ...{ at: 449, requestId: 'r-449', method: 'GET', path: '/orders/7', status: 401 },
      ...{ reason: 'missing_token', route: 'orders', client: undefined, user: undefined },
    });
  });

  it('keeps no more of a path than a screen shows', () => {
    const refusals = createRecentRefusals({ now: () => milliseconds(0) });
    refusals.add({ ...exchange, path: `/${'a'.repeat(9_000)}`, refused: 'not_found' });
    expect(refusals.list()[0]?.path).toHaveLength(1_025);
  });
});

const targets = () => [{ upstream: 'orders', target: 'http://a', healthy: false, failures: 7 }];
