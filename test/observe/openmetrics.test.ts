import { describe, expect, it } from 'vitest';
import type { Exchange } from '../../src/model/exchange.ts';
import { milliseconds } from '../../src/model/units.ts';
import { createMetrics } from '../../src/observe/metrics.ts';
import { openMetricsText, wantsOpenMetrics } from '../../src/observe/openmetrics.ts';
import { readOpenMetrics } from './openmetrics_reader.ts';

const exchange: Exchange = {
  requestId: 'request-1',
  method: 'GET',
  path: '/orders/7',
  route: 'orders',
  status: 200,
  duration: milliseconds(20),
};
const trace = { id: 'a'.repeat(32), sampled: true, forwarded: () => [], end: () => {} };

const exemplars = (page: string) =>
  readOpenMetrics(page).flatMap(({ labels, exemplar }) => (exemplar ? [[labels['le'], exemplar.labels]] : []));

describe('metrics as OpenMetrics', () => {
  it('are as the specification has them', async () => {
    const metrics = createMetrics();
    metrics.watch({
      cache: () => ({ hits: 5, misses: 2, size: 3, negativeSize: 1, evictions: 0 }),
      store: async () => {},
      upstreams: () => [{ upstream: 'a "b"\\\n', target: 'http://a', healthy: true, failures: 0 }],
    });
    metrics.request({ ...exchange, refused: 'missing_token' });
    metrics.tokenIssued('password');
    const { body, contentType } = await metrics.text(true);
    expect(contentType).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
    const samples = readOpenMetrics(body);
    const labels = { route: 'orders', method: 'GET', status: '200' };
    expect(samples).toContainEqual(
      expect.objectContaining({ family: 'gatehouse_requests', name: 'gatehouse_requests_total', labels, value: 1 }),
    );
    expect(samples.find(({ name }) => name === 'gatehouse_upstream_healthy')?.labels['upstream']).toBe('a "b"\\\n');
    expect(body).toContain('le="1.0"');
    // The plain page is the one it always was.
    const plain = await metrics.text();
    expect(plain.contentType).toContain('text/plain');
    expect(plain.body).toContain('# TYPE gatehouse_requests_total counter');
    expect(plain.body).not.toContain('# EOF');
  });

  it('name one call for each bucket, by its trace where there is one, and another after each look', async () => {
    const metrics = createMetrics();
    metrics.request(exchange);
    expect(exemplars((await metrics.text(true)).body)).toEqual([]);
    metrics.request({ ...exchange, requestId: 'request-2' });
    metrics.request({ ...exchange, requestId: 'request-3' });
    metrics.request({ ...exchange, duration: milliseconds(60_000), notes: { trace } });
    expect(exemplars((await metrics.text(true)).body)).toEqual([
      ['0.025', { request_id: 'request-2' }],
      ['+Inf', { trace_id: trace.id }],
    ]);
    metrics.request({ ...exchange, requestId: 'request-4', notes: { trace: { ...trace, sampled: false } } });
    expect(exemplars((await metrics.text(true)).body)).toEqual([
      ['0.025', { request_id: 'request-4' }],
      ['+Inf', { trace_id: trace.id }],
    ]);
  });

  it('leave out a name that is too long for an exemplar', async () => {
    const metrics = createMetrics();
    await metrics.text(true);
    metrics.request({ ...exchange, route: 'orders', requestId: 'r'.repeat(119) });
    expect(exemplars((await metrics.text(true)).body)).toEqual([]);
  });

  it('say what is infinite', () => {
    const values = [{ value: Number.POSITIVE_INFINITY, labels: {} }];
    expect(openMetricsText([{ name: 'a', help: 'b', type: 'gauge', values }])).toBe(
      '# HELP a b\n# TYPE a gauge\na +Inf\n# EOF\n',
    );
  });
});

describe('the format of metrics', () => {
  it.each([
    [undefined, false],
    ['*/*', false],
    ['text/plain', false],
    ['application/openmetrics-text', true],
    ['application/openmetrics-text;q=0', false],
    ['application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.9', false],
    // Prometheus itself.
    [
      'application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
      true,
    ],
  ])('%s', (accept, open) => {
    expect(wantsOpenMetrics(accept)).toBe(open);
  });
});
