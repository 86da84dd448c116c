import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demoConfig } from '../support/demo_config.ts';
import { type GatehouseProcess, startGatehouse } from '../support/gatehouse_process.ts';
import { type RecordingUpstream, startRecordingUpstream } from '../support/recording_upstream.ts';
import { aliceTokens } from '../support/token_client.ts';

/** config/proxy.yaml as it is shipped, but for its longest waits, in a process of its own: what its comments say happens. */

const upstreams: RecordingUpstream[] = [];
let gatehouse: GatehouseProcess;
let token: string;
let ill = false;
let release = () => false;

beforeAll(async () => {
  for (const name of ['a', 'b']) {
    upstreams.push(
      await startRecordingUpstream(({ target }, socket) => {
        if (target.endsWith('/held')) {
          release = () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nheld');
          return undefined;
        }
        const status = ill ? '503 Service Unavailable' : '200 OK';
        const body = `${name} ${target}`;
        return `HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
      }),
    );
  }
  const [a, b] = upstreams.map(({ origin }) => origin);
  const config = await demoConfig('{ type: memory }', '', 'config/proxy.yaml');
  const hurried = config.replaceAll(/(interval|retry_after): 2s/g, '$1: 200ms');
  gatehouse = await startGatehouse(hurried, { ORDERS_A: a ?? '', ORDERS_B: b ?? '' });
  token = (await aliceTokens(gatehouse.url)).access_token;
});
afterAll(async () => {
  await gatehouse.stop();
  for (const upstream of upstreams) await upstream.close();
});

const call = (path: string, init: RequestInit = {}) =>
  fetch(`${gatehouse.url}${path}`, { ...init, headers: { authorization: `Bearer ${token}`, ...init.headers } });

describe('config/proxy.yaml', () => {
  it('spreads orders over both targets, under the path that they know', async () => {
    const seen = [await (await call('/orders/7')).text(), await (await call('/orders/7')).text()];
    expect(seen.toSorted()).toEqual(['a /v2/orders/7', 'b /v2/orders/7']);
  });

  it('keeps a user at one target', async () => {
    const seen = new Set<string>();
    for (let count = 0; count < 6; count++) seen.add(await (await call('/carts/mine')).text());
    expect(seen.size).toBe(1);
  });

  it('takes orders of up to 64 KiB', async () => {
    expect((await call('/orders', { method: 'POST', body: 'x'.repeat(65_536) })).status).toBe(200);
    const refused = await call('/orders', { method: 'POST', body: 'x'.repeat(65_537) });
    expect([refused.status, await refused.json()]).toEqual([
      413,
      { error: 'payload_too_large', error_description: 'The body is longer than 64 KiB.' },
    ]);
  });

  it('answers browsers, and sets and removes headers both ways', async () => {
    const origin = 'https://app.example.com';
    const asked = await fetch(`${gatehouse.url}/app/hello`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'GET' },
    });
    expect([asked.status, asked.headers.get('access-control-allow-origin')]).toEqual([200, origin]);
    const answer = await call('/app/hello', { headers: { origin, cookie: 'a=1', 'x-tenant': 'mine' } });
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    const { headers } = (await answer.json()) as { headers: Record<string, string> };
    expect(headers).toMatchObject({ 'x-tenant': 'acme', 'x-api-key': 'an-example', 'x-user-id': 'u-alice' });
    expect(headers).not.toHaveProperty('cookie');
  });

  it('asks both targets how they are, takes them out, says so, and lets them back', async () => {
    ill = true;
    await gatehouse.line(/"event":"upstream_unhealthy".*"upstream":"orders"/);
    // The other one is out as well within so many checks.
    for (;;) {
      const answer = await call('/orders/7');
      if (answer.headers.get('retry-after') === '1') break;
    }
    const metrics = await (await fetch(`${gatehouse.admin}/metrics`)).text();
    for (const { origin } of upstreams)
      expect(metrics).toContain(`gatehouse_upstream_healthy{upstream="orders",target="${origin}"} 0`);
    ill = false;
    await gatehouse.line(/"event":"upstream_healthy".*"upstream":"orders"/);
    expect((await call('/orders/7')).status).toBe(200);
  });

  it('asks no target any more while it drains, and lets the call under way come to its end', async () => {
    const held = call('/carts/held');
    const checks = () =>
      upstreams.flatMap(({ requests }) => requests.filter(({ target }) => target === '/health')).length;
    const arrived = () => upstreams.some(({ requests }) => requests.some(({ target }) => target.endsWith('/held')));
    while (!arrived()) await delay(10);
    gatehouse.signal('SIGTERM');
    await gatehouse.line(/"event":"draining"/);
    const before = checks();
    // Three of them would have come to each target by now; one may have been on its way.
    await delay(700);
    expect(checks() - before).toBeLessThanOrEqual(1);
    release();
    expect(await (await held).text()).toBe('held');
    expect(await gatehouse.exited).toBe(0);
  });
});
