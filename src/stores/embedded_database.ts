import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { CorruptRecord, DependencyUnavailable } from '../model/failure.ts';
import { MIGRATIONS } from './embedded_schema.ts';

/** How long a call may wait for other processes before it gives up. */
const BUDGET_MS = 250;
/** SQLite waits inside the call, and this process with it, so it may only do so briefly; the rest is waited out in between. */
const BUSY_TIMEOUT_MS = 15;
const RETRY_MS = 5;
/** At start, another process may be writing for longer: a first start creates the tables, one of a newer version adds to them. */
const OPENING_MS = 5_000;
const MIGRATING_MS = 120_000;

/** Primary result codes of SQLite (https://sqlite.org/rescode.html). */
const BUSY = 5;
const LOCKED = 6;

export type Durability = 'full' | 'normal';

/**
 * One connection to the file. Reads never wait for writers (WAL); writes of several processes take turns.
 * `full` has every commit on disk before it returns; `normal` may lose the last ones when the machine (not the process) dies.
 */
export class EmbeddedDatabase {
  readonly #connection: DatabaseSync;

  private constructor(connection: DatabaseSync) {
    this.#connection = connection;
  }

  /**
   * Creates folder and file if they are missing, readable for the owner only, and brings the tables up to date.
   * @throws DependencyUnavailable
   */
  static async open(path: string, durability: Durability): Promise<EmbeddedDatabase> {
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      closeSync(openSync(path, 'a', 0o600)); // SQLite gives its side files the mode of the file
      const database = new EmbeddedDatabase(new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS }));
      const isOld = [0, MIGRATIONS.length].every((version) => version !== database.#version());
      await database.#patiently(isOld ? MIGRATING_MS : OPENING_MS, () => {
        database.#connection.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${durability}`);
        database.#migrate();
      });
      return database;
    } catch (error) {
      throw unavailable(error);
    }
  }

  prepare(sql: string): StatementSync {
    return this.#connection.prepare(sql);
  }

  /** Gives triggers a function of this program. It is there on this connection only. */
  define(name: string, work: (value: number) => boolean): void {
    this.#connection.function(name, (value) => Number(work(Number(value))));
  }

  /** Runs reads at once. @throws DependencyUnavailable */
  read<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw unavailable(error);
    }
  }

  /**
   * Runs `work` in a transaction of its own, all or nothing, again if another process was in the way.
   * @throws DependencyUnavailable after 250 ms.
   */
  async write<T>(work: () => T): Promise<T> {
    try {
      return await this.#patiently(BUDGET_MS - BUSY_TIMEOUT_MS, () => this.#transaction(work));
    } catch (error) {
      throw unavailable(error);
    }
  }

  close(): void {
    if (this.#connection.isOpen) this.#connection.close();
  }

  async #patiently<T>(patience: number, work: () => T): Promise<T> {
    const deadline = performance.now() + patience;
    for (;;) {
      try {
        return work();
      } catch (error) {
        if (!isContention(error) || performance.now() >= deadline) throw error;
      }
      await delay(RETRY_MS);
    }
  }

  #transaction<T>(work: () => T): T {
    // IMMEDIATE: a transaction that reads first and writes later would fail when another one wrote in between.
    this.#connection.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#connection.exec('COMMIT');
      return result;
    } finally {
      if (this.#connection.isTransaction) this.#connection.exec('ROLLBACK');
    }
  }

  #migrate(): void {
    if (this.#version() === MIGRATIONS.length) return;
    this.#transaction(() => {
      const version = this.#version(); // again, now that no other process can be migrating
      if (version > MIGRATIONS.length) throw new NewerFile();
      for (const step of MIGRATIONS.slice(version)) {
        if (typeof step === 'string') this.#connection.exec(step);
        else step(this.#connection);
      }
      this.#connection.exec(`PRAGMA user_version = ${MIGRATIONS.length}`);
    });
  }

  #version(): number {
    return Number(this.#connection.prepare('PRAGMA user_version').get()?.['user_version']);
  }
}

class NewerFile extends Error {}

/** SQLite's messages may quote values, so only its result code travels. */
function unavailable(error: unknown): Error {
  if (error instanceof CorruptRecord || error instanceof DependencyUnavailable || error instanceof RangeError)
    return error;
  return new DependencyUnavailable('embedded store', reasonOf(error));
}

function reasonOf(error: unknown): string {
  if (error instanceof NewerFile) return 'the file was written by a newer version of Gatehouse';
  if (isContention(error)) return 'another process kept the file locked';
  const { errcode, code } = error as { errcode?: unknown; code?: unknown }; // every Error may be asked; absent is undefined
  if (typeof errcode === 'number') return `SQLite error ${errcode}`;
  return typeof code === 'string' ? code : 'unexpected error';
}

function isContention(error: unknown): boolean {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : undefined;
  return code === BUSY || code === LOCKED;
}
