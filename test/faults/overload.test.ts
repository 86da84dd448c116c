/**
 * The fault: more calls come than one process can carry. Each waits longer than its caller does, so that work is done for nobody, and
 * what an operator needs most then (taking a stolen token away) waits in the same queue.
 *
 * More callers than fit into the time the process may fall behind, without a pause. It must refuse some of them early, with 503 and
 * `Retry-After`, never with 401; a revocation must still go through; and it must be as before when they are gone.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Agent, fetch } from 'undici';
import { expect, it, onTestFinished } from 'vitest';
import { startGatehouse } from '../support/gatehouse_process.ts';
import { measured } from '../support/measured.ts';
import { post } from '../support/token_client.ts';

const CALLERS = 600;
const APP = `Basic ${Buffer.from('app:the-secret-of-the-app').toString('base64')}`;
const YAML = `
listen: { host: 127.0.0.1, port: 0, fast_lane: false, max_delay: 10ms }
admin: { host: 127.0.0.1, port: 0 }
store: { type: memory }
routes:
  - { name: api, path: /api/*, upstream: demo }
clients:
  - { id: app, secret: the-secret-of-the-app, grants: [client_credentials], scopes: [a] }
`;

it('refuses calls early while it cannot keep up, serves revocations first, and comes back', {
  timeout: 60_000,
}, async () => {
  const gatehouse = await startGatehouse(YAML);
  onTestFinished(async () => void (await gatehouse.stop('SIGKILL')));
  const issue = async () => {
    const answer = await post(`${gatehouse.url}/oauth2/token`, { grant_type: 'client_credentials' }, APP);
    return ((await answer.json()) as { access_token: string }).access_token;
  };
  const [token, stolen] = [await issue(), await issue()];
  const agent = new Agent({ connections: CALLERS, pipelining: 1 });
  onTestFinished(() => agent.destroy());
  const call = () =>
    fetch(`${gatehouse.url}/api/x`, { dispatcher: agent, headers: { authorization: `Bearer ${token}` } });

  let stopped = false;
  const statuses = new Map<number, number>();
  const refused: string[] = [];
  const caller = async () => {
    while (!stopped) {
      const answer = await call();
      const body = await answer.text();
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      if (answer.status !== 503) continue;
      if (refused.length < 20) refused.push(`${answer.headers.get('retry-after')} ${body}`);
      await delay(50);
    }
  };
  const all = Promise.all(Array.from({ length: CALLERS }, caller));
  await gatehouse.line(/"event":"overloaded"/);
  await expect.poll(() => statuses.get(503) ?? 0, { timeout: 20_000 }).toBeGreaterThan(20);

  const began = performance.now();
  const revoked = await post(`${gatehouse.url}/oauth2/revoke`, { token: stolen }, APP);
  const took = performance.now() - began;
  expect(revoked.status).toBe(200);
  stopped = true;
  await all;

  expect([...statuses.keys()].toSorted()).toEqual([200, 503]);
  for (const each of refused) expect(each).toMatch(/^1 \{"error":"temporarily_unavailable"/);
  await gatehouse.line(/"event":"not_overloaded"/);
  await expect.poll(async () => (await call()).status, { timeout: 10_000 }).toBe(200);
  measured({ id: 'overload', what: `a revocation among ${CALLERS} callers`, count: 1, max: took, unit: 'ms' });
});
