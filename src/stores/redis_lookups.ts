import { Cluster } from 'ioredis';
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
  readonly #batch: TurnBatch<string, Value>;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#batch = new TurnBatch((keys) => this.#read(keys), MOST);
  }

  /** @throws DependencyUnavailable */
  get(key: string): Promise<Value> {
    return this.#batch.add(key);
  }

  async #read(keys: readonly string[]): Promise<readonly (Value | Error)[]> {
    const connection = this.#connection;
    if (!(connection instanceof Cluster)) return answered(connection, connection.mget(...keys));
    const found = new Map<string, Value | Error>();
    const nodes = Map.groupBy(keys, (key) => connection.slots[slotOf(key)]?.join());
    await Promise.all(
      [...nodes.values()].map(async (group) => {
        for (const [at, value] of (await readFrom(connection, group)).entries()) found.set(group[at] ?? '', value);
      }),
    );
    return keys.map((key) => found.get(key) ?? null);
  }
}

/** @param keys of one node, which ioredis demands of a pipeline. */
async function readFrom(cluster: Cluster, keys: readonly string[]): Promise<readonly (Value | Error)[]> {
  const pipeline = cluster.pipeline();
  for (const key of keys) pipeline.get(key);
  try {
    const results = await answered(cluster, pipeline.exec());
    // A pipeline of GETs answers with a text or null for each, or an error.
    return keys.map((_, at) => {
      const [error, value] = results?.[at] ?? [new Error('no answer')];
      return error ? unavailable(error) : (value as Value);
    });
  } catch (error) {
    const failure = unavailable(error);
    return keys.map(() => failure);
  }
}
