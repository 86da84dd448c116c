import { describe, expect, it } from 'vitest';
import { milliseconds } from '../../src/model/units.ts';
import { createMetrics } from '../../src/observe/metrics.ts';
import { exchange } from './answered_call.ts';

describe('the metrics', () => {
  it('count requests by route, method and status, and time them', async () => {
    const metrics = createMetrics();
    metrics.request(exchange);
    metrics.request({ ...exchange, status: 403, refused: 'insufficient_scope' });
    const { body, contentType } = await metrics.text();
    expect(contentType).toContain('text/plain');
    expect(body).toContain('gatehouse_requests_total{route="orders",method="GET",status="200"} 1');
    expect(body).toContain('gatehouse_requests_total{route="orders",method="GET",status="403"} 1');
    expect(body).toContain('gatehouse_refusals_total{reason="insufficient_scope"} 1');
    expect(body).toContain('gatehouse_request_duration_seconds_bucket{le="0.025",route="orders"} 2');
    expect(body).toContain('gatehouse_request_duration_seconds_bucket{le="0.01",route="orders"} 0');
    expect(body).toContain('process_cpu_seconds_total');
  });

  it('tell by route which calls passed although the store gave no answer, and which did not', async () => {
    const metrics = createMetrics();
    metrics.request({ ...exchange, cache: 'stale' });
    metrics.request({ ...exchange, cache: 'miss' });
    metrics.request({ ...exchange, status: 503, refused: 'temporarily_unavailable', fault: 'DependencyUnavailable' });
    metrics.request({ ...exchange, status: 503, refused: 'temporarily_unavailable', fault: 'CorruptRecord' });
    const { body } = await metrics.text();
    expect(body).toContain('gatehouse_store_outage_served_total{route="orders"} 1');
    expect(body).toContain('gatehouse_store_outage_refused_total{route="orders"} 1');
  });

  it('do not grow with what callers invent', async () => {
    const metrics = createMetrics();
    for (let count = 0; count < 1_000; count++)
      metrics.request({
        requestId: 'r',
        method: `M${count}`,
        path: `/${count}`,
        status: 404,
        duration: milliseconds(1),
        refused: 'not_found',
      });
    const { body } = await metrics.text();
    const series = body.split('\n').filter((line) => line.startsWith('gatehouse_requests_total{'));
    expect(series).toEqual(['gatehouse_requests_total{route="none",method="other",status="404"} 1000']);
  });

  it('tell which targets get calls, and how often they failed', async () => {
    const metrics = createMetrics();
    const stats = [
      { upstream: 'orders', target: 'http://a', healthy: true, failures: 0 },
      { upstream: 'orders', target: 'http://b', healthy: false, failures: 7 },
    ];
    metrics.watch({ upstreams: () => stats });
    const { body } = await metrics.text();
    expect(body).toContain('gatehouse_upstream_healthy{upstream="orders",target="http://a"} 1');
    expect(body).toContain('gatehouse_upstream_healthy{upstream="orders",target="http://b"} 0');
    expect(body).toContain('gatehouse_upstream_failures_total{upstream="orders",target="http://b"} 7');
  });

  it('copy what the cache counts at each scrape', async () => {
    const metrics = createMetrics();
    const stats = { hits: 5, misses: 2, size: 2, negativeSize: 1, evictions: 0 };
    metrics.watch({ cache: () => stats });
    expect((await metrics.text()).body).toContain('gatehouse_cache_hits_total 5');
    stats.hits = 9;
    const { body } = await metrics.text();
    expect(body).toContain('gatehouse_cache_hits_total 9');
    expect(body).toContain('gatehouse_cache_misses_total 2');
    expect(body).toContain('gatehouse_cache_entries 2');
    expect(body).toContain('gatehouse_cache_negative_entries 1');
  });

  it('ask the store at each scrape whether it answers', async () => {
    const metrics = createMetrics();
    let up = true;
    metrics.watch({ store: async () => (up ? undefined : Promise.reject(new Error('away'))) });
    expect((await metrics.text()).body).toContain('gatehouse_store_up 1');
    up = false;
    expect((await metrics.text()).body).toContain('gatehouse_store_up 0');
  });

  it('count issued tokens by grant', async () => {
    const metrics = createMetrics();
    metrics.tokenIssued('password');
    expect((await metrics.text()).body).toContain('gatehouse_tokens_issued_total{grant="password"} 1');
  });
});
