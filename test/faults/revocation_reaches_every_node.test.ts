/*
 * A revoked token that goes on working somewhere: on the node that nobody told, because the message was lost, is late, or waits in a
 * connection that looks alive. Three nodes over one Redis, each behind a proxy that breaks its invalidation stream, each asked every
 * 20 ms.
 */
import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { demoConfig } from '../support/demo_config.ts';
import { type FaultProxy, startFaultProxy, type Which } from '../support/fault_proxy.ts';
import { type GatehouseProcess, startGatehouse } from '../support/gatehouse_process.ts';
import { isLong, measured, quantile } from '../support/measured.ts';
import { type RedisServer, startRedis } from '../support/redis_server.ts';
import { post, revoke, type Tokens } from '../support/token_client.ts';

/** G4, in milliseconds: the longest on a healthy cluster, what 99 of 100 stay below, the longest under any fault. */
const [HEALTHY, HEALTHY_P99, FAULTY] = [1_000, 250, 5_000];
const REVOCATIONS = isLong() ? 200 : 40;
/** Of each fault; each costs the seconds until the fault is noticed, whatever the count. */
const UNDER_FAULT = isLong() ? 60 : 12;
const AT_ONCE = 4;
const POLL_MS = 20;

interface Node {
  readonly url: string;
  readonly proxy: FaultProxy;
  readonly process: GatehouseProcess;
}

let redis: RedisServer;
let nodes: readonly Node[];
beforeAll(async () => {
  redis = await startRedis();
  nodes = await Promise.all(
    [1, 2, 3].map(async () => {
      const proxy = await startFaultProxy({ host: redis.host, port: redis.port });
      const store = `{ type: redis, url: "redis://${proxy.host}:${proxy.port}" }`;
      const process = await startGatehouse(await demoConfig(store));
      return { url: process.url, proxy, process };
    }),
  );
}, 60_000);
afterAll(async () => {
  await Promise.all(nodes.map(async ({ process, proxy }) => [await process.stop(), await proxy.close()]));
  await redis.stop();
  agent.destroy();
});

const agent = new Agent({ keepAlive: true });
const listening: Which = (opening) => opening.includes('gatehouse-listening');
const nodeFor = (turn: number): Node => {
  const node = nodes[turn % nodes.length];
  if (node === undefined) throw new Error('there are three nodes');
  return node;
};

function statusAt(node: Node, token: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const call = request(
      `${node.url}/demo/hello`,
      { agent, headers: { authorization: `Bearer ${token}` } },
      (answer) => {
        answer.resume();
        answer.once('end', () => resolve(answer.statusCode ?? 0));
      },
    );
    call.once('error', reject);
    call.end();
  });
}

async function freshToken(turn: number): Promise<string> {
  const ask = () => post(`${nodeFor(turn).url}/oauth2/token`, { grant_type: 'client_credentials' });
  let answer = await ask();
  // On a busy machine the store may miss its budget; what is tested here begins with the revocation.
  while (answer.status === 503) answer = await ask();
  const { access_token } = (await answer.json()) as Tokens;
  // Twice: the second answer comes from the cache.
  for (const node of [...nodes, ...nodes]) await expect.poll(() => statusAt(node, access_token)).toBe(200);
  return access_token;
}

/** Asks every 20 ms. @returns the time until the first refusal, which none may come back from. */
async function deadAt(node: Node, token: string, since: number): Promise<number> {
  for (;;) {
    const status = await statusAt(node, token);
    if (status === 401) break;
    expect(status).toBe(200);
    if (performance.now() - since > 3 * FAULTY) throw new Error('a revoked token lives on');
    await delay(POLL_MS);
  }
  const took = performance.now() - since;
  for (let again = 0; again < 5; again += 1) {
    await delay(POLL_MS);
    expect(await statusAt(node, token)).toBe(401);
  }
  return took;
}

/** @returns how long each node went on letting the token in. */
async function revokeEverywhere(token: string, turn: number): Promise<number[]> {
  expect((await revoke(nodeFor(turn).url, token)).status).toBe(200);
  const since = performance.now();
  return Promise.all(nodes.map((node) => deadAt(node, token, since)));
}

describe('a revocation on one of three nodes', () => {
  it('holds on all of them at once while everything is well', async () => {
    const times: number[] = [];
    for (let turn = 0; turn < REVOCATIONS; turn += AT_ONCE) {
      const tokens = await Promise.all(Array.from({ length: AT_ONCE }, (_, at) => freshToken(turn + at)));
      const each = await Promise.all(tokens.map((token, at) => revokeEverywhere(token, turn + at)));
      times.push(...each.flat());
    }
    const [max, p99] = [Math.max(...times), quantile(times, 0.99)];
    expect(max).toBeLessThanOrEqual(HEALTHY);
    expect(p99).toBeLessThanOrEqual(HEALTHY_P99);
    measured({
      id: 'E1',
      what: 'revocations until every one of 3 nodes refuses',
      count: times.length,
      max,
      p99,
      unit: 'ms',
    });
  });

  describe.each<[string, () => Promise<void> | void]>([
    ['cut off', () => nodes.forEach(({ proxy }) => void proxy.reset(listening))],
    [
      'cut off, and not to be had again',
      () => {
        for (const { proxy } of nodes) {
          proxy.set({ which: listening, swallow: 'everything' });
          proxy.reset(listening);
        }
      },
    ],
    ['a black hole', () => nodes.forEach(({ proxy }) => void proxy.set({ which: listening, swallow: 'answers' }))],
    ['late, and later with each second, but never silent for long', () => lag()],
  ])('while the stream of the others is %s', (fault, breakIt) => {
    afterEach(async () => {
      for (const { proxy } of nodes) proxy.heal();
      lagging = false;
      await delay(0);
    });

    it('holds on all of them in five seconds', async () => {
      await whole();
      const tokens = await Promise.all(Array.from({ length: UNDER_FAULT }, (_, turn) => freshToken(turn)));
      await breakIt();
      const times = (await Promise.all(tokens.map(revokeEverywhere))).flat();
      const [max, p99] = [Math.max(...times), quantile(times, 0.99)];
      expect(max).toBeLessThanOrEqual(FAULTY);
      measured({ id: 'E1', what: `the same, invalidation stream ${fault}`, count: times.length, max, p99, unit: 'ms' });
    });
  });
});

let lagging = false;
/** Every byte of the stream is held for longer than the ones before: messages arrive all the time, and ever later. */
async function lag(): Promise<void> {
  lagging = true;
  // Enough goes on that the connection looks well used.
  const chatter = setInterval(() => void redis.client().publish('gh:invalidate', 'of-somebody-else'), 20);
  const began = performance.now();
  const worse = (): void => {
    if (!lagging) {
      clearInterval(chatter);
      return;
    }
    const latency = (performance.now() - began) * 3;
    for (const { proxy } of nodes) proxy.set({ which: listening, latency });
    setTimeout(worse, 50);
  };
  worse();
  await delay(2_500);
}

/** Resolves when every node answers from its cache, which it does only while its stream works. */
async function whole(): Promise<void> {
  const token = await freshToken(0);
  await Promise.all(nodes.map((node) => expect.poll(() => isCached(node, token), { timeout: FAULTY }).toBe(true)));
}

async function isCached(node: Node, token: string): Promise<boolean> {
  const before = await hits(node);
  await statusAt(node, token);
  return (await hits(node)) > before;
}

async function hits({ process }: Node): Promise<number> {
  const page = await (await fetch(`${process.admin}/metrics`)).text();
  return Number(/^gatehouse_cache_hits_total (\d+)/m.exec(page)?.[1]);
}
