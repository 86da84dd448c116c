import type { AuditEntry, AuditEvent } from '../model/audit.ts';
import type { Clock } from '../model/clock.ts';
import type { Milliseconds } from '../model/units.ts';
import { auditId } from './audit_codec.ts';
import { auditPage, isWanted } from './audit_filter.ts';
import type { AuditFilter, AuditPage, AuditStore } from './audit_store.ts';
import { checkLimit } from './document_codec.ts';

/** More than this are not kept in memory, however young they are. */
const MOST = 10_000;

export class MemoryAudit implements AuditStore {
  readonly #clock: Clock;
  readonly #keep: Milliseconds;
  /** Oldest first. */
  readonly #events: AuditEvent[] = [];
  #count = 0;

  constructor(clock: Clock, keep: Milliseconds) {
    this.#clock = clock;
    this.#keep = keep;
  }

  async append(entry: AuditEntry): Promise<AuditEvent> {
    this.#count += 1;
    const event = { ...entry, id: auditId({ time: Math.floor(entry.at), number: this.#count }) };
    this.#events.push(event);
    if (this.#events.length > MOST) this.#events.shift();
    return event;
  }

  async page(filter: AuditFilter, limit: number, before?: string): Promise<AuditPage> {
    checkLimit(limit);
    const oldest = this.#clock.now() - this.#keep;
    const found = this.#events
      .filter((event) => event.at > oldest && (before === undefined || event.id < before) && isWanted(event, filter))
      .sort((one, other) => (one.id < other.id ? 1 : -1));
    return auditPage(found.slice(0, limit + 1), limit, undefined);
  }
}
