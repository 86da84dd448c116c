import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demoConfig } from '../support/demo_config.ts';
import { startGatehouse } from '../support/gatehouse_process.ts';
import { type RedisServer, startRedis } from '../support/redis_server.ts';
import { aliceTokens, call, post } from '../support/token_client.ts';

let folder: string;
let redis: RedisServer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-kill-'));
  redis = await startRedis();
});
afterAll(async () => {
  await redis.stop();
  await rm(folder, { recursive: true, force: true });
});

describe.each(['embedded', 'redis'])('kill -9 and start again, %s store', (type) => {
  it('keeps every token that was handed out working', async () => {
    const path = join(folder, 'tokens.db');
    const store = type === 'embedded' ? `{ type: embedded, path: ${path} }` : `{ type: redis, url: "${redis.url}" }`;
    const config = await demoConfig(store);
    const first = await startGatehouse(config);
    const tokens = await aliceTokens(first.url);
    await first.stop('SIGKILL');

    const second = await startGatehouse(config);
    const answer = await call(second.url, tokens.access_token);
    expect(answer.status).toBe(200);
    expect(((await answer.json()) as { headers: Record<string, string> }).headers['x-user-id']).toBe('u-alice');
    const refreshed = await post(`${second.url}/oauth2/token`, {
      grant_type: 'refresh_token',
      refresh_token: tokens.refresh_token ?? '',
    });
    expect(refreshed.status).toBe(200);
    expect(await second.stop()).toBe(0);
  });
});
