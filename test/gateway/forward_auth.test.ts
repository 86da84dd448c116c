import { expect, it } from 'vitest';
import { createForwardAuth } from '../../src/gateway/forward_auth.ts';
import { createGateway } from '../../src/gateway/gateway.ts';
import { DEFAULT_IDENTITY_HEADERS } from '../../src/gateway/header_kinds.ts';
import { systemClock } from '../../src/model/clock.ts';
import { STANDARD_TOKENS } from '../../src/model/token_policy.ts';
import { milliseconds, seconds } from '../../src/model/units.ts';
import { MemoryCounters } from '../../src/stores/memory_counters.ts';
import { MemoryTokens } from '../../src/stores/memory_tokens.ts';
import { mint, refOf } from '../../src/tokens/format.ts';
import { alice, route } from '../support/lane_server.ts';

async function start(count: number) {
  const store = new MemoryTokens(systemClock);
  const text = mint(STANDARD_TOKENS.access);
  const ref = refOf(text);
  if (ref === undefined) throw new Error('a minted token has no place');
  const [issuedAt, expiresAt] = [seconds(0), seconds(Date.now() / 1000 + 60)];
  const record = { family: 'f', client: 'c', user: alice, scopes: [], audience: [], issuedAt, expiresAt };
  await store.put([{ kind: 'access', ref, record }]);

  const limits = { perToken: { count, window: milliseconds(60_000) }, concurrent: 1 };
  let counted = 0;
  const gateway = createGateway({
    routes: [route('/*', [], { limits })],
    lookup: store,
    // As a counter in Redis: the answer comes later.
    counters: {
      hit: async () => ({ count: ++counted, remaining: milliseconds(1_000) }),
    } as never,
    clock: systemClock,
    identityHeaders: DEFAULT_IDENTITY_HEADERS,
    trustedProxies: [],
    refusalFor: () => () => ({ status: 429, headers: [], body: '' }),
  });
  const forwardAuth = createForwardAuth({ gateway, identityHeaders: DEFAULT_IDENTITY_HEADERS, trustedProxies: [] });
  return {
    counted: () => counted,
    ask(token = text, remoteAddress = '::1') {
      const meant = ['X-Original-Method', 'DELETE', 'X-Original-URI', '/a?b', 'Host', 'a'];
      const rawHeaders = [...meant, 'Authorization', `Bearer ${token}`];
      return forwardAuth({
        method: 'GET',
        target: '/auth',
        httpVersion: '1.1',
        rawHeaders,
        remoteAddress,
        secure: false,
      });
    },
  };
}

it('questions that wait for a counter elsewhere do not stand in the way of each other', async () => {
  const { ask, counted } = await start(100);
  const verdicts = await Promise.all(Array.from({ length: 5 }, () => ask()));
  expect(verdicts.map(({ response }) => response.status)).toEqual([200, 200, 200, 200, 200]);
  expect(counted()).toBe(5);
});

it('what is reported is the call that is meant, as far as the question came', async () => {
  const { ask } = await start(1);
  const report = async (token?: string, from?: string) => {
    const { requestId, ...rest } = (await ask(token, from)).exchange(200, milliseconds(3));
    expect(requestId === '').toBe(from !== undefined);
    return rest;
  };
  const common = { status: 200, duration: 3 };
  const meant = { ...common, method: 'DELETE', path: '/a', route: '/*' };
  const known = { ...meant, client: 'c', user: alice.subject, cache: 'hit' };
  expect(await report()).toEqual(known);
  expect(await report()).toEqual({ ...known, refused: 'rate_limited' });
  expect(await report(mint(STANDARD_TOKENS.access))).toEqual({ ...meant, cache: 'hit', refused: 'invalid_token' });
  expect(await report(undefined, '192.0.2.1')).toEqual({
    ...common,
    method: 'GET',
    path: '',
    refused: 'access_denied',
  });
});

it('questions count for the address that the proxy names, once it is one whose word is believed', async () => {
  const limits = { perClient: { count: 1, window: milliseconds(60_000) }, concurrent: 1 };
  const ask = (trusted: readonly string[]) => {
    const gateway = createGateway({
      routes: [route('/*', [], { auth: 'none', limits })],
      ...{ lookup: new MemoryTokens(systemClock), counters: new MemoryCounters(systemClock), clock: systemClock },
      ...{ identityHeaders: DEFAULT_IDENTITY_HEADERS, trustedProxies: trusted },
      refusalFor: () => () => ({ status: 429, headers: [], body: '' }),
    });
    const forwardAuth = createForwardAuth({
      ...{ gateway, identityHeaders: DEFAULT_IDENTITY_HEADERS, trustedProxies: trusted },
    });
    return async (address: string) => {
      const meant = ['X-Forwarded-Method', 'GET', 'X-Forwarded-Uri', '/a', 'X-Forwarded-Host', 'a'];
      const rawHeaders = [...meant, 'Host', 'gate', 'X-Forwarded-For', address];
      const about = { method: 'GET', target: '/auth', httpVersion: '1.1', remoteAddress: '127.0.0.1', secure: false };
      return (await forwardAuth({ ...about, rawHeaders })).response.status;
    };
  };
  const believed = ask(['127.0.0.1']);
  expect(await believed('192.0.2.1')).toBe(200);
  expect(await believed('192.0.2.2')).toBe(200);
  expect(await believed('6.6.6.6, 192.0.2.1')).toBe(429);
  const nobody = ask([]);
  expect(await nobody('192.0.2.1')).toBe(200);
  expect(await nobody('192.0.2.2'), 'all callers of the proxy are one').toBe(429);
});
