import { type Milliseconds, milliseconds } from '../model/units.ts';
import type { Count, CounterStore } from './counter_store.ts';
import { run } from './redis_client.ts';
import type { Connection } from './redis_connections.ts';
import type { RedisKeys } from './redis_keys.ts';
import { FORGIVE, HIT, PEEK, RESET } from './redis_scripts.ts';

/** Counts in Redis, together over all nodes. A window begins with its first event and ends by the expiry of its key. */
export class RedisCounters implements CounterStore {
  readonly #mutating: Connection;
  readonly #keys: RedisKeys;

  constructor({ mutating, keys }: { readonly mutating: Connection; readonly keys: RedisKeys }) {
    this.#mutating = mutating;
    this.#keys = keys;
  }

  async hit(key: string, window: Milliseconds): Promise<Count> {
    const reply = await run(this.#mutating, HIT, [this.#keys.counter(key)], [Math.ceil(window)]);
    const [count, left] = Array.isArray(reply) ? reply : [];
    return { count: Number(count), remaining: milliseconds(Number(left)) };
  }

  async peek(key: string): Promise<Count | undefined> {
    const reply = await run(this.#mutating, PEEK, [this.#keys.counter(key)], []);
    const [count, left] = Array.isArray(reply) ? reply : [];
    return Number(left) > 0 ? { count: Number(count), remaining: milliseconds(Number(left)) } : undefined;
  }

  async forgive(key: string): Promise<void> {
    await run(this.#mutating, FORGIVE, [this.#keys.counter(key)], []);
  }

  async reset(key: string): Promise<void> {
    await run(this.#mutating, RESET, [this.#keys.counter(key)], []);
  }
}
