import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/model/clock.ts';
import { DependencyUnavailable } from '../../src/model/failure.ts';
import type { Backend } from '../../src/stores/backend.ts';
import { redis } from '../../src/stores/redis.ts';
import { type BackendUnderTest, dependencies } from '../contract/backend_under_test.ts';
import { counterStoreContract } from '../contract/counter_store.ts';
import { documentStoreContract } from '../contract/document_store.ts';
import { type Grant, newGrant } from '../contract/records.ts';
import { tokenStoreContract, until } from '../contract/token_store.ts';
import { type Sentinel, startSentinel } from '../support/redis_topology.ts';
import { redisUnderTest } from './redis_under_test.ts';

describe('redis sentinel', () => {
  let sentinel: Sentinel;
  beforeAll(async () => {
    sentinel = await startSentinel();
  });
  afterAll(() => sentinel?.stop());
  const options = () => ({ sentinels: sentinel.sentinels, master: sentinel.master });
  const start = async (): Promise<BackendUnderTest> => redisUnderTest(options(), async () => {});

  tokenStoreContract(start);
  documentStoreContract(start);
  counterStoreContract(start);

  describe('a failover', () => {
    let backend: Backend;
    let grant: Grant;
    beforeAll(async () => {
      backend = await redis.create(redis.options.parse(options()), dependencies(systemClock));
      grant = newGrant(Date.now());
      await backend.tokens.put(grant.entries);
    });
    afterAll(() => backend?.close());

    const putWorks = (): Promise<boolean> =>
      backend.tokens.put(newGrant(Date.now()).entries).then(
        () => true,
        () => false,
      );

    /** Reads and writes until told to stop, and notes every failure and the time at which something last failed. */
    const work = () => {
      const began = performance.now();
      const failures: { at: number; error: unknown }[] = [];
      let stopped = false;
      const running = (async () => {
        while (!stopped) {
          try {
            await backend.tokens.put(newGrant(Date.now()).entries);
            expect(await backend.tokens.get('family', grant.ref)).toEqual(grant.family);
          } catch (error) {
            failures.push({ at: performance.now() - began, error });
          }
          await delay(10);
        }
      })();
      return {
        async stop(): Promise<typeof failures> {
          stopped = true;
          await running;
          return failures;
        },
      };
    };

    it('that is planned costs at most two seconds of 503 and no wrong answer', async () => {
      let resets = 0;
      const unsubscribe = backend.tokens.invalidation.subscribe({ invalidated: () => {}, reset: () => (resets += 1) });
      const working = work();
      await sentinel.failover();
      // The Sentinels change their minds one after another; each time the connections are made anew.
      await until(() => resets > 0);
      await until(async () => (await putWorks()) && backend.tokens.invalidation.up);
      const failures = await working.stop();
      for (const { error } of failures) expect(error).toBeInstanceOf(DependencyUnavailable);
      const [first, last] = [failures[0]?.at ?? 0, failures.at(-1)?.at ?? 0];
      expect(last - first).toBeLessThan(2_000);
      unsubscribe();
    });

    it('confirms a revocation again once a replica has it', async () => {
      await until(putWorks);
      const revoked = newGrant(Date.now());
      await backend.tokens.put(revoked.entries);
      // Nobody follows the new master yet, so nobody could confirm.
      await expect(backend.tokens.revoke(revoked.ref)).rejects.toThrow(DependencyUnavailable);
      // What the Sentinels do by themselves some ten seconds after a failover.
      const { master, replica } = sentinel.servers;
      await master.client().replicaof(replica.host, replica.port);
      await until(async () => (await replica.client().info('replication')).includes('state=online'));
      // A replica that has just come online may need longer than the budget for its first answers.
      await until(async () => {
        const another = newGrant(Date.now());
        await backend.tokens.put(another.entries);
        return backend.tokens.revoke(another.ref).catch(() => false);
      });
      expect(await backend.tokens.get('family', revoked.ref)).toBeUndefined();
    });
  });
});
