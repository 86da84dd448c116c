import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { frontProxy } from '../contract/front_proxy.ts';
import { demoConfig } from '../support/demo_config.ts';
import { type FrontProxy, startNginx } from '../support/front_proxy.ts';
import { type GatehouseProcess, startGatehouse } from '../support/gatehouse_process.ts';
import { type RecordingUpstream, startRecordingUpstream } from '../support/recording_upstream.ts';
import { aliceTokens, call, revoke } from '../support/token_client.ts';

frontProxy('nginx', startNginx);

describe('behind nginx that remembers good verdicts', () => {
  let upstream: RecordingUpstream;
  let gateway: GatehouseProcess;
  let proxy: FrontProxy;
  let token: string;
  beforeAll(async () => {
    upstream = await startRecordingUpstream();
    gateway = await startGatehouse(await demoConfig('{ type: memory }', '', 'config/behind/gatehouse.yaml'));
    proxy = await startNginx({ gateway: gateway.url, app: upstream.origin, cached: true });
    token = (await aliceTokens(proxy.origin)).access_token;
  });
  afterAll(async () => {
    await proxy.stop();
    await gateway.stop('SIGKILL');
    await upstream.close();
  });
  const asked = (path: string) => gateway.output().split(`"path":"${path}"`).length - 1;

  it('one verdict does for many calls, and for no other token, path or method', async () => {
    for (let n = 0; n < 5; n++) expect((await call(proxy.origin, token, '/orders/same')).status).toBe(200);
    await gateway.line(/"path":"\/orders\/same"/);
    expect(asked('/orders/same')).toBe(1);

    const { access_token: other } = await aliceTokens(proxy.origin);
    await revoke(proxy.origin, other);
    const before = upstream.requests.length;
    expect((await call(proxy.origin, other, '/orders/same')).status).toBe(401);
    expect((await fetch(`${proxy.origin}/orders/same`)).status).toBe(401);
    expect((await call(proxy.origin, token, '/reports/same')).status).toBe(403);
    expect(upstream.requests.length).toBe(before);
    const headers = { authorization: `Bearer ${token}` };
    expect((await fetch(`${proxy.origin}/orders/same`, { method: 'DELETE', headers })).status).toBe(200);
    await gateway.line(/"method":"DELETE","path":"\/orders\/same"/);
  });

  it('a remembered verdict brings the same identity, and lets nothing by that a fresh one would refuse', async () => {
    await call(proxy.origin, token, '/orders/kept');
    const before = upstream.requests.length;
    const names = [
      'X-HTTP-Method-Override',
      'X-Method-Override',
      'X-Original-URL',
      'X-Rewrite-URL',
      'Proxy',
      'X_User_Id',
    ];
    for (const name of [...names, 'X-User-Id', 'X-Token-Scopes']) {
      const headers = { authorization: `Bearer ${token}`, [name]: 'admin' };
      await fetch(`${proxy.origin}/orders/kept`, { headers });
    }
    const seen = upstream.requests.slice(before);
    expect(seen.length).toBeGreaterThan(0);
    for (const request of seen) {
      expect(request.values('x-user-id')).toEqual(['u-alice']);
      expect(request.values('x-token-scopes')).toEqual(['demo:read demo:write']);
      for (const name of names) expect(request.values(name)).toEqual([]);
    }
  });

  it('a revoked token passes for as long as its verdict is remembered, 5 s, and not after', async () => {
    const { access_token: revoked } = await aliceTokens(proxy.origin);
    expect((await call(proxy.origin, revoked, '/orders/late')).status).toBe(200);
    const cachedAt = performance.now();
    await revoke(proxy.origin, revoked);
    expect((await call(proxy.origin, revoked, '/orders/late')).status).toBe(200);
    await expect
      .poll(async () => (await call(proxy.origin, revoked, '/orders/late')).status, { timeout: 8_000, interval: 100 })
      .toBe(401);
    // nginx counts in whole seconds.
    expect(performance.now() - cachedAt).toBeLessThan(7_000);
  });
});
