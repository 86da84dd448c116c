import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demoConfig } from '../support/demo_config.ts';
import { type GatehouseProcess, startGatehouse } from '../support/gatehouse_process.ts';
import { ask as askOverHttp2, http2Client } from '../support/http2_client.ts';
import { exchange, rawClient } from '../support/raw_client.ts';
import { aliceTokens, call } from '../support/token_client.ts';
import { makeSelfSigned } from './self_signed.ts';

let gateway: GatehouseProcess;
let token: string;
beforeAll(async () => {
  const listen = 'listen: { host: 127.0.0.1, port: 0, trusted_proxies: [127.0.0.1] }\n';
  const text = await demoConfig('{ type: memory }', listen, 'config/behind/gatehouse.yaml');
  gateway = await startGatehouse(text);
  token = (await aliceTokens(gateway.url)).access_token;
});
afterAll(() => gateway.stop());

const port = () => Number(new URL(gateway.url).port);
const ask = (lines: readonly string[], method = 'GET') => exchange(port(), `${lines.join('\r\n')}\r\n\r\n`, method);

/** As nginx asks with the files of config/behind/: on HTTP/1.1, with what the caller sent, without a body. */
const nginx = (uri: string, more: readonly string[] = [], method = 'GET') => [
  'GET /auth HTTP/1.1',
  'Host: api.example.com',
  `X-Original-Method: ${method}`,
  `X-Original-URI: ${uri}`,
  'X-Request-Id: 0123456789abcdef0123456789abcdef',
  'User-Agent: curl/8.5.0',
  'Accept: */*',
  ...more,
];

/** What pkg/middlewares/auth/forward.go of Traefik writes: the caller's headers, then its own word for those it knows. */
const traefik = (uri: string, more: readonly string[] = [], method = 'GET') => [
  'GET /auth HTTP/1.1',
  'Host: 127.0.0.1:8080',
  'User-Agent: curl/8.5.0',
  'Accept: */*',
  ...more,
  'X-Forwarded-For: 192.0.2.7',
  'X-Forwarded-Host: api.example.com',
  `X-Forwarded-Method: ${method}`,
  'X-Forwarded-Port: 80',
  'X-Forwarded-Proto: http',
  'X-Forwarded-Server: traefik-1',
  `X-Forwarded-Uri: ${uri}`,
  'X-Real-Ip: 192.0.2.7',
  'Accept-Encoding: gzip',
];

/** What ext_authz sends over HTTP: method, host and path of the call behind the prefix, its token, a length of 0, and its own. */
const envoy = (path: string, more: readonly string[] = [], method = 'GET') => [
  `${method} /auth${path} HTTP/1.1`,
  'host: api.example.com',
  'content-length: 0',
  ...more,
  'x-envoy-internal: true',
  'x-forwarded-for: 192.0.2.7',
  'x-envoy-expected-rq-timeout-ms: 5000',
];

/** What the controller of ingress-nginx writes into its auth location. */
const ingress = (uri: string, more: readonly string[] = [], method = 'GET') => [
  'GET /auth HTTP/1.1',
  'Host: gatehouse.default.svc.cluster.local',
  `X-Original-URL: https://api.example.com${uri}`,
  `X-Original-Method: ${method}`,
  'X-Sent-From: nginx-ingress-controller',
  'X-Real-IP: 192.0.2.7',
  'X-Forwarded-For: 192.0.2.7',
  `X-Auth-Request-Redirect: ${uri}`,
  'Connection: close',
  ...more,
];

const bearer = () => `Authorization: Bearer ${token}`;

describe.each([
  ['nginx', nginx, true],
  ['ingress-nginx', ingress, true],
  ['Traefik', traefik, false],
  ['Envoy', envoy, false],
] as const)('asked as %s does', (_, question, asNginx) => {
  /** nginx knows two refusals; the real one is in a header of its own. */
  const expectStatus = (answer: { status: number; values(name: string): string[] }, status: number) => {
    const told = asNginx && status !== 401 && status < 500 ? 403 : status;
    expect([answer.status, ...answer.values('x-auth-status')]).toEqual(asNginx ? [told, String(status)] : [told]);
  };

  it('a good token is 200 with who it stands for', async () => {
    const answer = await ask(question('/orders/7?page=2', [bearer()]));
    expect(answer.status).toBe(200);
    const said = Object.fromEntries(answer.headers.map(([name, value]) => [name.toLowerCase(), value]));
    expect(said).toMatchObject({
      'x-user-id': 'u-alice',
      'x-user-name': 'alice',
      'x-user-email': 'alice@example.com',
      'x-client-id': 'demo-app',
      'x-token-scopes': 'demo:read demo:write',
      'x-auth-connection': 'users',
      'cache-control': 'no-store',
      'content-length': '0',
    });
    expect(answer.values('x-request-id')).toHaveLength(1);
  });

  it('refusals are in the words of the route, with what belongs to them', async () => {
    const none = await ask(question('/orders/7'));
    expectStatus(none, 401);
    expect(none.values('www-authenticate')).toEqual(['Bearer realm="gatehouse"']);

    const scope = await ask(question('/reports/1', [bearer()]));
    expectStatus(scope, 403);
    expect(JSON.parse(scope.body)).toMatchObject({ error: 'insufficient_scope' });
    if (asNginx) expect(scope.values('x-auth-body')).toEqual([scope.body]);

    expectStatus(await ask(question('/elsewhere', [bearer()])), 404);
    expectStatus(await ask(question('/orders/../reports', [bearer()])), 400);
  });

  it('the method of the call counts, not that of the question', async () => {
    // Needs demo:write, which Alice's token has; DELETE needs both; TRACE is never forwarded.
    expect((await ask(question('/orders/7', [bearer()], 'DELETE'), 'DELETE')).status).toBe(200);
    expect((await ask(question('/orders/7', [bearer()], 'HEAD'), 'HEAD')).status).toBe(200);
    expectStatus(await ask(question('/orders/7', [bearer()], 'TRACE')), 405);
  });

  it('a rate counts, and Retry-After says how long', async () => {
    const { access_token: counted } = await aliceTokens(gateway.url);
    const line = `Authorization: Bearer ${counted}`;
    const first = await ask(question('/metered/x', [line]));
    expect([first.status, first.values('ratelimit').length]).toEqual([200, 1]);
    expect((await ask(question('/metered/x', [line]))).status).toBe(200);
    const third = await ask(question('/metered/x', [line]));
    expectStatus(third, 429);
    expect(Number(third.values('retry-after')[0])).toBeGreaterThan(0);
  });
});

