import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demoConfig } from '../support/demo_config.ts';
import { type GatehouseProcess, startGatehouse } from '../support/gatehouse_process.ts';
import { exchange } from '../support/raw_client.ts';
import { aliceTokens } from '../support/token_client.ts';

/*
 * The headers of a question decide what is checked (oauth2-proxy CVE-2026-40575): whoever can write them passes wherever something
 * is public. Throughout, /status is public, Alice's token opens /orders, and nothing here opens /reports.
 */

let gateway: GatehouseProcess;
let token: string;
beforeAll(async () => {
  gateway = await startGatehouse(await behind('[127.0.0.1]'));
  token = (await aliceTokens(gateway.url)).access_token;
});
afterAll(() => gateway.stop());

const behind = (trusted: string) =>
  demoConfig(
    '{ type: memory }',
    `listen: { host: 127.0.0.1, port: 0, trusted_proxies: ${trusted} }\n`,
    'config/behind/gatehouse.yaml',
  );

/** Sends a question as it is. */
function ask(lines: readonly string[], target = '/auth', method = 'GET', at = gateway) {
  const head = [`${method} ${target} HTTP/1.1`, ...lines];
  return exchange(Number(new URL(at.url).port), `${head.join('\r\n')}\r\n\r\n`, method);
}

const HOST = 'Host: api.example.com';
const nginx = (uri: string, method = 'GET') => [HOST, `X-Original-Method: ${method}`, `X-Original-URI: ${uri}`];
const traefik = (uri: string, method = 'GET') => [
  'Host: 127.0.0.1',
  `X-Forwarded-Method: ${method}`,
  'X-Forwarded-Host: api.example.com',
  `X-Forwarded-Uri: ${uri}`,
];

