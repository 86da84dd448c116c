import type { AuditEntry, AuditEvent } from '../model/audit.ts';
import type { Milliseconds } from '../model/units.ts';

/** Which events are wanted; what is absent does not matter. */
export interface AuditFilter {
  /** The id of who did it. */
  readonly actor?: string | undefined;
  /** The whole action, or its beginning up to and with the dot: `clients.`. */
  readonly action?: string | undefined;
  /** The id of what it was done to. */
  readonly target?: string | undefined;
  /** At or after, and before: milliseconds since the epoch. */
  readonly from?: Milliseconds | undefined;
  readonly until?: Milliseconds | undefined;
}

export interface AuditPage {
  readonly items: readonly AuditEvent[];
  /**
   * Pass as `before` to get older ones; absent when there are none. A page may be short, or empty, although there are: a look-up
   * reads a bounded number of events.
   */
  readonly next?: string | undefined;
}

/**
 * Keeps what was done: entries are added and read, never changed or taken away, until they are older than the store keeps them.
 * Every implementation passes `test/contract/audit_store.ts`. Errors as in TokenStore.
 */
export interface AuditStore {
  append(entry: AuditEntry): Promise<AuditEvent>;
  /** Newest first. @param limit 1 to 1,000. */
  page(filter: AuditFilter, limit: number, before?: string): Promise<AuditPage>;
}