describe('forward auth', () => {
  it('lets Envoy take out what the gateway itself would not forward', async () => {
    const removed = (await ask(envoy('/orders/7', [bearer()]))).values('x-envoy-auth-headers-to-remove').join();
    for (const name of ['authorization', 'x-http-method-override', 'x-original-url', 'x-rewrite-url', 'proxy'])
      expect(removed.split(', ')).toContain(name);
  });

  it('answers many questions on one connection, also those with a body', async () => {
    const client = rawClient(port());
    for (let n = 0; n < 3; n++) {
      client.send(`${traefik('/orders/7', [bearer(), 'Content-Length: 5']).join('\r\n')}\r\n\r\nhello`);
      expect((await client.response()).status).toBe(200);
    }
    client.close();
  });

  it('closes the connection behind a body that is long or has no length', async () => {
    const client = rawClient(port());
    client.send(`${traefik('/orders/7', [bearer(), 'Transfer-Encoding: chunked']).join('\r\n')}\r\n\r\n`);
    const answer = await client.response();
    expect([answer.status, answer.values('connection')]).toEqual([200, ['close']]);
    client.send(`0\r\n\r\n${traefik('/orders/7', [bearer()]).join('\r\n')}\r\n\r\n`);
    expect((await client.closed()).toString('latin1')).toBe('');
  });

  it('answers over HTTP/2 as well, whichever way it is asked', async () => {
    const tls = await makeSelfSigned();
    const listen = `listen: { host: 127.0.0.1, port: 0, tls: { cert: ${tls.cert}, key: ${tls.key} } }\n`;
    const other = await startGatehouse(await demoConfig('{ type: memory }', listen, 'config/behind/gatehouse.yaml'));
    const session = await http2Client(Number(new URL(other.url).port), tls.cert);
    for (const question of [
      { ':path': '/auth/status' },
      { ':path': '/auth', 'x-original-method': 'GET', 'x-original-uri': '/status' },
      { ':path': '/auth', 'x-forwarded-method': 'GET', 'x-forwarded-host': 'a', 'x-forwarded-uri': '/status' },
    ]) {
      const answer = await askOverHttp2(session, question);
      expect([answer.status, answer.headers['x-user-id']]).toEqual([200, '']);
    }
    expect((await askOverHttp2(session, { ':path': '/auth/orders/7' })).status).toBe(401);
    expect((await askOverHttp2(session, { ':path': '/auth/status', ':authority': 'a', host: 'b' })).status).toBe(400);
    session.destroy();
    await other.stop();
    await tls.remove();
  });

  it('believes the id that the asking proxy gave the call', async () => {
    const answer = await ask(nginx('/orders/7', [bearer()]));
    expect(answer.values('x-request-id')).toEqual(['0123456789abcdef0123456789abcdef']);
  });

  it('logs the call that was asked about, without its query', async () => {
    await ask(envoy('/orders/logged?secret=1', [bearer()], 'DELETE'), 'DELETE');
    const line = JSON.parse(await gateway.line(/\/orders\/logged/)) as object;
    expect(line).toMatchObject({
      method: 'DELETE',
      path: '/orders/logged',
      route: 'orders',
      client: 'demo-app',
      status: 200,
    });
    expect(gateway.output()).not.toContain('secret=1');
    expect(gateway.output()).not.toContain(token);
  });

  it('carries no call whose route has no upstream: it must come by way of the proxy', async () => {
    expect((await call(gateway.url, token, '/orders/7')).status).toBe(404);
    expect((await fetch(`${gateway.url}/status`)).status).toBe(404);
    expect((await fetch(`${gateway.url}/orders/7`)).status).toBe(401);
  });
});
