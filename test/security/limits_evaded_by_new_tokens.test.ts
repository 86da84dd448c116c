import { afterAll, beforeAll, expect, it } from 'vitest';
import { demoConfig } from '../support/demo_config.ts';
import { type GatehouseProcess, startGatehouse } from '../support/gatehouse_process.ts';
import { measured } from '../support/measured.ts';
import { type RedisServer, startRedis } from '../support/redis_server.ts';
import { aliceTokens, post, type Tokens } from '../support/token_client.ts';

/*
 * Threat: an app that may call a route so and so often with each token gets itself a new token for each call, from whichever node and
 * by whichever grant, and is never limited. Where no token is needed, somebody gives another address with each call. Limits of a
 * client are counted over all its tokens and all nodes, and those of an address by the one that the connection has.
 */

const QUOTA = 8;
const ROUTES = `routes:
  - name: minted
    path: /minted/*
    upstream: demo
    strip_prefix: /minted
    limits: { per_token: 3/1h, per_client: ${QUOTA}/1h }
    on_store_outage: { serve_cached: 60s }
  - { name: burst, path: /burst/*, upstream: demo, strip_prefix: /burst, limits: { per_client: ${QUOTA}/1h } }
  - { name: sockets, path: /sockets/*, upstream: demo, strip_prefix: /sockets, limits: { per_client: 2/1h } }
  - { name: asked, path: /asked/*, upstream: none, limits: { per_client: 2/1h } }
  - { name: open, path: /open/*, upstream: demo, strip_prefix: /open, auth: none, limits: { per_client: 3/1h } }
  - { name: away, path: /away/*, upstream: demo, strip_prefix: /away, auth: none, limits: { per_client: 3/1h } }
  - name: served
    path: /served/*
    upstream: demo
    strip_prefix: /served
    limits: { per_client: 2/1h }
    on_store_outage: { serve_cached: 60s }
`;
const OTHER = Buffer.from('other-app:another-secret').toString('base64');
const CLIENTS = `clients:
  - { id: other-app, secret: another-secret, name: Other, grants: [client_credentials], scopes: [demo:read] }
`;

let redis: RedisServer;
let nodes: readonly GatehouseProcess[];
beforeAll(async () => {
  redis = await startRedis();
  const demo = await demoConfig(`{ type: redis, url: "${redis.url}", command_timeout: 5s }`, 'forward_auth: true\n');
  const config = demo.replace(/^routes:\n/m, ROUTES).replace(/^clients:\n/m, CLIENTS);
  nodes = await Promise.all([startGatehouse(config), startGatehouse(config)]);
});
afterAll(async () => {
  await Promise.all((nodes ?? []).map((each) => each.stop()));
  await redis?.stop();
});

const node = (at: number): string => nodes[at % 2]?.url ?? '';
const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
const ask = (at: number, path: string, headers: Record<string, string>) => fetch(`${node(at)}${path}`, { headers });

async function minted(at: number, authorization?: string): Promise<string> {
  const answer = await post(`${node(at)}/oauth2/token`, { grant_type: 'client_credentials' }, authorization);
  expect(answer.status).toBe(200);
  return ((await answer.json()) as Tokens).access_token;
}

const passed = (statuses: readonly number[]): number => {
  expect(statuses.every((status) => status === 200 || status === 429)).toBe(true);
  return statuses.filter((status) => status === 200).length;
};

