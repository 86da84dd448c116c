import type { AuditEntry, AuditEvent } from '../model/audit.ts';
import type { Clock } from '../model/clock.ts';
import type { Milliseconds } from '../model/units.ts';
import { type AuditPlace, auditId, auditPlace, encodeEntry, readEvent } from './audit_codec.ts';
import { auditPage, isWanted, MOST_LOOKED_AT } from './audit_filter.ts';
import type { AuditFilter, AuditPage, AuditStore } from './audit_store.ts';
import type { BackendDependencies } from './backend.ts';
import { checkLimit } from './document_codec.ts';
import { run } from './redis_client.ts';
import type { Connection } from './redis_connections.ts';
import { answered } from './redis_failure.ts';
import type { RedisKeys } from './redis_keys.ts';
import { APPEND_AUDIT } from './redis_scripts.ts';
import { TurnBatch } from './turn_batch.ts';

interface Dependencies {
  readonly validating: Connection;
  readonly mutating: Connection;
  readonly keys: RedisKeys;
  readonly clock: Clock;
  readonly report: BackendDependencies['report'];
}

/** However young they are, more events than this are not kept: they are in memory. */
const MOST_KEPT = 1_000_000;
/** Entries of one script, and events of one reply. */
const MOST_ADDED = 200;
const MOST_READ = 1_000;
/** How far the clock that wrote an event may have been from the server's, by which the stream is in order. */
const CLOCKS_DIFFER_MS = 600_000;

/** What was done, as a stream. Its ids are times of the server, and what is older than it is kept goes with the next entry. */
export class RedisAudit implements AuditStore {
  readonly #it: Dependencies;
  readonly #keep: Milliseconds;
  readonly #batch: TurnBatch<AuditEntry, AuditEvent>;

  constructor(dependencies: Dependencies, keep: Milliseconds) {
    this.#it = dependencies;
    this.#keep = keep;
    this.#batch = new TurnBatch((entries) => this.#add(entries), MOST_ADDED);
  }

  append(entry: AuditEntry): Promise<AuditEvent> {
    return this.#batch.add(entry);
  }

  async page(filter: AuditFilter, limit: number, before?: string): Promise<AuditPage> {
    checkLimit(limit);
    const oldest = this.#it.clock.now() - this.#keep;
    const first = Math.floor(Math.max(0, oldest, (filter.from ?? 0) - CLOCKS_DIFFER_MS));
    const found: AuditEvent[] = [];
    let end = beginning(filter, before);
    for (let looked = 0; looked < MOST_LOOKED_AT && end !== undefined && found.length <= limit; looked += MOST_READ) {
      const read = await this.#read(end, String(first), hasWish(filter) ? MOST_READ : limit + 1);
      for (const event of read.events) if (event.at > oldest && isWanted(event, filter)) found.push(event);
      end = read.last;
    }
    return auditPage(found, limit, end === undefined || end === '+' ? undefined : auditId(end));
  }

  async #add(entries: readonly AuditEntry[]): Promise<readonly AuditEvent[]> {
    const { mutating, keys } = this.#it;
    const args = [Math.floor(this.#keep), MOST_KEPT, ...entries.map(encodeEntry)];
    const reply = await run(mutating, APPEND_AUDIT, [keys.audit], args);
    const ids: readonly unknown[] = Array.isArray(reply) ? reply : [];
    return entries.map((entry, at) => ({ ...entry, id: auditId(placeOf(String(ids[at]))) }));
  }

  /** @returns `last` if there may be more behind it. */
  async #read(end: AuditPlace | '+', first: string, count: number) {
    const { validating, keys, report } = this.#it;
    const from = end === '+' ? end : `(${end.time}-${end.number}`;
    const entries = await answered(validating, validating.xrevrange(keys.audit, from, first, 'COUNT', count));
    let unreadable = 0;
    const events = entries.map(([id, [, text]]) => readEvent(auditId(placeOf(id)), text, () => void unreadable++));
    if (unreadable > 0) report('corrupt_record', { kind: 'audit_event', count: unreadable });
    const last = entries.length < count ? undefined : entries.at(-1)?.[0];
    return { events, last: last === undefined ? undefined : placeOf(last) };
  }
}

/** @returns undefined if there can be nothing. */
function beginning({ until }: AuditFilter, before: string | undefined): AuditPlace | '+' | undefined {
  const latest = until === undefined ? undefined : { time: Math.ceil(until) + CLOCKS_DIFFER_MS, number: 0 };
  if (before === undefined) return latest ?? '+';
  const begin = auditPlace(before);
  return begin && latest && latest.time < begin.time ? latest : begin;
}

const hasWish = (filter: AuditFilter): boolean => Object.values(filter).some((wish) => wish !== undefined);

/** @param id as Redis has it: milliseconds and a number. */
function placeOf(id: string): AuditPlace {
  const [time, number] = id.split('-').map(Number);
  return { time: time ?? 0, number: number ?? 0 };
}
