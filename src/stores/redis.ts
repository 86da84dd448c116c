import { variant } from '../model/variant.ts';
import type { BackendVariant } from './backend.ts';
import { redisOptions } from './redis_options.ts';

/** Records in Redis 7 or newer: one server, a master behind Sentinels, or a Cluster. */
export const redis: BackendVariant = variant({
  type: 'redis',
  options: redisOptions,
  create: async (options, dependencies) => {
    // Late, because a start with another store needs no Redis client.
    const { openRedis } = await import('./redis_backend.ts');
    return openRedis(options, dependencies);
  },
});
