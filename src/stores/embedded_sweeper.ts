import { setTimeout as delay } from 'node:timers/promises';
import type { Milliseconds } from '../model/units.ts';
import { AUDIT_KEPT, type BackendDependencies } from './backend.ts';
import type { EmbeddedDatabase } from './embedded_database.ts';

const EVERY_MS = 1_000;
/** Rows of one step: small enough to hold up no request for more than a few milliseconds. */
const STEP = 200;
const BETWEEN_STEPS_MS = 20;
/** How long messages about invalid tokens stay; a process that slept for longer finds a gap in their numbers. */
const KEEP_MESSAGES_MS = 60_000;

/** Deletes what is over, a little at a time. It is never returned anyway; this only frees the space. */
export class EmbeddedSweeper {
  readonly #database: EmbeddedDatabase;
  readonly #dependencies: BackendDependencies;
  readonly #keepAudit: Milliseconds;
  readonly #timer: NodeJS.Timeout;
  #running = false;
  #closed = false;

  /** @param database a connection that need not be durable: what is lost here is deleted again. */
  constructor(database: EmbeddedDatabase, dependencies: BackendDependencies) {
    const { clock, keepAudit = AUDIT_KEPT } = dependencies;
    database.define('gatehouse_keeps', (at) => at > clock.now() - keepAudit);
    this.#keepAudit = keepAudit;
    this.#database = database;
    this.#dependencies = dependencies;
    this.#timer = setInterval(() => void this.sweep(), EVERY_MS).unref();
  }

  /** Sweeps until nothing is left, unless that is already under way. Trouble is reported, never thrown. */
  async sweep(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    try {
      const now = this.#dependencies.clock.now();
      for (const { sql, before } of [
        { sql: RECORDS, before: Math.floor(now / 1000) },
        { sql: LISTINGS, before: Math.floor(now / 1000) },
        { sql: COUNTERS, before: Math.floor(now) },
        { sql: MESSAGES, before: Math.floor(now) - KEEP_MESSAGES_MS },
        { sql: AUDIT, before: Math.floor(now - this.#keepAudit) },
      ]) {
        await this.#delete(sql, before);
      }
    } catch {
      if (!this.#closed) this.#dependencies.report('sweep_failed');
    } finally {
      this.#running = false;
    }
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
  }

  async #delete(sql: string, before: number): Promise<void> {
    const statement = this.#database.prepare(sql);
    while (!this.#closed) {
      const { changes } = await this.#database.write(() => statement.run(before, STEP));
      if (Number(changes) < STEP) return;
      await delay(BETWEEN_STEPS_MS);
    }
  }
}

const RECORDS =
  'DELETE FROM records WHERE (hash, tag, kind) IN (SELECT hash, tag, kind FROM records WHERE expires_at <= ? LIMIT ?)';
const LISTINGS =
  'DELETE FROM listings WHERE (owner, family, tag) IN (SELECT owner, family, tag FROM listings WHERE expires_at <= ? LIMIT ?)';
const COUNTERS = 'DELETE FROM counters WHERE key IN (SELECT key FROM counters WHERE ends_at <= ? LIMIT ?)';
const MESSAGES = 'DELETE FROM invalidations WHERE seq IN (SELECT seq FROM invalidations WHERE at <= ? LIMIT ?)';
const AUDIT = 'DELETE FROM audit WHERE seq IN (SELECT seq FROM audit WHERE at <= ? LIMIT ?)';
