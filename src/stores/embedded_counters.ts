import type { Clock } from '../model/clock.ts';
import { type Milliseconds, milliseconds } from '../model/units.ts';
import type { Count, CounterStore } from './counter_store.ts';
import type { EmbeddedDatabase } from './embedded_database.ts';

/** Counts in the file, so that all processes count together. Its connection need not be durable: windows are short. */
export class EmbeddedCounters implements CounterStore {
  readonly #database: EmbeddedDatabase;
  readonly #clock: Clock;
  readonly #sql: ReturnType<typeof statements>;

  constructor(database: EmbeddedDatabase, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
    this.#sql = statements(database);
  }

  async hit(key: string, window: Milliseconds): Promise<Count> {
    const now = Math.floor(this.#clock.now());
    const row = await this.#database.write(() => this.#sql.hit.get({ key, now, end: now + Math.ceil(window) }));
    return { count: Number(row?.['count']), remaining: milliseconds(Number(row?.['ends_at']) - now) };
  }

  async peek(key: string): Promise<Count | undefined> {
    const now = Math.floor(this.#clock.now());
    const row = await this.#database.read(() => this.#sql.peek.get({ key, now }));
    return row && { count: Number(row['count']), remaining: milliseconds(Number(row['ends_at']) - now) };
  }

  async forgive(key: string): Promise<void> {
    await this.#database.write(() => this.#sql.forgive.run({ key }));
  }

  async reset(key: string): Promise<void> {
    await this.#database.write(() => this.#sql.reset.run({ key }));
  }
}

function statements(database: EmbeddedDatabase) {
  return {
    peek: database.prepare('SELECT count, ends_at FROM counters WHERE key = $key AND ends_at > $now'),
    forgive: database.prepare('UPDATE counters SET count = count - 1 WHERE key = $key AND count > 0'),
    reset: database.prepare('DELETE FROM counters WHERE key = $key'),
    hit: database.prepare(`
      INSERT INTO counters (key, count, ends_at) VALUES ($key, 1, $end)
      ON CONFLICT (key) DO UPDATE SET
        count = CASE WHEN ends_at <= $now THEN 1 ELSE count + 1 END,
        ends_at = CASE WHEN ends_at <= $now THEN $end ELSE ends_at END
      RETURNING count, ends_at`),
  };
}
