/**
 * The threat: nodes are restarted for a new version, and requests are lost: those that a node had when it stopped, those that were
 * sent on a connection that it just closed, and those that went to a node which was not there yet.
 *
 * Three nodes over one Redis, behind HAProxy as docs/operations.md shows it, under load: each is stopped with SIGTERM and started
 * again, one after the other.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { type NodePorts, startBalancer } from '../support/balancer.ts';
import { type BusyCall, startCallers } from '../support/busy_callers.ts';
import { type GatehouseProcess, startGatehouse } from '../support/gatehouse_process.ts';
import { isLong, measured } from '../support/measured.ts';
import { freePort } from '../support/ports.ts';
import { startRedis } from '../support/redis_server.ts';
import { post } from '../support/token_client.ts';

const ROUNDS = isLong() ? 5 : 1;
const CALLERS = 12;
const APP = `Basic ${Buffer.from('app:the-secret-of-the-app').toString('base64')}`;

async function upstream(): Promise<string> {
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const piece of request) body += piece;
    if (request.url?.includes('slow')) await delay(150);
    response.end(`done:${body}`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

it('restarts three nodes, one after the other, without one failed request', { timeout: 120_000 }, async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const origin = await upstream();
  const config = ({ port, admin }: NodePorts) => `
listen: { host: 127.0.0.1, port: ${port} }
admin: { host: 127.0.0.1, port: ${admin} }
store: { type: redis, url: "${redis.url}", command_timeout: 10s }
routes:
  - { name: api, path: /api/*, upstream: "${origin}" }
clients:
  - { id: app, secret: the-secret-of-the-app, grants: [client_credentials], scopes: [a] }
`;
  const ports: NodePorts[] = [];
  for (let node = 0; node < 3; node++) ports.push({ port: await freePort(), admin: await freePort() });
  const nodes: GatehouseProcess[] = await Promise.all(ports.map((each) => startGatehouse(config(each))));
  onTestFinished(async () => void (await Promise.all(nodes.map((node) => node.stop('SIGKILL')))));
  const balancer = await startBalancer(ports);
  onTestFinished(() => balancer.stop());

  // HAProxy may still take them for down, as they were not there a moment ago.
  const reachable = async () => (await fetch(`${balancer.origin}/api/quick`)).status;
  await expect.poll(reachable, { timeout: 20_000 }).toBe(401);
  const answer = await post(`${balancer.origin}/oauth2/token`, { grant_type: 'client_credentials' }, APP);
  const { access_token: token } = (await answer.json()) as { access_token: string };
  const next = (turn: number): BusyCall => {
    const body = turn % 4 === 0 ? `text ${turn}` : undefined;
    return {
      url: `${balancer.origin}/api/${turn % 5 === 0 ? 'slow' : 'quick'}`,
      token,
      body,
      judge: ({ status, body: got }) =>
        status === 200 && got === `done:${body ?? ''}` ? undefined : `${status} ${got}`,
    };
  };
  const served = async (node: GatehouseProcess) => {
    const page = await (await fetch(`${node.admin}/metrics`)).text();
    const rows = page.matchAll(/^gatehouse_requests_total\{.*route="api".*\} (\d+)$/gm);
    return [...rows].reduce((sum, [, count]) => sum + Number(count), 0);
  };
  const callers = startCallers(CALLERS, next);
  for (const node of nodes) await expect.poll(() => served(node), { timeout: 10_000 }).toBeGreaterThan(20);

  let longest = 0;
  for (let turn = 0; turn < 3 * ROUNDS; turn++) {
    const index = turn % 3;
    const place = ports[index];
    const node = nodes[index];
    if (place === undefined || node === undefined) throw new Error('there are three');
    const began = performance.now();
    expect(await node.stop()).toBe(0);
    longest = Math.max(longest, performance.now() - began);
    const again = await startGatehouse(config(place));
    nodes[index] = again;
    await expect.poll(() => served(again), { timeout: 10_000 }).toBeGreaterThan(20);
  }
  await callers.stop();
  expect(callers.broken).toEqual([]);
  expect(callers.refused).toBe(0);
  expect(longest).toBeLessThan(30_000);
  measured({
    id: 'G9',
    what: `requests while ${3 * ROUNDS} nodes restart behind HAProxy`,
    count: callers.answered,
    max: 0,
    unit: 'failed',
  });
});
