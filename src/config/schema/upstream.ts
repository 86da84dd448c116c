import { z } from 'zod';
import { listOf, text } from '../../model/text.ts';
import { canonicalPath } from './paths.ts';
import { pemFile } from './pem_file.ts';
import { durationWithin } from './times.ts';
import { upstreamTarget } from './urls.ts';

const checkedPath = () =>
  text((value) => {
    if (!/^\/[\x21-\x7e]*$/.test(value) || value.length > 1024 || value.includes('#'))
      return 'must be a path such as /health, with a query if it needs one';
    return canonicalPath(value.split('?')[0] ?? '');
  });

const statuses = () =>
  z
    .array(z.int().min(200).max(599))
    .max(64)
    .refine((list) => new Set(list).size === list.length, 'has a status twice: keep one');

const serverName = () =>
  text((value) =>
    /^(?!-)[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*$/.test(value) && value.length < 254 && !/^[\d.]+$/.test(value)
      ? undefined
      : 'must be a host name such as api.internal, without a port',
  );

const health = z.strictObject({
  path: checkedPath().describe('What each target is asked for with GET, behind its base path: /health.'),
  interval: durationWithin('100ms', '1h').prefault('5s').describe('How often, give or take a tenth.'),
  timeout: durationWithin('10ms', '1m').prefault('2s').describe('How long the answer may take, connecting included.'),
  healthy_after: z.int().min(1).max(100).default(2).describe('Good answers in a row that bring a target back.'),
  unhealthy_after: z.int().min(1).max(100).default(3).describe('Bad ones in a row that take it out.'),
  expect: statuses().min(1).default([200]).describe('The statuses of a good answer.'),
});

const breaker = z.strictObject({
  max_failures: z
    .int()
    .min(1)
    .max(1000)
    .default(5)
    .describe('Calls in a row that find no connection, or no answer in time, and so take a target out.'),
  retry_after: durationWithin('100ms', '1h')
    .prefault('2s')
    .describe('How long it stays out before one call at a time tries whether it is back.'),
  statuses: statuses().default([]).describe('Statuses that count as failures too, such as [502, 503].'),
});

/** What holds where there are several targets and nothing is said. */
export const DEFAULT_BREAKER = breaker.parse({});

const tls = z.strictObject({
  ca: pemFile().optional().describe("PEM file with the authorities that are trusted, instead of the system's."),
  cert: pemFile()
    .optional()
    .describe('PEM file with a certificate of our own and its chain, for targets that ask for one.'),
  key: pemFile().optional().describe('PEM file with the private key of cert.'),
  server_name: serverName()
    .optional()
    .describe("The name that the targets' certificates bear and that they are asked for, if it is not their host."),
});

const upstreamOptions = z.strictObject({
  targets: listOf(upstreamTarget())
    .min(1)
    .max(64)
    .describe(
      'Where calls may go: URLs with an optional base path, unix sockets (unix:/run/app.sock, or unix:/run/app.sock:/base), or demo.',
    ),
  balance: z
    .enum(['round_robin', 'least_connections', 'consistent_hash'])
    .default('round_robin')
    .describe(
      'Which of several targets gets a call: in turn; the one with the fewest calls under way; or always the same for a user (else client, else address).',
    ),
  health: health.optional().describe('Ask targets how they are, and send calls only to those that answer well.'),
  breaker: z
    .union([breaker, z.literal(false)], { error: 'must be a mapping with max_failures and retry_after, or false' })
    .optional()
    .describe(
      'Take targets out whose calls fail. Written or not it is on where there are several targets, with these defaults; for one alone it must be written.',
    ),
  retries: z
    .union([z.literal(0), z.literal(1)], { error: 'must be 0 or 1' })
    .default(1)
    .describe('How often a call with an idempotent method that never reached a target is sent again, to another one.'),
  connect_timeout: durationWithin('10ms', '1m').prefault('5s').describe('How long to wait for a connection.'),
  timeout: durationWithin('10ms', '1h')
    .prefault('30s')
    .describe("How long to wait for the head of the upstream's answer."),
  idle_timeout: durationWithin('10ms', '1d')
    .prefault('60s')
    .describe('How long a body may pause, in either direction, or a WebSocket say nothing in both.'),
  total_timeout: durationWithin('10ms', '1d')
    .optional()
    .describe('How long a call may take from its head to the last byte of its answer. As long as it flows if absent.'),
  max_connections: z
    .int()
    .min(1)
    .max(65_535)
    .default(1024)
    .describe('Connections that one process opens to each target; further calls wait for one.'),
  queue: z
    .int()
    .min(0)
    .max(100_000)
    .default(1024)
    .describe(
      'Calls that may wait for a connection to each target, for connect_timeout at most; more are refused (503).',
    ),
  tls: tls.optional().describe('How https targets are spoken to. Certificates are always checked.'),
});

/**
 * Where the calls of a route go. A single target is short for a mapping that has nothing else; `none` has no target, because
 * another proxy carries the calls and only asks for verdicts.
 */
export const upstream = z
  .union([z.literal('none'), upstreamTarget(), upstreamOptions], {
    error: ({ input }) =>
      `${input === undefined ? 'is missing: it ' : ''}must be a URL such as http://127.0.0.1:9000, demo, none, or a mapping with targets`,
  })
  .transform((value) => {
    if (value === 'none') return { ...upstreamOptions.parse({ targets: ['demo'] }), targets: [] };
    return typeof value === 'string' ? upstreamOptions.parse({ targets: [value] }) : value;
  });
