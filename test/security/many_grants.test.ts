/**
 * Threat: somebody has so many grants made for a user or a client that these cannot be ended any more: the list of them is longer than
 * the store gives in its time, so signing out, disabling or deleting fails half way, and what is left goes on. Or what an app prolongs
 * while the rest ends escapes.
 */
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/model/clock.ts';
import type { TokenHash } from '../../src/model/token.ts';
import { type Seconds, seconds } from '../../src/model/units.ts';
import { redis } from '../../src/stores/redis.ts';
import type { FamilyListing, TokenStore } from '../../src/stores/token_store.ts';
import { createTokenAdministration } from '../../src/tokens/administration.ts';
import { endListed } from '../../src/tokens/listed.ts';
import { dependencies } from '../contract/backend_under_test.ts';
import { newGrant } from '../contract/records.ts';
import { isLong, measured } from '../support/measured.ts';
import { startRedis } from '../support/redis_server.ts';

it('ends what a user with a very long list of grants holds', { timeout: 120_000 }, async () => {
  const count = isLong() ? 300_000 : 20_000;
  const server = await startRedis();
  const backend = await redis.create(redis.options.parse({ url: server.url }), dependencies(systemClock));
  const client = new Redis(server.url);
  onTestFinished(async () => {
    client.disconnect();
    await backend.close();
    await server.stop();
  });
  const now = Math.floor(Date.now() / 1000);
  const user = { subject: 'u-many', username: 'many', connection: 'users', roles: [] };
  const grants = [300, 100].map((life) =>
    newGrant(Date.now(), { life, authorization: { client: 'app', scopes: [], audience: [], user } }),
  );
  for (const { entries } of grants) await backend.tokens.put(entries);
  // Grants that ended and were never taken off the list cost as much to go through as others.
  const fill = `for i = 1, ARGV[2] do
    redis.call('ZADD', KEYS[1], ARGV[1] + i % 1000, string.format('%08d:%022d', ARGV[3] + i, i)) end`;
  for (let done = 0; done < count; done += 20_000)
    await client.eval(fill, 1, 'gh:{u:u-many}:f', now + 150, 20_000, done);

  expect(await client.zcard('gh:{u:u-many}:f')).toBe(count + grants.length);

  const began = performance.now();
  // However long the list is, no answer may be: 300,000 at once take longer than a store is given.
  let longest = 0;
  const store: TokenStore = new Proxy(backend.tokens, {
    get: (tokens, name) =>
      name !== 'families'
        ? Reflect.get(tokens, name).bind?.(tokens)
        : async (...asked: Parameters<TokenStore['families']>) => {
            const found = await tokens.families(...asked);
            longest = Math.max(longest, found.length);
            return found;
          },
  });
  const administration = createTokenAdministration({ store, clock: systemClock });
  expect(await administration.signOut('u-many')).toEqual({ grants: 2, sessions: 0 });
  const took = Math.round(performance.now() - began);
  measured({ id: 'G10', what: 'ending the grants of a user with a very long list', count, max: took, unit: 'ms' });
  expect(longest).toBeLessThanOrEqual(2_000);
  for (const { ref } of grants) expect(await backend.tokens.get('family', ref)).toBeUndefined();
});

/** A store that lists, and whose listings can be prolonged. */
class Listings {
  readonly #ends = new Map<string, number>();

  add(name: string, expiresAt: number): void {
    this.#ends.set(name, expiresAt);
  }

  list = async (limit: number, until?: Seconds): Promise<readonly FamilyListing[]> =>
    [...this.#ends]
      .filter(([, end]) => until === undefined || end <= until)
      .sort(([, one], [, other]) => other - one)
      .slice(0, limit)
      .map(([name, end]) => ({ ref: { tag: '', hash: name as TokenHash }, expiresAt: seconds(end) }));

  end = ({ ref }: FamilyListing): boolean => this.#ends.delete(ref.hash);

  get size(): number {
    return this.#ends.size;
  }
}

describe('going through a list', () => {
  it('misses nothing of thousands that end in the same second', async () => {
    const listings = new Listings();
    for (let each = 0; each < 4_500; each += 1) listings.add(`same ${each}`, 100);
    for (let each = 0; each < 1_500; each += 1) listings.add(`later ${each}`, 200 + (each % 7));
    for (let each = 0; each < 10; each += 1) listings.add(`sooner ${each}`, 50);
    const seen = new Set<string>();
    const kept = await endListed(listings.list, async ({ ref }) => {
      seen.add(ref.hash);
      return false;
    });
    expect([kept, seen.size]).toEqual([0, 6_010]);
    expect(await endListed(listings.list, async (each) => listings.end(each))).toBe(6_010);
    expect(listings.size).toBe(0);
  });

  it('finds what is prolonged while the rest ends', async () => {
    const listings = new Listings();
    for (let each = 0; each < 2_500; each += 1) listings.add(`grant ${each}`, each);
    let ended = 0;
    const end = async (listing: FamilyListing) => {
      // An app refreshes one that is still to come.
      if (ended === 500) listings.add('grant 3', 10_000);
      ended += 1;
      return listings.end(listing);
    };
    await endListed(listings.list, end);
    expect(listings.size).toBe(0);
  });
});
