import type { AuditEntry, AuditEvent } from '../model/audit.ts';
import type { Milliseconds } from '../model/units.ts';
import { auditId, auditPlace, encodeEntry, readEvent } from './audit_codec.ts';
import { auditPage, isWanted, MOST_LOOKED_AT } from './audit_filter.ts';
import type { AuditFilter, AuditPage, AuditStore } from './audit_store.ts';
import type { BackendDependencies } from './backend.ts';
import { checkLimit } from './document_codec.ts';
import type { EmbeddedDatabase } from './embedded_database.ts';
import { TurnBatch } from './turn_batch.ts';

type Dependencies = Pick<BackendDependencies, 'clock' | 'report'>;

/** Entries of one transaction. */
const MOST = 500;

/** What was done, as a table whose triggers refuse every change, and every deletion of what is to be kept. */
export class EmbeddedAudit implements AuditStore {
  readonly #database: EmbeddedDatabase;
  readonly #oldest: () => number;
  readonly #report: Dependencies['report'];
  readonly #batch: TurnBatch<AuditEntry, AuditEvent>;

  constructor(database: EmbeddedDatabase, { clock, report }: Dependencies, keep: Milliseconds) {
    this.#database = database;
    this.#report = report;
    this.#oldest = () => clock.now() - keep;
    const add = database.prepare('INSERT INTO audit (at, actor, target, value) VALUES (?, ?, ?, ?) RETURNING seq');
    const insert = (entry: AuditEntry): AuditEvent => {
      const at = Math.floor(entry.at);
      const row = add.get(at, entry.actor.id, entry.target?.id ?? null, encodeEntry(entry));
      return { ...entry, id: auditId({ time: at, number: Number(row?.['seq']) }) };
    };
    this.#batch = new TurnBatch((entries) => database.write(() => entries.map(insert)), MOST);
  }

  append(entry: AuditEntry): Promise<AuditEvent> {
    return this.#batch.add(entry);
  }

  async page(filter: AuditFilter, limit: number, before?: string): Promise<AuditPage> {
    checkLimit(limit);
    const begin = before === undefined ? { time: Number.MAX_SAFE_INTEGER, number: 0 } : auditPlace(before);
    if (begin === undefined) return { items: [] };
    let unreadable = 0;
    const page = await this.#database.read(() => {
      const found: AuditEvent[] = [];
      let looked: string | undefined;
      let count = 0;
      for (const row of this.#rows(filter, begin)) {
        looked = auditId({ time: Number(row['at']), number: Number(row['seq']) });
        const event = readEvent(looked, row['value'], () => void unreadable++);
        if (isWanted(event, filter)) found.push(event);
        count += 1;
        if (found.length > limit) break;
      }
      return auditPage(found, limit, count === MOST_LOOKED_AT ? looked : undefined);
    });
    if (unreadable > 0) this.#report('corrupt_record', { kind: 'audit_event', count: unreadable });
    return page;
  }

  /** By the index that says most; what else is wanted is looked for in what it gives. */
  #rows(
    { actor, target, from = 0 as Milliseconds, until }: AuditFilter,
    { time, number }: { time: number; number: number },
  ) {
    const narrower = until !== undefined && until <= time ? { time: Math.ceil(until), number: 0 } : { time, number };
    const [where, who] =
      target !== undefined ? ['target = ? AND', [target]] : actor !== undefined ? ['actor = ? AND', [actor]] : ['', []];
    return this.#database
      .prepare(
        `SELECT at, seq, value FROM audit WHERE ${where} (at, seq) < (?, ?) AND at >= ? AND at > ?
         ORDER BY at DESC, seq DESC LIMIT ${MOST_LOOKED_AT}`,
      )
      .iterate(...who, narrower.time, narrower.number, Math.floor(from), Math.floor(this.#oldest()));
  }
}
