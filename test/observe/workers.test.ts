import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Live } from '../../src/admin/live.ts';
import { readOpenMetrics } from './openmetrics_reader.ts';

interface Page {
  readonly contentType: string;
  readonly body: string;
}
interface Told {
  readonly stats: Awaited<ReturnType<Live['stats']>>;
  readonly refusals: Awaited<ReturnType<Live['refusals']>>;
  readonly targets: Awaited<ReturnType<Live['targets']>>;
  readonly plain: Page;
  readonly open: readonly [Page, null, Page];
}

describe('what several workers tell', () => {
  let told: Told;
  beforeAll(async () => {
    const child = spawn(process.execPath, [new URL('./workers_fixture.ts', import.meta.url).pathname], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [printed] = await Promise.all([text(child.stdout), once(child, 'exit')]);
    told = JSON.parse(printed) as Told;
  }, 60_000);

  it('is added up', () => {
    const { stats, targets } = told;
    expect(stats.requests).toEqual([{ route: 'orders', status: 401, count: 3 }]);
    expect(stats.durations[0]).toMatchObject({ route: 'orders', count: 3 });
    expect(stats.durations[0]?.buckets.at(-1)).toEqual(['infinite', 3]);
    expect(stats.refusals).toEqual([{ reason: 'missing_token', count: 3 }]);
    expect(stats.storeUp).toBe(false);
    expect(targets).toEqual([{ route: 'orders', target: 'http://a', healthy: false, failures: 3 }]);
  });

  it('has the refusals of all of them, newest first', () => {
    expect(told.refusals.map(({ requestId }) => requestId)).toEqual(['worker-2-1', 'worker-2-0', 'worker-1-0']);
  });

  it('is one page of metrics', () => {
    expect(told.plain.contentType).toContain('text/plain');
    expect(told.plain.body).toContain('gatehouse_requests_total{route="orders",method="GET",status="401"} 3');
    expect(told.plain.body).toContain('gatehouse_store_up 0');
    expect(told.plain.body).not.toContain('worker-');
  });

  it('is one page of OpenMetrics, with a call of one of them for each bucket', () => {
    const [first, , second] = told.open;
    expect(second.contentType).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
    // Nobody had asked for exemplars before the first.
    expect(readOpenMetrics(first.body).flatMap(({ exemplar }) => exemplar ?? [])).toEqual([]);
    const samples = readOpenMetrics(second.body);
    const named = samples.filter(({ exemplar }) => exemplar !== undefined);
    expect(named).toHaveLength(1);
    expect(named[0]).toMatchObject({
      name: 'gatehouse_request_duration_seconds_bucket',
      labels: { le: '0.001', route: 'orders' },
      value: 5,
      exemplar: { labels: { request_id: expect.stringMatching(/^worker-[12]-again$/) }, value: 0.001 },
    });
  });
});