describe('who may ask', () => {
  it('is not everybody: an address that is not trusted gets 403 and learns nothing, whatever it asks', async () => {
    const other = await startGatehouse(await behind('[10.0.0.0/8]'));
    const bearer = `Authorization: Bearer ${(await aliceTokens(other.url)).access_token}`;
    const questions: [string[], string?][] = [
      [nginx('/status')],
      [[...nginx('/orders/7'), bearer]],
      [
        [
          ...traefik('/orders/7'),
          bearer,
          'X-Forwarded-For: 10.0.0.1',
          'X-Real-IP: 10.0.0.1',
          'Forwarded: for=10.0.0.1',
        ],
      ],
      [[HOST, bearer], '/auth/orders/7'],
      [[HOST, bearer]],
    ];
    for (const [lines, target] of questions) {
      const answer = await ask(lines, target, 'GET', other);
      expect(answer.status).toBe(403);
      expect(JSON.parse(answer.body)).toMatchObject({
        error: 'access_denied',
        error_description: expect.stringContaining('listen.trusted_proxies'),
      });
      expect(answer.values('x-user-id')).toEqual([]);
    }
    await other.stop();
  });

  it('is only this machine where nobody is named', async () => {
    const alone = await startGatehouse(await behind('[]'));
    expect((await ask(nginx('/status'), '/auth', 'GET', alone)).status).toBe(200);
    await alone.stop();
  });

  it('is nobody as long as forward_auth is off: /auth is a path like any other', async () => {
    const text = (await demoConfig('{ type: memory }')).replace(/^# forward_auth: false$/m, 'forward_auth: false');
    const off = await startGatehouse(text);
    for (const [lines, target] of [[nginx('/status')], [[HOST], '/auth/status']] as const)
      expect((await ask(lines, target, 'GET', off)).status).toBe(404);
    await off.stop();
  });
});

describe('what is asked about', () => {
  it('can be said by each kind of proxy', async () => {
    for (const [lines, target] of [
      [nginx('/status')],
      [traefik('/status')],
      [[HOST], '/auth/status'],
      [[HOST, 'X-Original-Method: GET', 'X-Original-URL: https://api.example.com/status']],
    ] as [string[], string?][]) {
      expect((await ask(lines, target)).status).toBe(200);
    }
  });

  const contradictions: [string, string[], string?][] = [
    ['nothing at all', [HOST]],
    ['two kinds of question that agree', [...nginx('/status'), ...traefik('/status').slice(1)]],
    ['a question of nginx, and a URI of the caller', [...nginx('/reports/1'), 'X-Forwarded-Uri: /status']],
    ['a question of nginx, and a method of the caller', [...nginx('/status'), 'X-Forwarded-Method: GET']],
    ['a question of Traefik, and a URI of the caller', [...traefik('/reports/1'), 'X-Original-URI: /status']],
    ['a question of Traefik, and a URL of the caller', [...traefik('/reports/1'), 'X-Original-URL: http://a/status']],
    ['a question of Traefik, and a method of the caller', [...traefik('/status'), 'X-Original-Method: GET']],
    ['URI and URL', [...nginx('/status'), 'X-Original-URL: http://api.example.com/status']],
    ['two URIs', [...nginx('/status'), 'X-Original-URI: /status']],
    ['two URIs in other cases', [...nginx('/status'), 'x-ORIGINAL-uri: /status']],
    ['two methods', [...nginx('/status'), 'X-Original-Method: GET']],
    ['two hosts', [...nginx('/status'), 'Host: other.example.com']],
    ['two forwarded URIs', [...traefik('/status'), 'X-Forwarded-Uri: /status']],
    ['two forwarded hosts', [...traefik('/status'), 'X-Forwarded-Host: api.example.com']],
    ['two forwarded methods', [...traefik('/status'), 'X-Forwarded-Method: GET']],
    ['a list of hosts', [...traefik('/status').slice(0, 2), 'X-Forwarded-Host: a, b', 'X-Forwarded-Uri: /status']],
    ['no forwarded host', ['Host: a', 'X-Forwarded-Method: GET', 'X-Forwarded-Uri: /status']],
    ['no method', [HOST, 'X-Original-URI: /status']],
    ['no URI', [HOST, 'X-Original-Method: GET']],
    ['no forwarded method', ['Host: a', 'X-Forwarded-Host: a', 'X-Forwarded-Uri: /status']],
    ['no host', ['X-Original-Method: GET', 'X-Original-URI: /status']],
    ['another spelling of the URI alone', [HOST, 'X-Original-Method: GET', 'X_Original_URI: /status']],
    ['another spelling of the URI beside it', [...nginx('/status'), 'X-Original_URI: /status']],
    ['another spelling of the forwarded URI', [...traefik('/status'), 'X_Forwarded_Uri: /status']],
    ['another spelling of the method', [...traefik('/status'), 'X-Forwarded.Method: GET']],
    ['the path of a call, and a URI of the caller', [HOST, 'X-Forwarded-Uri: /status'], '/auth/status'],
    ['the path of a call, and a method of the caller', [HOST, 'X-Original-Method: GET'], '/auth/status'],
    ['the path of a call behind another spelling', [HOST], '/%61uth/status'],
  ];
  it.each(contradictions)('is refused if there is %s', async (_, lines, target) => {
    const answer = await ask(lines, target);
    expect([400, 403]).toContain(answer.status);
    expect(answer.values('x-user-id')).toEqual([]);
  });

  it.each([
    ...['', 'status', '*', 'http://api.example.com/status', '//api.example.com/status', '/reports/../status'],
    ...[
      '/status/../reports/1',
      '/reports/..%2fstatus',
      '/status%0d%0aX-A: b',
      '/status#/x',
      '/status\\..\\x',
      '/sta tus',
    ],
    ...['/%2e/status', '/status/.', '/st%61tus/%2e%2e/reports', '/status;x', '/status%00', '/status\t', '/status, /x'],
    ...['/%252e%252e/status', '/status/%c0%ae%c0%ae', `/status?${'a'.repeat(9_000)}`, '/status?a b', '/stätus'],
  ])('is refused if the URI is %j', async (uri) => {
    // Blanks around a value are no part of it, for anybody (RFC 9110 §5.5).
    const expected = uri.trim() === '/status' ? [200] : [400, 403, 414];
    for (const question of [nginx(uri), traefik(uri)]) expect(expected).toContain((await ask(question)).status);
  });

  it.each([
    ...['http://api.example.com', 'ftp://api.example.com/status', 'http:///status', 'http://a@api.example.com/status'],
    ...[
      'http://a,b/status',
      'http://api.example.com:99999/status',
      'http://a/../status',
      'javascript:/status',
      '/status',
    ],
    ...[
      'http://api.example.com\\status/status',
      'http://a..b/status',
      'http://api.example.com?/status',
      'http://a#/status',
    ],
  ])('is refused if the URL is %j', async (url) => {
    const answer = await ask([HOST, 'X-Original-Method: GET', `X-Original-URL: ${url}`]);
    expect(answer.status).toBe(403);
  });

  it.each(['get', 'GET, POST', 'GET POST', 'G\u00c9T', '', 'TRACE', 'CONNECT', 'GET\tX', '*'])(
    'is refused if the method is %j',
    async (method) => {
      for (const question of [nginx('/status', method), traefik('/status', method)])
        expect([400, 403, 405]).toContain((await ask(question)).status);
    },
  );

  it.each([
    'X-Original-URI: /status\rX-Original-URI: /x',
    'X-Original-URI: /status\n X: y',
    'X-Original-URI : /status',
  ])('is refused if a line ends in another way: %j', async (line) => {
    const answer = await ask([HOST, 'X-Original-Method: GET', line]);
    expect([400, 403]).toContain(answer.status);
  });

  it.each([
    '/auth/../status',
    '/auth//status',
    '/auth/status/../reports/1',
    '/auth/..%2fstatus',
    '/auth%2fstatus',
    '/auth/./status',
    '/auth;/status',
    '/auth\\status',
    '/auth/%2e%2e/auth/status',
    '/auth/auth/status',
    '/authstatus',
    'http://api.example.com/auth/status',
  ])('is refused if the path is %s', async (target) => {
    expect([400, 401, 403, 404]).toContain((await ask([HOST], target)).status);
  });
});

describe('what the caller sends besides', () => {
  it.each([
    'X_User_Id: u-admin',
    'X-User_Id: u-admin',
    'x.client.id: demo-app',
    'X-Token~Scopes: reports:read',
    'Transfer_Encoding: chunked',
    'X_Forwarded_For: 127.0.0.1',
    'X-HTTP-Method-Override: DELETE',
    'X-Method-Override: DELETE',
    'X-Rewrite-URL: /reports/1',
    'X-Original-Path: /reports/1',
    'Proxy: http://a',
  ])('is refused where nobody would take it out any more: %s', async (line) => {
    for (const [lines, target] of [[nginx('/status')], [traefik('/status')], [[HOST], '/auth/status']] as const)
      expect([400, 403]).toContain((await ask([...lines, line], target)).status);
  });

  it('under the names of identity headers is overwritten by every good verdict, with nothing where there is nothing', async () => {
    const spoofs = ['X-User-Id: u-admin', 'X-User-Name: admin', 'X-Token-Scopes: reports:read', 'X-Client-Id: x'];
    for (const [lines, target] of [[nginx('/status')], [traefik('/status')], [[HOST], '/auth/status']] as const) {
      const answer = await ask([...lines, ...spoofs], target);
      expect(answer.status).toBe(200);
      const names = ['x-user-id', 'x-user-name', 'x-user-email', 'x-client-id', 'x-token-scopes', 'x-auth-connection'];
      for (const name of names) expect(answer.values(name), name).toEqual(['']);
    }
    const good = await ask([...nginx('/orders/7'), ...spoofs, `Authorization: Bearer ${token}`]);
    expect([good.status, good.values('x-user-id'), good.values('x-client-id')]).toEqual([
      200,
      ['u-alice'],
      ['demo-app'],
    ]);
  });

  it('can name no header away that the verdict stands on', async () => {
    const names = 'Authorization, X-Original-URI, X-Original-Method, X-Forwarded-Uri, Host';
    const without = await ask([...nginx('/orders/7'), `Connection: ${names}`]);
    expect(without.status).toBe(401);
    const wrong = await ask([...nginx('/reports/1'), `Connection: ${names}`, `Authorization: Bearer ${token}`]);
    expect(wrong.status).toBe(403);
  });

  it('cannot bring two tokens, or one where tokens do not belong', async () => {
    const twice = [`Authorization: Bearer ${token}`, `Authorization: Bearer ${token}`];
    expect((await ask([...traefik('/orders/7'), ...twice])).status).toBe(400);
    expect((await ask(traefik(`/orders/7?access_token=${token}`))).status).toBe(400);
    // In the question's own query it is nobody's.
    expect((await ask(traefik('/orders/7'), `/auth?access_token=${token}`)).status).toBe(401);
  });
});
