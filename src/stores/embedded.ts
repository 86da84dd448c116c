import { resolve } from 'node:path';
import { z } from 'zod';
import { variant } from '../model/variant.ts';
import { AUDIT_KEPT, type Backend, type BackendVariant } from './backend.ts';
import { EmbeddedAudit } from './embedded_audit.ts';
import { EmbeddedCounters } from './embedded_counters.ts';
import { EmbeddedDatabase } from './embedded_database.ts';
import { EmbeddedDocuments } from './embedded_documents.ts';
import { EmbeddedInvalidation } from './embedded_invalidation.ts';
import { EmbeddedSweeper } from './embedded_sweeper.ts';
import { EmbeddedTokens } from './embedded_tokens.ts';

/**
 * Everything in one SQLite file: nothing to install, survives restarts, shared by the processes of one machine. It must lie on
 * a local disk (SQLite's locks do not work over network file systems).
 */
export const embedded: BackendVariant = variant({
  type: 'embedded',
  options: z.strictObject({
    path: z
      .string()
      .min(1)
      .default('./data/gatehouse.db')
      .describe('The SQLite file; created with its folder if missing.'),
  }),
  create: async ({ path }, dependencies): Promise<Backend> => {
    const { clock, directory } = dependencies;
    const file = resolve(directory, path);
    // Two connections: what must survive a power cut, and what (counting, sweeping) would only wait for the disk.
    const database = await EmbeddedDatabase.open(file, 'full');
    const relaxed = await EmbeddedDatabase.open(file, 'normal');
    const invalidation = new EmbeddedInvalidation(database, clock);
    const tokens = new EmbeddedTokens(database, invalidation, dependencies);
    const counters = new EmbeddedCounters(relaxed, clock);
    const alive = database.prepare('SELECT 1');
    const sweeper = new EmbeddedSweeper(relaxed, dependencies);
    return {
      tokens,
      documents: new EmbeddedDocuments(database),
      counters,
      audit: new EmbeddedAudit(database, dependencies, dependencies.keepAudit ?? AUDIT_KEPT),
      ping: async () => database.read(() => void alive.get()),
      close: async () => {
        sweeper.close();
        invalidation.close();
        relaxed.close();
        database.close();
      },
    };
  },
});
