import type { Mutant } from './mutant.ts';

/** What is known of tokens, and for how long it is true. */
export const STORE_MUTANTS: readonly Mutant[] = [
  {
    bug: 'use renews the age of a cached token',
    breaks: 'G4',
    file: 'src/stores/lru_lookups.ts',
    is: `      this.#hits += 1;
      return this.#living(entry.record, ref);`,
    becomes: `      this.#hits += 1;
      this.#records.set(ref.hash, { record: entry.record, filledAt: now });
      return this.#living(entry.record, ref);`,
    tests: ['test/stores/lru.test.ts'],
  },
  {
    bug: '"no such token" is believed for a minute',
    breaks: 'G7',
    file: 'src/stores/lru_absent.ts',
    is: 'return since !== undefined && now - since <= this.#ttl;',
    becomes: 'return since !== undefined && now - since <= 60_000;',
    tests: ['test/stores/lru.test.ts'],
  },
  {
    bug: 'a read that began before a revocation fills the cache',
    breaks: 'G4',
    file: 'src/stores/lru_lookups.ts',
    is: 'if (flight.stale || !this.#mayKeep()) return record;',
    becomes: 'if (!this.#mayKeep()) return record;',
    tests: ['test/stores/lru.test.ts'],
  },
  {
    bug: 'the cache is not emptied when messages may have been missed',
    breaks: 'G4',
    file: 'src/stores/lru.ts',
    is: '      reset: () => this.#reset(),',
    becomes: '      reset: () => {},',
    tests: ['test/stores/lru.test.ts'],
  },
  {
    bug: 'a fact may be of any age while the store is away',
    breaks: 'G4',
    file: 'src/stores/lru_lookups.ts',
    is: 'if (this.#clock.monotonic() - certain > bound) throw error;',
    becomes: '',
    tests: ['test/stores/lru.test.ts'],
  },
  {
    bug: 'guesses fill the memory of what is not there',
    breaks: 'G10',
    file: 'src/stores/lru_absent.ts',
    is: 'const MOST_ABSENT = 10_000;',
    becomes: 'const MOST_ABSENT = 1_000_000;',
    tests: ['test/stores/lru.test.ts'],
  },
  {
    bug: 'a made-up token costs a question to the store',
    breaks: 'G10',
    file: 'src/gateway/bearer.ts',
    is: 'return isForged(token, ref) ? UNKNOWN_TOKEN : ref;',
    becomes: 'return ref;',
    tests: ['test/security/random_token_flood.test.ts'],
  },
  {
    bug: 'Redis announces no ended token',
    breaks: 'G4',
    file: 'src/stores/redis_scripts.ts',
    is: "if ARGV[5] ~= '' then redis.call('PUBLISH', ARGV[4], ARGV[5]) end\n",
    becomes: '',
    tests: ['test/stores/redis.test.ts'],
  },
  {
    bug: 'a code is read and then deleted, in two steps',
    breaks: 'G6',
    file: 'src/stores/redis_tokens.ts',
    is: 'mutating.getdel(keys.record(kind, ref))',
    becomes: `mutating.get(keys.record(kind, ref)).then(async (text) => {
      await mutating.del(keys.record(kind, ref));
      return text;
    })`,
    tests: ['test/stores/redis.test.ts'],
  },
  {
    bug: 'a rotation does not look at the generation',
    breaks: 'G6',
    file: 'src/stores/grant_changes.ts',
    is: 'if (before?.generation !== from) return undefined;',
    becomes: 'if (before === undefined) return undefined;',
    tests: ['test/stores/redis.test.ts'],
  },
  {
    bug: 'Redis swaps a grant without comparing',
    breaks: 'G6',
    file: 'src/stores/redis_scripts.ts',
    is: "if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end\n",
    becomes: '',
    tests: ['test/stores/redis.test.ts'],
  },
  {
    bug: 'a revocation is confirmed before a replica has it',
    breaks: 'G5',
    file: 'src/stores/redis_client.ts',
    is: 'if (Number(confirmed) < replicas)',
    becomes: 'if (confirmed === undefined)',
    tests: ['test/faults/replica_away.test.ts', 'test/stores/redis.test.ts'],
  },
  {
    bug: 'a revocation that was not confirmed is not denied here',
    breaks: 'G5',
    file: 'src/stores/lru_revocations.ts',
    is: 'if (isUnavailable(error)) this.#deny(key, revocation);',
    becomes: '',
    tests: ['test/stores/lru.test.ts'],
  },
  {
    bug: 'a store that gives no answer lets the call pass',
    breaks: 'G7',
    file: 'src/gateway/decide.ts',
    is: '.catch(unknown);',
    becomes: '.catch(() => pass(about, route, head, facts, target));',
    tests: ['test/faults/corrupt_record.test.ts', 'test/faults/store_away.test.ts'],
  },
  {
    bug: 'a store that gives no answer makes a valid token 401',
    breaks: 'G7',
    file: 'src/gateway/decide.ts',
    is: 'refuse: refuse(outage(error), route, error)',
    becomes: 'refuse: refuse(UNKNOWN_TOKEN, route, error)',
    tests: ['test/faults/corrupt_record.test.ts', 'test/faults/store_away.test.ts'],
  },
  {
    bug: 'a record that cannot be read is no token',
    breaks: 'G7',
    file: 'src/stores/redis_tokens.ts',
    is: `recordOf(decodeGrant(text), kind, ref.hash);
    } catch {
      throw this.#corrupt(kind);`,
    becomes: `recordOf(decodeGrant(text), kind, ref.hash);
    } catch {
      return undefined;`,
    tests: ['test/faults/corrupt_record.test.ts'],
  },
  {
    bug: 'while the counters are away every call is refused',
    breaks: 'G7',
    file: 'src/gateway/limits.ts',
    is: 'return count instanceof Promise ? count.catch(() => local.hit(key, window)) : count;',
    becomes: 'return count;',
    tests: ['test/gateway/limits.test.ts'],
  },
  {
    bug: 'the sign-in window of a counter opens anew with every try',
    breaks: 'G6',
    file: 'src/stores/redis_scripts.ts',
    is: 'if left < 0 then',
    becomes: 'if left > -3 then',
    tests: ['test/stores/redis.test.ts'],
  },
  {
    bug: 'a Redis without memory takes no revocations',
    breaks: 'G5',
    file: 'src/stores/redis_scripts.ts',
    is: '#!lua flags=allow-oom',
    becomes: '#!lua flags=no-cluster',
    tests: ['test/stores/redis.test.ts', 'test/faults/store_out_of_memory.test.ts'],
  },
];
