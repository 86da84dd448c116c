import { Cluster, type Redis } from 'ioredis';
import type { Connection } from './redis_connections.ts';
import { answered, unavailable } from './redis_failure.ts';
import { slotOf } from './redis_slot.ts';
import { TurnBatch } from './turn_batch.ts';

/** Keys of one command. A longer one would keep the server from others for longer than a look-up takes. */
const MOST = 512;

type Value = string | null;

/**
 * Reads keys: all that are asked for in one turn of the event loop with one command, or in a Cluster with one pipeline for each
 * node. One budget of time for all of them; what goes wrong with one key is that key's alone.
 */
export class RedisLookups {
  readonly #connection: Connection;
  readonly #foreign: () => Error;
  readonly #batch: TurnBatch<string, Value>;

  /** @param foreign makes the error for a key that holds something else than a text. */
  constructor(connection: Connection, foreign: () => Error) {
    this.#connection = connection;
    this.#foreign = foreign;
    this.#batch = new TurnBatch((keys) => this.#read(keys), MOST);
  }

  /** @throws DependencyUnavailable */
  get(key: string): Promise<Value> {
    return this.#batch.add(key);
  }

  async #read(keys: readonly string[]): Promise<readonly (Value | Error)[]> {
    const connection = this.#connection;
    if (!(connection instanceof Cluster)) {
      const values = await answered(connection, connection.mget(...keys));
      return values.includes(null) ? this.#missing(connection, keys, values) : values;
    }
    const found = new Map<string, Value | Error>();
    const nodes = Map.groupBy(keys, (key) => connection.slots[slotOf(key)]?.join());
    await Promise.all(
      [...nodes.values()].map(async (group) => {
        for (const [at, value] of (await this.#readFrom(connection, group)).entries())
          found.set(group[at] ?? '', value);
      }),
    );
    return keys.map((key) => found.get(key) ?? null);
  }

  /** MGET says the same of a key that is not there and of one that holds a list: only the first is a token that nobody has. */
  async #missing(on: Redis, keys: readonly string[], values: readonly Value[]): Promise<readonly (Value | Error)[]> {
    const missing = keys.filter((_, at) => values[at] === null);
    if ((await answered(on, on.exists(...missing))) === 0) return values;
    const found = await this.#readFrom(on, missing);
    return values.map((value, at) => value ?? found[missing.indexOf(keys[at] ?? '')] ?? null);
  }

  /** @param keys of one node, which ioredis demands of a pipeline. */
  async #readFrom(on: Connection, keys: readonly string[]): Promise<readonly (Value | Error)[]> {
    const pipeline = on.pipeline();
    for (const key of keys) pipeline.get(key);
    try {
      const results = await answered(on, pipeline.exec());
      // A pipeline of GETs answers with a text or null for each, or an error.
      return keys.map((_, at) => {
        const [error, value] = results?.[at] ?? [new Error('no answer')];
        if (error?.message.startsWith('WRONGTYPE')) return this.#foreign();
        return error ? unavailable(error) : (value as Value);
      });
    } catch (error) {
      const failure = unavailable(error);
      return keys.map(() => failure);
    }
  }
}
