import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demoConfig } from '../support/demo_config.ts';
import type { FrontProxy, StartProxy } from '../support/front_proxy.ts';
import { type GatehouseProcess, startGatehouse } from '../support/gatehouse_process.ts';
import { exchange, type RawResponse } from '../support/raw_client.ts';
import { type RecordedRequest, type RecordingUpstream, startRecordingUpstream } from '../support/recording_upstream.ts';
import { type RedisServer, startRedis } from '../support/redis_server.ts';
import { aliceTokens, post, revoke } from '../support/token_client.ts';

const IDENTITY = ['x-user-id', 'x-user-name', 'x-user-email', 'x-client-id', 'x-token-scopes', 'x-auth-connection'];

/** What every proxy must hold that carries calls on a verdict of the gateway, with the files of config/behind/. */
export function frontProxy(name: string, startProxy: StartProxy): void {
  let redis: RedisServer;
  let upstream: RecordingUpstream;
  let gateway: GatehouseProcess;
  let proxy: FrontProxy;
  let token: string;

  beforeAll(async () => {
    [redis, upstream] = await Promise.all([startRedis(), startRecordingUpstream()]);
    const listen = 'listen: { host: 127.0.0.1, port: 0, trusted_proxies: [127.0.0.1] }\n';
    const store = `{ type: redis, url: "${redis.url}" }`;
    gateway = await startGatehouse(await demoConfig(store, listen, 'config/behind/gatehouse.yaml'));
    proxy = await startProxy({ gateway: gateway.url, app: upstream.origin });
    token = (await aliceTokens(proxy.origin)).access_token;
  });
  afterAll(async () => {
    await proxy?.stop();
    await gateway?.stop('SIGKILL');
    await upstream?.close();
    await redis?.stop();
  });

  /** Sends lines of a head exactly as they are, and gives the answer with what the upstream saw meanwhile. */
  async function call(target: string, lines: readonly string[] = [], method = 'GET', body = '') {
    const before = upstream.requests.length;
    const head = [`${method} ${target} HTTP/1.1`, `Host: 127.0.0.1:${proxy.port}`, 'Connection: close', ...lines];
    const answer = await exchange(proxy.port, `${head.join('\r\n')}\r\n\r\n${body}`, method);
    return { answer, seen: upstream.requests.slice(before) };
  }
  const bearer = (text: string) => `Authorization: Bearer ${text}`;
  const errorOf = ({ body }: RawResponse) => (JSON.parse(body) as { error: string }).error;

  /** The values by which the app could take the call for somebody's, under any spelling of the names. */
  function identities({ headers }: RecordedRequest) {
    const plain = headers.map(([key, value]) => [key.toLowerCase().replace(/[^a-z0-9]/g, '-'), value] as const);
    return plain
      .filter(([key, value]) => IDENTITY.includes(key) && value !== '')
      .map(([key, value]) => `${key}: ${value}`);
  }

  describe(`behind ${name}`, () => {
    it('a good token reaches the app as who it stands for, each header once, and stays behind itself', async () => {
      const { answer, seen } = await call('/orders/7?a=b%20c', [
        bearer(token),
        'X-User-Id: u-admin',
        'X-Auth-Connection: corp',
      ]);
      expect(answer.status).toBe(200);
      expect(seen).toHaveLength(1);
      const [request] = seen;
      expect(request?.target).toBe('/orders/7?a=b%20c');
      expect(request && identities(request).sort()).toEqual([
        'x-auth-connection: users',
        'x-client-id: demo-app',
        'x-token-scopes: demo:read demo:write',
        'x-user-email: alice@example.com',
        'x-user-id: u-alice',
        'x-user-name: alice',
      ]);
      expect(request?.values('authorization')).toEqual([]);
      expect(request?.values('x-request-id')).toHaveLength(1);
    });

    it('a body goes by untouched', async () => {
      const lines = [bearer(token), 'Content-Type: text/plain', 'Content-Length: 11'];
      const { answer, seen } = await call('/orders', lines, 'POST', 'hello\r\nyou!');
      expect(answer.status).toBe(200);
      expect(seen.map(({ method, body }) => `${method} ${body}`)).toEqual(['POST hello\r\nyou!']);
    });

    it('no token gets 401 and the challenge', async () => {
      const { answer, seen } = await call('/orders/7');
      expect(answer.status).toBe(401);
      expect(answer.values('www-authenticate')).toEqual(['Bearer realm="gatehouse"']);
      expect(seen).toEqual([]);
    });

    it('an unknown token gets 401 and its reason', async () => {
      const { answer, seen } = await call('/orders/7', [bearer(`${token.slice(0, -3)}AAA`)]);
      expect(answer.status).toBe(401);
      expect(answer.values('www-authenticate').join()).toContain('error="invalid_token"');
      expect(errorOf(answer)).toBe('invalid_token');
      expect(seen).toEqual([]);
    });

    it('a scope that is missing gets 403, by the method and path of the call', async () => {
      const reports = await call('/reports/1', [bearer(token)]);
      expect([reports.answer.status, errorOf(reports.answer), reports.seen]).toEqual([403, 'insufficient_scope', []]);
      expect(reports.answer.values('www-authenticate').join()).toContain('scope="reports:read"');

      const form = { grant_type: 'client_credentials', scope: 'demo:read' };
      const reader = (await (await post(`${proxy.origin}/oauth2/token`, form)).json()) as { access_token: string };
      expect((await call('/orders/7', [bearer(reader.access_token)])).answer.status).toBe(200);
      const written = await call('/orders/7', [bearer(reader.access_token), 'Content-Length: 0'], 'POST');
      expect([written.answer.status, written.seen]).toEqual([403, []]);
    });

    it('a token without a user has none, whoever the caller says it is', async () => {
      const form = { grant_type: 'client_credentials', scope: 'demo:read' };
      const service = (await (await post(`${proxy.origin}/oauth2/token`, form)).json()) as { access_token: string };
      const spoofs = ['X-User-Id: u-admin', 'X-User-Name: admin', 'x-user-email: a@b.c', 'X-AUTH-CONNECTION: users'];
      const { answer, seen } = await call('/orders/7', [bearer(service.access_token), ...spoofs]);
      expect(answer.status).toBe(200);
      expect(seen.flatMap(identities).sort()).toEqual(['x-client-id: demo-app', 'x-token-scopes: demo:read']);
    });

    it('a public path is open, and nobody is anybody there', async () => {
      const { answer, seen } = await call(
        '/status',
        IDENTITY.map((header) => `${header}: me`),
      );
      expect(answer.status).toBe(200);
      expect(seen.flatMap(identities)).toEqual([]);
    });

    it('other spellings of identity headers do not reach the app', async () => {
      for (const spelling of ['X_User_Id', 'X-User_Id', 'x_user-id', 'X.User.Id', 'x~user~id']) {
        const { seen } = await call('/status', [`${spelling}: u-admin`]);
        expect(
          seen.flatMap(({ headers }) => headers.map(([key]) => key)),
          spelling,
        ).not.toContain(spelling);
        expect(seen.flatMap(identities), spelling).toEqual([]);
      }
    });

    it('a name in Connection takes no identity away', async () => {
      const before = upstream.requests.length;
      const head = ['GET /orders/7 HTTP/1.1', 'Host: a', 'Connection: close, X-User-Id', bearer(token)];
      const answer = await exchange(proxy.port, `${head.join('\r\n')}\r\n\r\n`);
      const seen = upstream.requests.slice(before);
      if (answer.status === 200) expect(seen.flatMap(identities)).toContain('x-user-id: u-alice');
      else expect(seen).toEqual([]);
    });

    it('what the caller says of the question changes nothing', async () => {
      const claims = [
        ['X-Original-URI: /status'],
        ['X-Original-URL: http://a/status'],
        ['X-Original-URI: /status', 'X-Original-Method: GET'],
        ['X-Forwarded-Uri: /status'],
        ['X-Forwarded-Uri: /status', 'X-Forwarded-Method: GET', 'X-Forwarded-Host: a'],
        ['X_Original_Uri: /status'],
        ['X-Rewrite-Url: /status'],
        ['X-Auth-Status: 200'],
        ['Connection: X-Forwarded-Uri, X-Original-URI, X-Forwarded-Method'],
      ];
      for (const claim of claims) {
        const without = await call('/orders/7', claim);
        expect([without.answer.status >= 400, without.seen], claim.join()).toEqual([true, []]);
        const wrong = await call('/reports/1', [bearer(token), ...claim]);
        expect([wrong.answer.status >= 400, wrong.seen], claim.join()).toEqual([true, []]);
      }
    });

    it('what could turn a checked call into another one does not reach the app', async () => {
      const names = ['X-HTTP-Method-Override', 'X-Method-Override', 'X-Original-URL', 'X-Rewrite-URL', 'Proxy'];
      for (const header of names) {
        const { seen } = await call('/orders/7', [bearer(token), `${header}: DELETE`]);
        expect(
          seen.flatMap(({ values }) => values(header)),
          header,
        ).toEqual([]);
      }
    });

    it('the path that is served is the path that was checked', async () => {
      const tricks = [
        ...['/status/../reports/1', '/orders/../reports/1', '/orders/%2e%2e/reports/1', '/orders/.%2e/reports/1'],
        ...['/orders/..%2freports/1', '/orders%2f..%2freports/1', '/orders/%252e%252e/reports/1', '//reports/1'],
        ...['/orders//../reports/1', '/orders/..;/reports/1', '/status;/../reports/1', '/orders/..\\reports\\1'],
        ...['/status/..%5creports/1', '/%2e/reports/1', '/./reports/1', '/reports//1', '/status#/../reports/1'],
        ...['/status%00/../reports/1', '/status%3f/../reports/1', '/status/%c0%ae%c0%ae/reports/1', '/REPORTS/1'],
        ...['http://127.0.0.1/reports/1', 'http://a/status/../reports/1', '/oauth2/../reports/1', '/_gatehouse'],
        ...['/auth', '/auth/status', '/oauth2/../auth/status', '/status?x=/../reports/1', '/%72eports/1'],
      ];
      for (const target of tricks) {
        for (const lines of [[], [bearer(token)]]) {
          const before = upstream.requests.length;
          await call(target, lines).catch(() => undefined);
          const served = upstream.requests.slice(before).map((request) => request.target);
          // Alice may see /orders, everybody /status; no way of writing it leads anywhere else.
          const allowed = lines.length > 0 ? /^\/(orders\/[\w/]*|status)(\?.*)?$/ : /^\/status(\?.*)?$/;
          expect(
            served.filter((each) => !allowed.test(each)),
            `${target} ${lines.length}`,
          ).toEqual([]);
        }
      }
    });

    it('a path that needs no encoding is the same with it, for the check and for the app', async () => {
      const { answer, seen } = await call('/%6frders/%37', [bearer(token)]);
      expect(answer.status).toBe(200);
      expect(seen.map(({ target }) => decodeURIComponent(target))).toEqual(['/orders/7']);
      expect((await call('/%6frders/%37')).answer.status).toBe(401);
    });

    it('a path that no route covers is not found', async () => {
      const { answer, seen } = await call('/elsewhere', [bearer(token)]);
      expect([answer.status, seen]).toEqual([404, []]);
    });

    it('calls are counted, and too many get 429', async () => {
      const { access_token: counted } = await aliceTokens(proxy.origin);
      const statuses: number[] = [];
      for (let n = 0; n < 3; n++) statuses.push((await call('/metered/x', [bearer(counted)])).answer.status);
      expect(statuses).toEqual([200, 200, 429]);
      const { answer } = await call('/metered/x', [bearer(counted)]);
      expect(Number(answer.values('retry-after')[0])).toBeGreaterThan(0);
      expect(errorOf(answer)).toMatch(/rate|limit|too_many/);
    });

    it('a revoked token gets 401', async () => {
      const { access_token: revoked } = await aliceTokens(proxy.origin);
      expect((await call('/orders/7', [bearer(revoked)])).answer.status).toBe(200);
      expect((await revoke(proxy.origin, revoked)).status).toBe(200);
      const { answer, seen } = await call('/orders/7', [bearer(revoked)]);
      expect([answer.status, seen]).toEqual([401, []]);
    });

    it('while the store is away calls get 503, and never the app', async () => {
      const { access_token: fresh } = await aliceTokens(proxy.origin);
      redis.pause();
      try {
        const { answer, seen } = await call('/orders/7', [bearer(fresh)]);
        expect([answer.status, seen]).toEqual([503, []]);
      } finally {
        redis.resume();
      }
      await expect
        .poll(async () => (await call('/orders/7', [bearer(fresh)])).answer.status, { timeout: 5_000 })
        .toBe(200);
    });

    it('while the gateway is away nothing passes, whatever it is', async () => {
      await gateway.stop('SIGKILL');
      const calls = await Promise.all(['/orders/7', '/status'].map((target) => call(target, [bearer(token)])));
      for (const { answer, seen } of calls) expect([answer.status >= 500, seen]).toEqual([true, []]);
    });
  });
}
