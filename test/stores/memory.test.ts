import { describe, expect, it } from 'vitest';
import type { Backend } from '../../src/stores/backend.ts';
import { memory } from '../../src/stores/memory.ts';
import { type BackendUnderTest, dependencies } from '../contract/backend_under_test.ts';
import { counterStoreContract } from '../contract/counter_store.ts';
import { documentStoreContract } from '../contract/document_store.ts';
import { newGrant } from '../contract/records.ts';
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
  it('lets a token live to the last millisecond before its expiry, and no longer', async () => {
    const clock = new ManualClock(1_750_000_000_000);
    const { tokens, close } = await memory.create({}, dependencies(clock));
    const grant = newGrant(clock.now(), { life: 1 });
    await tokens.put(grant.entries);
    clock.advance(999);
    expect(await tokens.get('family', grant.ref)).toEqual(grant.family);
    clock.advance(1);
    expect(await tokens.get('family', grant.ref)).toBeUndefined();
    await close();
  });

  tokenStoreContract(start);
  documentStoreContract(start);
  counterStoreContract(start);
});
