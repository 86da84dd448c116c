import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DemoApi, startDemoApi } from '../../src/demo/demo_api.ts';
import { type LaneServer, route, startLaneServer } from '../support/lane_server.ts';

let demo: DemoApi;
let lane: LaneServer;
let gate: string;
beforeAll(async () => {
  demo = await startDemoApi();
  lane = await startLaneServer({
    routes: [route('/demo/*', 'demo', { stripPrefix: '/demo' }), route('/whole/*', 'demo')],
    demoUrl: demo.url,
  });
  gate = `http://127.0.0.1:${lane.port}`;
});
afterAll(async () => {
  await lane.close();
  await demo.close();
});

const authorization = async () => ({ authorization: `Bearer ${await lane.token()}` });

describe('the demo API behind a gateway', () => {
  it('answers what it saw', async () => {
    const response = await fetch(`${gate}/demo/hello?a=1`, {
      method: 'POST',
      body: 'hi',
      headers: await authorization(),
    });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      method: 'POST',
      path: '/hello?a=1',
      headers: { 'x-user-id': 'u-alice', 'x-client-id': 'demo-app' },
      body: 'hi',
    });
  });

  it('takes its time at /slow, with the prefix stripped or not', async () => {
    for (const path of ['/demo/slow?ms=120', '/whole/slow?ms=120']) {
      const began = performance.now();
      await fetch(gate + path, { headers: await authorization() });
      expect(performance.now() - began).toBeGreaterThan(110);
    }
  });

  it('streams server-sent events at /events until the reader leaves', async () => {
    const leaving = new AbortController();
    const response = await fetch(`${gate}/demo/events`, { headers: await authorization(), signal: leaving.signal });
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader?.read())?.value).toMatch(/^id: 1\ndata: /);
    leaving.abort();
    await expect
      .poll(() => lane.exchanges.at(-1))
      .toMatchObject({ path: '/demo/events', status: 499, route: '/demo/*' });
  });
});
