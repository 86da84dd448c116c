import { z } from 'zod';
import { duration } from '../model/fields.ts';

/** `host:port`, as Sentinels and Cluster nodes are written. */
const address = z
  .string()
  .regex(/^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):\d{1,5}$/, 'must be host:port, such as 10.0.0.5:6379 or [::1]:6379');

export const redisOptions = z
  .strictObject({
    url: z
      .string()
      .regex(/^rediss?:\/\//, 'must be a URL such as redis://127.0.0.1:6379/0')
      .refine((url) => URL.canParse(url), 'must be a URL such as redis://127.0.0.1:6379/0')
      .optional()
      .describe('One server: redis://[user:password@]host:port/database, or rediss:// for TLS.'),
    sentinels: z.array(address).min(1).optional().describe('The Sentinels that know the master, as host:port.'),
    master: z.string().min(1).optional().describe('The name under which the Sentinels know the master.'),
    cluster: z.array(address).min(1).optional().describe('Some nodes of a Redis Cluster, as host:port.'),
    username: z.string().min(1).optional().describe('The user of Redis, if its server knows several (ACL).'),
    password: z.string().min(1).optional().describe('The password of Redis; better written as file:PATH.'),
    sentinel_password: z.string().min(1).optional().describe('If the Sentinels want a password of their own.'),
    tls: z
      .union([
        z.boolean(),
        z.strictObject({
          ca: z.string().optional().describe("The authorities to trust, as PEM, instead of the system's; file:PATH."),
          servername: z.string().optional().describe('The name in the certificate, if it is not the host.'),
        }),
      ])
      .optional()
      .describe('TLS to the servers: true, or { ca: PEM, servername }.'),
    key_prefix: z
      .string()
      .regex(/^[A-Za-z0-9._-]{1,32}$/, 'must be 1 to 32 letters, digits, ".", "_" or "-"')
      .default('gh')
      .describe('Begins every key and channel, so that several Gatehouses can share a Redis.'),
    command_timeout: duration()
      .refine((time) => time >= 50 && time <= 10_000, 'must be between 50ms and 10s')
      .prefault('250ms')
      .describe('How long Redis may take for an answer before callers are told 503.'),
    wait_replicas: z
      .int()
      .min(0)
      .max(10)
      .optional()
      .describe(
        'How many replicas must have a revocation before it is confirmed. Default: 1 with Sentinels, otherwise 0.',
      ),
  })
  .superRefine((options, context) => {
    const ways = [options.url, options.sentinels, options.cluster].filter((way) => way !== undefined);
    const problem = (key: string, message: string) => context.addIssue({ code: 'custom', path: [key], message });
    if (ways.length !== 1) problem('url', 'exactly one of url, sentinels and cluster must say where Redis is');
    if (options.sentinels && options.master === undefined) problem('master', 'sentinels need the name of the master');
    if (!options.sentinels && options.master !== undefined)
      problem('master', 'belongs to sentinels, which are not set');
  });

export type RedisStoreOptions = z.infer<typeof redisOptions>;
