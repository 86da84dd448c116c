import { Cluster } from 'ioredis';
import { type Milliseconds, milliseconds } from '../model/units.ts';
import type { Count, CounterStore } from './counter_store.ts';
import { run } from './redis_client.ts';
import type { Connection } from './redis_connections.ts';
import type { RedisKeys } from './redis_keys.ts';
import { FORGIVE, HIT, PEEK, RESET } from './redis_scripts.ts';
import { TurnBatch } from './turn_batch.ts';

/** Counters that one script reads, or events that it counts. */
const MOST = 512;

/** Counts in Redis, together over all nodes. A window begins with its first event and ends by the expiry of its key. */
export class RedisCounters implements CounterStore {
  readonly #mutating: Connection;
  readonly #keys: RedisKeys;
  /** What is asked for in one turn of the event loop is done in one step; in a Cluster each counter has a slot of its own. */
  readonly #hits: TurnBatch<Event, Count>;
  readonly #peeks: TurnBatch<string, Count | undefined>;

  constructor({ mutating, keys }: { readonly mutating: Connection; readonly keys: RedisKeys }) {
    this.#mutating = mutating;
    this.#keys = keys;
    const most = mutating instanceof Cluster ? 1 : MOST;
    this.#hits = new TurnBatch((events) => this.#count(events), most);
    this.#peeks = new TurnBatch((counters) => this.#read(counters), most);
  }

  hit(key: string, window: Milliseconds): Promise<Count> {
    return this.#hits.add({ counter: this.#keys.counter(key), window });
  }

  peek(key: string): Promise<Count | undefined> {
    return this.#peeks.add(this.#keys.counter(key));
  }

  async forgive(key: string): Promise<void> {
    await run(this.#mutating, FORGIVE, [this.#keys.counter(key)], []);
  }

  async reset(key: string): Promise<void> {
    await run(this.#mutating, RESET, [this.#keys.counter(key)], []);
  }

  async #count(events: readonly Event[]): Promise<readonly Count[]> {
    const counters = events.map(({ counter }) => counter);
    const windows = events.map(({ window }) => Math.ceil(window));
    const reply = await run(this.#mutating, HIT, counters, windows);
    const flat: readonly unknown[] = Array.isArray(reply) ? reply : [];
    return events.map((_, at) => ({
      count: Number(flat[2 * at]),
      remaining: milliseconds(Number(flat[2 * at + 1])),
    }));
  }

  async #read(counters: readonly string[]): Promise<readonly (Count | undefined)[]> {
    const different = [...new Set(counters)];
    const reply = await run(this.#mutating, PEEK, different, []);
    const flat: readonly unknown[] = Array.isArray(reply) ? reply : [];
    const counts = new Map(different.map((key, at) => [key, countOf(flat[2 * at], flat[2 * at + 1])]));
    return counters.map((key) => counts.get(key));
  }
}

interface Event {
  readonly counter: string;
  readonly window: Milliseconds;
}

/** @returns undefined for a window that is over, or that was never begun. */
function countOf(count: unknown, left: unknown): Count | undefined {
  return Number(left) > 0 ? { count: Number(count), remaining: milliseconds(Number(left)) } : undefined;
}
