import { describe } from 'vitest';
import type { BackendUnderTest } from '../contract/backend_under_test.ts';
import { counterStoreContract } from '../contract/counter_store.ts';
import { documentStoreContract } from '../contract/document_store.ts';
import { tokenStoreContract } from '../contract/token_store.ts';
import { startCluster } from '../support/redis_topology.ts';
import { redisUnderTest } from './redis_under_test.ts';

async function start(): Promise<BackendUnderTest> {
  const cluster = await startCluster();
  return redisUnderTest({ cluster: cluster.nodes }, cluster.stop);
}

describe('redis cluster', () => {
  tokenStoreContract(start);
  documentStoreContract(start);
  counterStoreContract(start);
});
