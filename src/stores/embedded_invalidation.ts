import { randomUUID } from 'node:crypto';
import type { Clock } from '../model/clock.ts';
import type { TokenHash } from '../model/token.ts';
import type { Milliseconds } from '../model/units.ts';
import { Announcements } from './announcements.ts';
import type { EmbeddedDatabase } from './embedded_database.ts';
import type { Invalidation, InvalidationListener } from './invalidation.ts';

const POLL_MS = 100;
/** Without a successful poll for this long, the stream counts as lost. */
const LOST_MS = 3_000;

/**
 * Several processes share the file, so "these tokens changed" is written into it, in the transaction that changes them, and
 * polled by the others. This process's own changes are announced at once.
 */
export class EmbeddedInvalidation implements Invalidation {
  readonly #database: EmbeddedDatabase;
  readonly #clock: Clock;
  readonly #origin = randomUUID();
  readonly #announcements = new Announcements();
  readonly #sql: ReturnType<typeof statements>;
  readonly #timer: NodeJS.Timeout;
  #seen: number;
  #lastHeard: Milliseconds;
  #down = false;

  constructor(database: EmbeddedDatabase, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
    this.#sql = statements(database);
    this.#seen = this.#latest();
    this.#lastHeard = clock.monotonic();
    this.#timer = setInterval(() => this.poll(), POLL_MS).unref();
  }

  /** Computed from the last poll, not kept: a process that was stopped must find it down before any timer has run. */
  get up(): boolean {
    return !this.#down && this.#clock.monotonic() - this.#lastHeard <= LOST_MS;
  }

  get lastHeard(): Milliseconds {
    return this.#lastHeard;
  }

  subscribe(listener: InvalidationListener): () => void {
    return this.#announcements.subscribe(listener);
  }

  /** Tells other processes. To be called inside the transaction that makes it true. */
  record(hashes: readonly TokenHash[]): void {
    if (hashes.length > 0) this.#sql.insert.run(this.#origin, this.#clock.now(), JSON.stringify(hashes));
  }

  /** Tells this process, after the transaction. */
  announce(hashes: readonly TokenHash[]): void {
    this.#announcements.invalidated(hashes);
  }

  poll(): void {
    const wasUp = this.up;
    const seen = this.#seen;
    try {
      const rows = this.#database.read(() => this.#sql.after.all(seen));
      for (const row of rows) {
        if (row['origin'] !== this.#origin) this.announce(JSON.parse(String(row['hashes'])));
        this.#seen = Number(row['seq']);
      }
      this.#down = false;
      this.#lastHeard = this.#clock.monotonic();
      const first = Number(rows[0]?.['seq'] ?? seen + 1);
      if (!wasUp || first !== seen + 1) this.#announcements.reset();
    } catch {
      this.#down = true; // the next poll tries again; whoever asks for `up` meanwhile trusts nothing
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #latest(): number {
    return Number(this.#database.read(() => this.#sql.latest.get())?.['seq'] ?? 0);
  }
}

function statements(database: EmbeddedDatabase) {
  return {
    insert: database.prepare('INSERT INTO invalidations (origin, at, hashes) VALUES (?, ?, ?)'),
    after: database.prepare('SELECT seq, origin, hashes FROM invalidations WHERE seq > ? ORDER BY seq'),
    // The sequence table still knows the last number when all messages have been forgotten.
    latest: database.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'invalidations'"),
  };
}
