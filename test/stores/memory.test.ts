import { describe } from 'vitest';
import type { Backend } from '../../src/stores/backend.ts';
import { memory } from '../../src/stores/memory.ts';
import { type BackendUnderTest, dependencies } from '../contract/backend_under_test.ts';
import { counterStoreContract } from '../contract/counter_store.ts';
import { documentStoreContract } from '../contract/document_store.ts';
import { tokenStoreContract } from '../contract/token_store.ts';
import { ManualClock } from '../support/manual_clock.ts';

/** Two handles on a memory store are one and the same: it lives in one process. */
async function start(): Promise<BackendUnderTest> {
  const clock = new ManualClock();
  const backend: Backend = await memory.create({}, dependencies(clock));
  return {
    clock,
    open: async () => backend,
    elapse: async (time) => clock.advance(time),
    stop: () => backend.close(),
  };
}

describe('memory', () => {
  tokenStoreContract(start);
  documentStoreContract(start);
  counterStoreContract(start);
});
