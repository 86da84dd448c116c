import { describe, expect, it } from 'vitest';
import type { Milliseconds } from '../../src/model/units.ts';
import type { Backend } from '../../src/stores/backend.ts';
import { memory } from '../../src/stores/memory.ts';
import { auditStoreContract, KEPT } from '../contract/audit_store.ts';
import { type BackendUnderTest, dependencies } from '../contract/backend_under_test.ts';
import { counterStoreContract } from '../contract/counter_store.ts';
import { documentSearchContract } from '../contract/document_search.ts';
import { documentStoreContract } from '../contract/document_store.ts';
import { newGrant } from '../contract/records.ts';
import { tokenStoreContract } from '../contract/token_store.ts';
import { ManualClock } from '../support/manual_clock.ts';

/** Two handles on a memory store are one and the same: it lives in one process. */
async function start(keepAudit?: Milliseconds): Promise<BackendUnderTest> {
  const clock = new ManualClock();
  const backend: Backend = await memory.create({}, dependencies(clock, undefined, keepAudit));
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
  documentSearchContract(start);
  counterStoreContract(start);
  auditStoreContract(() => start(KEPT));
});
