import type { Clock } from '../model/clock.ts';
import { type Milliseconds, milliseconds } from '../model/units.ts';
import type { CounterStore } from './counter_store.ts';
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

  async hit(key: string, window: Milliseconds): Promise<{ count: number; remaining: Milliseconds }> {
    const now = Math.floor(this.#clock.now());
    const row = await this.#database.write(() => this.#sql.hit.get({ key, now, end: now + Math.ceil(window) }));
    return { count: Number(row?.['count']), remaining: milliseconds(Number(row?.['ends_at']) - now) };
  }
}

function statements(database: EmbeddedDatabase) {
  return {
    hit: database.prepare(`
      INSERT INTO counters (key, count, ends_at) VALUES ($key, 1, $end)
      ON CONFLICT (key) DO UPDATE SET
        count = CASE WHEN ends_at <= $now THEN 1 ELSE count + 1 END,
        ends_at = CASE WHEN ends_at <= $now THEN $end ELSE ends_at END
      RETURNING count, ends_at`),
  };
}
