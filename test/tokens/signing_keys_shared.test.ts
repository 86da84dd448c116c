import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../src/model/clock.ts';
import { seconds } from '../../src/model/units.ts';
import type { Backend } from '../../src/stores/backend.ts';
import { redis } from '../../src/stores/redis.ts';
import { signJwt, verifyJwt } from '../../src/tokens/jws.ts';
import { createSigningKeys } from '../../src/tokens/signing_keys.ts';
import { type RedisServer, startRedis } from '../support/redis_server.ts';

let server: RedisServer;
let backends: readonly Backend[];

beforeAll(async () => {
  server = await startRedis();
  const deps = { clock: systemClock, directory: '.', report: () => {} };
  const open = () => redis.create(redis.options.parse({ url: server.url }), deps);
  backends = await Promise.all([open(), open(), open()]);
});
afterAll(async () => {
  await Promise.all(backends.map((backend) => backend.close()));
  await server.stop();
});

it('three nodes over one Redis that need a key at the same moment sign with one, and verify each other', async () => {
  const settings = { rotation: seconds(86_400), tokenTtl: seconds(3600), algorithms: ['RS256', 'ES256'] as const };
  const serverSecret = 'a server secret of more than 32 characters';
  const nodes = backends.map(({ documents }) =>
    createSigningKeys({ documents, clock: systemClock, serverSecret, ...settings }),
  );
  for (const algorithm of settings.algorithms) {
    const signers = await Promise.all(nodes.map((keys) => keys.current(algorithm)));
    expect(new Set(signers.map(({ kid }) => kid)).size).toBe(1);
    const now = seconds(Math.floor(Date.now() / 1000));
    const claims = { iss: 'i', aud: 'a', sub: 's', iat: now, exp: now + 60 };
    for (const signWith of signers) {
      const token = await signJwt(claims, signWith);
      for (const keys of nodes) {
        const key = await keys.find(signWith.kid ?? '');
        if (!key) throw new Error('a node does not know the key');
        const expected = { algorithm, key: key.publicKey, issuer: 'i', audience: 'a', now };
        expect(await verifyJwt(token, expected)).toMatchObject(claims);
      }
    }
  }
  const published = await Promise.all(nodes.map((keys) => keys.published()));
  expect(published[1]).toEqual(published[0]);
  expect(published[2]).toEqual(published[0]);
  expect(published[0]).toHaveLength(4);
});

it('nothing in the store can sign', async () => {
  const client = server.client();
  const values: string[] = [];
  for (const key of await client.keys('*')) {
    const type = await client.type(key);
    values.push(
      JSON.stringify(type === 'hash' ? await client.hgetall(key) : type === 'string' ? await client.get(key) : ''),
    );
  }
  expect(values.join()).toContain('sealed:');
  expect(values.join()).not.toMatch(/\\?"(d|p|q|dp|dq|qi)\\?":/);
});
