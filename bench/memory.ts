import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { systemClock } from '../src/model/clock.ts';
import type { AccessToken, TokenHash } from '../src/model/token.ts';
import { STANDARD_TOKENS } from '../src/model/token_policy.ts';
import { milliseconds, seconds } from '../src/model/units.ts';
import { decodeGrant, encodeGrant } from '../src/stores/grant_record.ts';
import { cached } from '../src/stores/lru.ts';
import { MemoryTokens } from '../src/stores/memory_tokens.ts';
import { redis } from '../src/stores/redis.ts';
import { newFamilyRef } from '../src/tokens/families.ts';
import { createIssuer } from '../src/tokens/issuing.ts';
import { mintWithRef } from '../src/tokens/minting.ts';
import { startRedis } from '../test/support/redis_server.ts';

/** What tokens weigh, in Redis and in the cache. Every user has one pair, so nothing is shared that real tokens would not share. */

/** A user as connections report them. */
const userOf = (number: number) => ({
  subject: `u-${String(number).padStart(6, '0')}`,
  username: `user${number}`,
  name: 'Alice Liddell',
  email: `user${number}@example.com`,
  connection: 'users',
  roles: [],
});

const authorizationOf = (number: number) => ({
  client: 'demo-app',
  user: userOf(number),
  scopes: ['demo:read', 'demo:write'],
  audience: [],
  authenticatedAt: seconds(1_790_000_000),
});

/**
 * Bytes of Redis for one access token and one refresh token, with everything that is kept for their sake: the family, and the
 * listings by user and by client.
 */
export async function bytesPerPair(pairs = 100_000): Promise<number> {
  const server = await startRedis(['--appendonly', 'no']);
  const options = redis.options.parse({ url: server.url });
  const backend = await redis.create(options, { clock: systemClock, directory: '.', report: () => {} });
  try {
    const settings = {
      accessTtl: seconds(3_600),
      refreshTtl: seconds(2_592_000),
      codeTtl: seconds(60),
      refreshGrace: seconds(10),
    };
    const issuer = createIssuer({ store: backend.tokens, clock: systemClock, settings });
    const before = await usedMemory(server.client());
    for (let at = 0; at < pairs; at += AT_ONCE) {
      await Promise.all(
        Array.from({ length: Math.min(AT_ONCE, pairs - at) }, (_, index) => {
          const authorization = authorizationOf(at + index);
          return issuer.issue({
            policy: STANDARD_TOKENS,
            authorization,
            scopes: authorization.scopes,
            refreshable: true,
          });
        }),
      );
    }
    return ((await usedMemory(server.client())) - before) / pairs;
  } finally {
    await backend.close();
    await server.stop();
  }
}

const AT_ONCE = 64;

async function usedMemory(client: ReturnType<Awaited<ReturnType<typeof startRedis>>['client']>): Promise<number> {
  const [, bytes] = /^used_memory:(\d+)/m.exec(await client.info('memory')) ?? [];
  return Number(bytes);
}

/** Bytes of heap for one cached access token that has been used, identity header lines included. */
export async function heapPerCachedToken(tokens = 100_000): Promise<number> {
  const store = new Decoding(systemClock);
  const settings = {
    maxTokens: tokens,
    ttl: milliseconds(3_600_000),
    staleness: milliseconds(0),
    negativeTtl: milliseconds(0),
  };
  const cache = cached(store, settings, systemClock);
  const before = heapUsed();
  for (let at = 0; at < tokens; at += 1) {
    const { ref } = mintWithRef(STANDARD_TOKENS.access);
    store.next = at;
    const record = await cache.get('access', ref);
    if (record === undefined) throw new Error('a token was not found');
  }
  const size = cache.stats().size;
  const after = heapUsed();
  cache.close();
  return (after - before) / size;
}

/** Knows every token: each belongs to another user, and comes out of a text as from a server. */
class Decoding extends MemoryTokens {
  next = 0;

  override get(_kind: unknown, ref: { readonly hash: TokenHash }): never {
    const now = seconds(Math.floor(Date.now() / 1000));
    const family = newFamilyRef(STANDARD_TOKENS);
    const authorization = authorizationOf(this.next);
    const ends = seconds(now + 3_600);
    const access: AccessToken = { ...authorization, family: family.hash, issuedAt: now, expiresAt: ends };
    const text = encodeGrant({
      families: [
        {
          ...{ ...authorization, id: family.hash, generation: 0, issuedAt: now, expiresAt: ends },
          ...{ live: [[ref.hash, ends]], refresh: [] },
        },
      ],
      access: new Map([[ref.hash, access]]),
      refresh: new Map(),
    });
    // As wide as the original's answer to a caller that asks for access tokens.
    return decodeGrant(Buffer.from(text).toString()).access.get(ref.hash) as never;
  }
}

function heapUsed(): number {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') for (let times = 0; times < 3; times += 1) collect();
  const { heapUsed: heap, external, arrayBuffers: _within } = process.memoryUsage();
  return heap + external;
}

if (import.meta.main) {
  console.log(`Redis: ${Math.round(await bytesPerPair())} bytes for an access and a refresh token`);
  console.log(`cache: ${Math.round(await heapPerCachedToken())} bytes of heap for an access token`);
}
