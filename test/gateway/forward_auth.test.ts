import { expect, it } from 'vitest';
import { createForwardAuth } from '../../src/gateway/forward_auth.ts';
import { createGateway } from '../../src/gateway/gateway.ts';
import { DEFAULT_IDENTITY_HEADERS } from '../../src/gateway/header_kinds.ts';
import { systemClock } from '../../src/model/clock.ts';
import { STANDARD_TOKENS } from '../../src/model/token_policy.ts';
import { milliseconds, seconds } from '../../src/model/units.ts';
import { MemoryTokens } from '../../src/stores/memory_tokens.ts';
import { mint, refOf } from '../../src/tokens/format.ts';
import { alice, route } from '../support/lane_server.ts';

it('questions that wait for a counter elsewhere do not stand in the way of each other', async () => {
  const store = new MemoryTokens(systemClock);
  const text = mint(STANDARD_TOKENS.access);
  const ref = refOf(text);
  if (ref === undefined) throw new Error('a minted token has no place');
  const [issuedAt, expiresAt] = [seconds(0), seconds(Date.now() / 1000 + 60)];
  const record = { family: 'f', client: 'c', user: alice, scopes: [], audience: [], issuedAt, expiresAt };
  await store.put([{ kind: 'access', ref, record }]);

  const limits = { perToken: { count: 100, window: milliseconds(60_000) }, concurrent: 1 };
  let counted = 0;
  const gateway = createGateway({
    routes: [route('/*', [], { limits })],
    lookup: store,
    // As a counter in Redis: the answer comes later.
    counters: { hit: async () => ({ count: ++counted, remaining: milliseconds(1_000) }) } as never,
    clock: systemClock,
    identityHeaders: DEFAULT_IDENTITY_HEADERS,
    trustedProxies: [],
    refusalFor: () => () => ({ status: 429, headers: [], body: '' }),
  });
  const ask = createForwardAuth({ gateway, identityHeaders: DEFAULT_IDENTITY_HEADERS, trustedProxies: [] });
  const rawHeaders = [
    'X-Original-Method',
    'GET',
    'X-Original-URI',
    '/a',
    'Host',
    'a',
    'Authorization',
    `Bearer ${text}`,
  ];
  const head = { method: 'GET', target: '/auth', httpVersion: '1.1', rawHeaders, remoteAddress: '::1', secure: false };
  const verdicts = await Promise.all(Array.from({ length: 5 }, () => ask(head)));
  expect(verdicts.map(({ response }) => response.status)).toEqual([200, 200, 200, 200, 200]);
  expect(counted).toBe(5);
});