it('a new token for each call, of any grant and node, is counted with those before', async () => {
  const statuses: number[] = [];
  let { refresh_token } = await aliceTokens(node(0));
  for (let at = 0; at < 2 * QUOTA; at++) {
    let token: string;
    if (at % 3 === 2) token = (await aliceTokens(node(at))).access_token;
    else if (at % 3 === 1) {
      const form = { grant_type: 'refresh_token', refresh_token: refresh_token ?? '' };
      const pair = (await (await post(`${node(at)}/oauth2/token`, form)).json()) as Tokens;
      refresh_token = pair.refresh_token;
      token = pair.access_token;
    } else token = await minted(at);
    const answer = await ask(at >> 1, '/minted/x', bearer(token));
    statuses.push(answer.status);
    if (answer.status !== 429) continue;
    expect(await answer.json()).toMatchObject({
      error_description: expect.stringContaining(`The client of this token has used its ${QUOTA} calls`),
    });
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(3_000);
    expect(answer.headers.get('ratelimit-policy')).toBe(`"per-token";q=3;w=3600, "per-client";q=${QUOTA};w=3600`);
    expect(answer.headers.get('ratelimit')).toMatch(/^"per-token";r=2;t=\d+, "per-client";r=0;t=\d+$/);
  }
  expect(statuses.indexOf(429)).toBe(QUOTA);
  expect(passed(statuses)).toBe(QUOTA);
  const other = await ask(1, '/minted/x', bearer(await minted(0, `Basic ${OTHER}`)));
  expect(other.status, 'another client has its own').toBe(200);
});

it('as many at once, each with a token of its own, get no further than one by one', async () => {
  const tokens = await Promise.all(Array.from({ length: 4 * QUOTA }, (_, at) => minted(at)));
  const answers = await Promise.all(tokens.map((token, at) => ask(at, '/burst/x', bearer(token))));
  const through = passed(answers.map(({ status }) => status));
  expect(through).toBe(QUOTA);
  measured({
    id: 'G10',
    what: `calls beyond the limit of a client, of ${tokens.length} with a new token each, over two nodes`,
    count: tokens.length,
    max: through - QUOTA,
    unit: 'calls',
  });
});

it('WebSocket handshakes and questions of a proxy with new tokens are counted too', async () => {
  const open = async (at: number): Promise<boolean> => {
    const headers = bearer(await minted(at));
    const socket = new WebSocket(`${node(at).replace('http', 'ws')}/sockets/socket`, { headers });
    const opened = await new Promise<boolean>((resolve) => {
      socket.onopen = () => resolve(true);
      socket.onerror = () => resolve(false);
    });
    socket.close();
    return opened;
  };
  const sockets: boolean[] = [];
  for (let at = 0; at < 4; at++) sockets.push(await open(at));
  expect(sockets).toEqual([true, true, false, false]);

  const verdicts: (number | string | null)[] = [];
  for (let at = 0; at < 4; at++) {
    const question = { 'x-original-method': 'GET', 'x-original-uri': '/asked/x', ...bearer(await minted(at)) };
    const answer = await ask(at, '/auth', question);
    verdicts.push(answer.headers.get('x-auth-status') ?? answer.status);
  }
  expect(verdicts).toEqual([200, 200, '429', '429']);
});

it('without a token, a call is counted by the address it comes from, whatever it says of others', async () => {
  const statuses: number[] = [];
  for (const name of [
    'x-forwarded-for',
    'forwarded',
    'x-real-ip',
    'x_forwarded_for',
    'x-client-ip',
    'x-forwarded-for',
  ]) {
    const said = `${name === 'forwarded' ? 'for=' : ''}198.51.100.${statuses.length}`;
    // A token says nothing where none is looked at.
    const token = statuses.length % 2 === 1 ? bearer(await minted(0)) : {};
    statuses.push((await ask(statuses.length, '/open/x', { [name]: said, ...token })).status);
  }
  expect(statuses).toEqual([200, 200, 200, 429, 429, 429]);
});

it('while the store is away each node counts alone, and still counts', async () => {
  const tokens = await Promise.all(Array.from({ length: 4 }, (_, at) => minted(at)));
  for (const at of [0, 1])
    for (const token of tokens) expect((await ask(at, '/demo/x', bearer(token))).status).toBe(200);
  await redis.kill();
  for (const at of [0, 1]) {
    const statuses: number[] = [];
    for (let call = 0; call < 5; call++) statuses.push((await ask(at, '/away/x', {})).status);
    expect(statuses).toEqual([200, 200, 200, 429, 429]);
    const ofClient: number[] = [];
    for (const token of tokens) ofClient.push((await ask(at, '/served/x', bearer(token))).status);
    expect(ofClient).toEqual([200, 200, 429, 429]);
  }
});
