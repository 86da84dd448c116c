import { z } from 'zod';
import { variant } from '../model/variant.ts';
import { AUDIT_KEPT, type Backend, type BackendVariant } from './backend.ts';
import { MemoryAudit } from './memory_audit.ts';
import { MemoryCounters } from './memory_counters.ts';
import { MemoryDocuments } from './memory_documents.ts';
import { MemoryTokens } from './memory_tokens.ts';

/** Everything in this process, gone when it ends: for trying things out and for tests. Owns no files and no connections. */
export const memory: BackendVariant = variant({
  type: 'memory',
  options: z.strictObject({}),
  create: async (_options, { clock, keepAudit = AUDIT_KEPT }): Promise<Backend> => {
    const tokens = new MemoryTokens(clock);
    const counters = new MemoryCounters(clock);
    const sweeping = setInterval(() => {
      tokens.sweep();
      counters.sweep();
    }, SWEEP_EVERY_MS).unref();
    return {
      tokens,
      documents: new MemoryDocuments(),
      counters,
      audit: new MemoryAudit(clock, keepAudit),
      ping: async () => {},
      close: async () => clearInterval(sweeping),
    };
  },
});

const SWEEP_EVERY_MS = 1_000;
