import { describe, expect, it, onTestFinished } from 'vitest';
import { createAdmin } from '../../src/http/admin.ts';
import { createReadiness } from '../../src/http/readiness.ts';
import { DependencyUnavailable } from '../../src/model/failure.ts';
import { milliseconds } from '../../src/model/units.ts';
import { createMetrics } from '../../src/observe/metrics.ts';

async function startAdmin(
  metrics: () => Promise<{ contentType: string; body: string }> = () => createMetrics().text(),
) {
  let storeUp = true;
  const readiness = createReadiness({
    ping: async () => {
      if (!storeUp) throw new DependencyUnavailable('redis', 'no answer within 250 ms');
    },
  });
  const admin = createAdmin({ listen: { host: '127.0.0.1', port: 0 }, notReady: readiness.reasons, metrics });
  const url = await admin.listen();
  onTestFinished(() => admin.drain(milliseconds(0)));
  const ready = async () => {
    const answer = await fetch(`${url}/health/ready`);
    return { status: answer.status, ...((await answer.json()) as object) };
  };
  return { url, readiness, ready, setStore: (up: boolean) => (storeUp = up) };
}

describe('the admin listener', () => {
  it('is alive as long as it answers', async () => {
    const { url, setStore } = await startAdmin();
    setStore(false);
    const answer = await fetch(`${url}/health/live`);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ status: 'live' });
  });

  it('is ready while the store answers, and says why it is not', async () => {
    const { ready, setStore } = await startAdmin();
    expect(await ready()).toEqual({ status: 'ready' });
    setStore(false);
    expect(await ready()).toEqual({
      status: 'not ready',
      reasons: ['the store does not answer: redis is unavailable: no answer within 250 ms'],
    });
    setStore(true);
    expect(await ready()).toEqual({ status: 'ready' });
  });

  it('is not ready from the moment it drains', async () => {
    const { url, ready, readiness } = await startAdmin();
    readiness.drain();
    expect(await ready()).toEqual({ status: 'not ready', reasons: ['draining'] });
    expect((await fetch(`${url}/health/ready`)).status).toBe(503);
  });

  it('gives the metrics to Prometheus', async () => {
    const { url } = await startAdmin();
    const answer = await fetch(`${url}/metrics`);
    expect(answer.headers.get('content-type')).toContain('version=0.0.4');
    expect(await answer.text()).toContain('process_cpu_seconds_total');
  });

  it('answers 503 when the metrics cannot be had, and stays up', async () => {
    const { url } = await startAdmin(() => Promise.reject(new Error('Operation timed out.')));
    const answer = await fetch(`${url}/metrics`);
    expect(answer.status).toBe(503);
    expect(await answer.text()).not.toContain('timed out');
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
  });

  it.each([
    ['GET', '/', 404],
    ['GET', '/__proto__', 404],
    ['GET', '/constructor', 404],
    ['GET', '/health/ready/', 404],
    ['POST', '/metrics', 405],
    ['HEAD', '/metrics', 200],
  ])('to %s %s it answers %i', async (method, path, status) => {
    const { url } = await startAdmin();
    expect((await fetch(url + path, { method })).status).toBe(status);
  });
});
