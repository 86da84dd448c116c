import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/model/clock.ts';
import { CorruptRecord, DependencyUnavailable } from '../../src/model/failure.ts';
import type { Milliseconds } from '../../src/model/units.ts';
import type { Backend } from '../../src/stores/backend.ts';
import { redis } from '../../src/stores/redis.ts';
import { slotOf } from '../../src/stores/redis_slot.ts';
import { auditStoreContract, KEPT } from '../contract/audit_store.ts';
import { type BackendUnderTest, dependencies } from '../contract/backend_under_test.ts';
import { counterStoreContract } from '../contract/counter_store.ts';
import { documentSearchContract } from '../contract/document_search.ts';
import { documentStoreContract } from '../contract/document_store.ts';
import { newGrant } from '../contract/records.ts';
import { listenTo, tokenStoreContract, until } from '../contract/token_store.ts';
import { type Cluster, startCluster } from '../support/redis_topology.ts';
import { redisUnderTest } from './redis_under_test.ts';

describe('redis cluster', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster();
  });
  afterAll(() => cluster?.stop());
  const start = async (keepAudit?: Milliseconds): Promise<BackendUnderTest> =>
    redisUnderTest({ cluster: cluster.nodes }, async () => {}, keepAudit);

  tokenStoreContract(start);
  documentStoreContract(start);
  documentSearchContract(start);
  counterStoreContract(start);
  auditStoreContract(() => start(KEPT));

  describe('with a node away', () => {
    let backend: Backend;
    beforeAll(async () => {
      // One node is enough to find the others.
      const options = redis.options.parse({ cluster: cluster.nodes.slice(0, 1) });
      backend = await redis.create(options, dependencies(systemClock));
    });
    afterAll(() => backend?.close());

    it('spreads families over all nodes and hears of revocations on each', async () => {
      const grants = Array.from({ length: 60 }, () => newGrant(Date.now()));
      await Promise.all(grants.map((grant) => backend.tokens.put(grant.entries)));
      for (const server of cluster.servers) expect(await server.client().dbsize()).toBeGreaterThan(10);
      const announced = listenTo(backend.tokens);
      expect(await Promise.all(grants.map((grant) => backend.tokens.revoke(grant.ref)))).not.toContain(false);
      await announced.exactly(
        grants.flatMap((grant) => grant.access),
        [],
      );
      announced.stop();
    });

    it('asks each node for its own, and knows as well as a server which that is', async () => {
      const grants = Array.from({ length: 60 }, () => newGrant(Date.now()));
      await Promise.all(grants.map((grant) => backend.tokens.put(grant.entries)));
      const found = await Promise.all(grants.map((grant) => backend.tokens.get('family', grant.ref)));
      expect(found).toEqual(grants.map(({ family }) => family));
      for (const key of [...grants.map(({ ref }) => `gh:{${ref.tag}}`), 'x', '{}y', 'a{b', '{}{c}', 'é{ü}']) {
        expect(slotOf(key)).toBe(await cluster.servers[0]?.client().cluster('KEYSLOT', key));
      }
    });

    it('answers 503, not 401, for a key that holds something else than a record', async () => {
      const { ref, access } = newGrant(Date.now());
      const [token = ref] = access;
      const key = `gh:{${ref.tag}}`;
      // The others answer that it is not theirs.
      const pushed = await Promise.allSettled(cluster.servers.map((server) => server.client().rpush(key, 'a list')));
      expect(pushed.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      await expect(Promise.resolve(backend.tokens.get('access', token))).rejects.toThrow(CorruptRecord);
    });

    it.each(['frozen', 'killed'] as const)(
      'trusts no cache, fails fast, and is whole again afterwards (%s)',
      async (how) => {
        await until(() => backend.tokens.invalidation.up);
        const [, victim] = cluster.servers;
        if (victim === undefined) throw new Error('three nodes');
        let resets = 0;
        backend.tokens.invalidation.subscribe({ invalidated: () => {}, reset: () => (resets += 1) });
        if (how === 'frozen') victim.pause();
        else await victim.kill();
        const asked = await Promise.all(
          Array.from({ length: 30 }, async () => {
            const began = performance.now();
            const error = await Promise.resolve(backend.tokens.get('family', newGrant(0).ref)).catch(
              (it: unknown) => it,
            );
            return { error, took: performance.now() - began };
          }),
        );
        for (const { error, took } of asked) {
          expect(error === undefined || error instanceof DependencyUnavailable).toBe(true);
          expect(took).toBeLessThan(400);
        }
        expect(asked.some(({ error }) => error !== undefined)).toBe(true);
        await until(() => !backend.tokens.invalidation.up);
        resets = 0;
        if (how === 'frozen') victim.resume();
        else await victim.restart();
        const back = performance.now();
        await until(async () => {
          const grants = Array.from({ length: 10 }, () => newGrant(Date.now()));
          return Promise.all(grants.map((grant) => backend.tokens.put(grant.entries))).then(
            () => backend.tokens.invalidation.up,
            () => false,
          );
        });
        expect(resets).toBeGreaterThan(0);
        expect(performance.now() - back).toBeLessThan(5_000);
      },
    );
  });
});
