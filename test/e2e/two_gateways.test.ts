import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demoConfig } from '../support/demo_config.ts';
import { type GatehouseProcess, startGatehouse } from '../support/gatehouse_process.ts';
import { type RedisServer, startRedis } from '../support/redis_server.ts';
import { aliceTokens, call, revoke } from '../support/token_client.ts';

/** Milliseconds within which a revocation on one node must hold on every other (guarantee G4, healthy). */
const REVOKED_WITHIN = 1_000;

let redis: RedisServer;
let one: GatehouseProcess;
let two: GatehouseProcess;
beforeAll(async () => {
  redis = await startRedis();
  const config = await demoConfig(`{ type: redis, url: "${redis.url}" }`);
  [one, two] = await Promise.all([startGatehouse(config), startGatehouse(config)]);
});
afterAll(async () => {
  await Promise.all([one.stop(), two.stop()]);
  await redis.stop();
});

describe('two gateways over one Redis', () => {
  it('accept on one what the other issued', async () => {
    const { access_token } = await aliceTokens(one.url);
    expect((await call(two.url, access_token)).status).toBe(200);
  });

  it('refuse on both what was revoked on one, although both had it cached', async () => {
    const { access_token } = await aliceTokens(one.url);
    expect((await call(one.url, access_token)).status).toBe(200);
    expect((await call(two.url, access_token)).status).toBe(200);

    expect((await revoke(one.url, access_token)).status).toBe(200);
    const revokedAt = performance.now();
    expect((await call(one.url, access_token)).status).toBe(401);
    let status = 200;
    while (status === 200 && performance.now() - revokedAt < 2 * REVOKED_WITHIN)
      status = (await call(two.url, access_token)).status;
    expect(status).toBe(401);
    expect(performance.now() - revokedAt).toBeLessThan(REVOKED_WITHIN);
    for (let again = 0; again < 20; again++) expect((await call(two.url, access_token)).status).toBe(401);
  });

  it('end every access token of a family when its refresh token is revoked on one of them', async () => {
    const { access_token, refresh_token } = await aliceTokens(one.url);
    expect((await call(two.url, access_token)).status).toBe(200);
    expect((await revoke(one.url, refresh_token ?? '')).status).toBe(200);
    await expect.poll(async () => (await call(two.url, access_token)).status, { timeout: REVOKED_WITHIN }).toBe(401);
  });

  it('refuse on both what an operator ended at the admin API of one: a grant, a user everywhere, a client', async () => {
    const operate = async (method: string, path: string, body?: object) => {
      const answer = await fetch(`${one.admin}/api/v1${path}`, {
        method,
        headers: {
          Authorization: `Basic ${btoa('admin:looking-glass')}`,
          ...(body && { 'Content-Type': 'application/json' }),
        },
        ...(body && { body: JSON.stringify(body) }),
      });
      expect([path, answer.status]).toEqual([path, 200]);
      return (await answer.json()) as Record<string, unknown>;
    };
    const grantOf = async (token: string) => (await operate('POST', '/tokens/inspect', { token }))['grant'];
    for (const end of [
      async (token: string) => operate('DELETE', `/tokens/${await grantOf(token)}`),
      async () => operate('POST', '/users/u-alice/sign-out'),
      async () => operate('POST', '/tokens/revoke-all', { client: 'demo-app' }),
    ]) {
      const { access_token } = await aliceTokens(one.url);
      expect((await call(one.url, access_token)).status).toBe(200);
      expect((await call(two.url, access_token)).status).toBe(200);
      await end(access_token);
      expect((await call(one.url, access_token)).status).toBe(401);
      await expect.poll(async () => (await call(two.url, access_token)).status, { timeout: REVOKED_WITHIN }).toBe(401);
    }
  });
});
