import { setTimeout as delay } from 'node:timers/promises';
import { Cluster } from 'ioredis';
import type { z } from 'zod';
import { AUDIT_KEPT, type Backend, type BackendDependencies } from './backend.ts';
import { RedisAudit } from './redis_audit.ts';
import { type Connection, openConnections } from './redis_connections.ts';
import { RedisCounters } from './redis_counters.ts';
import { RedisDocuments } from './redis_documents.ts';
import { answered } from './redis_failure.ts';
import { RedisInvalidation } from './redis_invalidation.ts';
import { redisKeys } from './redis_keys.ts';
import type { redisOptions } from './redis_options.ts';
import { RedisTokens } from './redis_tokens.ts';

/**
 * This room owns every connection to Redis, and lets no error of the client library out (they carry commands). While Redis is away
 * every call fails fast; when it is back, the next call works.
 */
export async function openRedis(
  options: z.output<typeof redisOptions>,
  dependencies: BackendDependencies,
): Promise<Backend> {
  const connections = openConnections(options, dependencies.report);
  const { validating, mutating, revoking, listening, listenAt } = connections;
  const keys = redisKeys(options.key_prefix);
  const invalidation = new RedisInvalidation({ keys, clock: dependencies.clock, connection: listening, listenAt });
  const replicas = options.wait_replicas ?? (options.sentinels === undefined ? 0 : 1);
  const shared = { ...dependencies, validating, mutating, revoking, keys, invalidation, replicas };
  const backend: Backend = {
    tokens: new RedisTokens(shared),
    documents: new RedisDocuments(shared),
    counters: new RedisCounters(shared),
    audit: new RedisAudit(shared, dependencies.keepAudit ?? AUDIT_KEPT),
    ping: async () => {
      await answered(validating, Promise.all([validating, mutating, revoking].map(pingAll)));
    },
    close: async () => {
      invalidation.close();
      connections.close();
    },
  };
  await settle(() => backend.ping(), invalidation);
  return backend;
}

/** How long a start waits for Redis, so that the first request finds it; a start without it goes on all the same. */
const SETTLE_MS = 1_000;

async function settle(ping: () => Promise<void>, invalidation: RedisInvalidation): Promise<void> {
  const deadline = performance.now() + SETTLE_MS;
  while (performance.now() < deadline) {
    const answers = await ping().then(
      () => true,
      () => false,
    );
    if (answers && invalidation.up) return;
    await delay(10);
  }
}

/** Every master, because a Cluster without one of them is not whole. */
async function pingAll(connection: Connection): Promise<void> {
  if (!(connection instanceof Cluster)) return void (await connection.ping());
  const masters = connection.nodes('master');
  if (masters.length === 0) throw new Error('no node of the cluster is known');
  await Promise.all(masters.map((master) => master.ping()));
}
