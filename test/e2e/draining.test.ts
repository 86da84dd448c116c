import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { demoConfig } from '../support/demo_config.ts';
import { startGatehouse } from '../support/gatehouse_process.ts';
import { aliceTokens } from '../support/token_client.ts';

const start = async () => startGatehouse(await demoConfig('{ type: memory }'));

/** A call of `ms` milliseconds that is surely under way: a later, faster one has been answered. */
async function slowCall(url: string, ms: number): Promise<{ answer: Promise<Response> }> {
  const { access_token } = await aliceTokens(url);
  const headers = { authorization: `Bearer ${access_token}` };
  const answer = fetch(`${url}/demo/slow?ms=${ms}`, { headers });
  answer.catch(() => {}); // The test that kills the gateway does not wait for it.
  await (await fetch(`${url}/demo/slow?ms=50`, { headers })).text();
  return { answer };
}

describe('SIGTERM', () => {
  it('turns ready false at once, lets the request in flight finish, and exits with 0', async () => {
    const gatehouse = await start();
    const slow = await slowCall(gatehouse.url, 1_500);
    gatehouse.signal('SIGTERM');
    await gatehouse.line(/"event":"draining"/);
    const ready = await fetch(`${gatehouse.admin}/health/ready`);
    expect(ready.status).toBe(503);
    expect(await ready.text()).toContain('draining');

    const answer = await slow.answer;
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ path: expect.stringContaining('/slow') });
    expect(await gatehouse.exited).toBe(0);
  });

  it('refuses new connections while it drains', async () => {
    const gatehouse = await start();
    const slow = await slowCall(gatehouse.url, 1_000);
    gatehouse.signal('SIGTERM');
    await gatehouse.line(/"event":"draining"/);
    // Not by fetch, which would use a connection that it still has.
    const late = connect(Number(new URL(gatehouse.url).port), '127.0.0.1');
    await expect(once(late, 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect((await slow.answer).status).toBe(200);
    expect(await gatehouse.exited).toBe(0);
  });

  it('does not wait when a second signal comes', async () => {
    const gatehouse = await start();
    await slowCall(gatehouse.url, 20_000);
    gatehouse.signal('SIGTERM');
    await gatehouse.line(/"event":"draining"/);
    const began = performance.now();
    // Signals in quick succession are one wish (npm forwards what the process group already got), so this goes on asking.
    const again = setInterval(() => gatehouse.signal('SIGTERM'), 100);
    expect(await gatehouse.exited).toBe(1);
    clearInterval(again);
    expect(performance.now() - began).toBeLessThan(2_000);
  });
});
