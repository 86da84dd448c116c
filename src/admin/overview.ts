import { z } from 'zod';
import type { Administration } from './administration.ts';
import { exactInstantOf, instant } from './fields.ts';
import type { Live } from './live.ts';
import { operation, ROLES } from './operation.ts';
import { AdminProblem } from './problem.ts';

/** What happens now, on this machine, and who asks. */

const total = z.int().describe('Since the start of the processes: whoever draws takes differences.');

export const liveStatsView = z
  .object({
    at: instant(),
    requests: z.array(z.object({ route: z.string(), status: z.int(), count: total })),
    durations: z.array(
      z.object({
        route: z.string(),
        buckets: z
          .array(z.object({ within: z.number().optional(), count: z.int() }))
          .describe('How many calls ended within so many seconds; the last bucket has no bound.'),
        sum: z.number().describe('Seconds of all calls together.'),
        count: total,
      }),
    ),
    refusals: z.array(z.object({ reason: z.string(), count: total })),
    cache: z.object({ hits: total, misses: total, entries: z.int() }),
    issued: z.array(z.object({ grant: z.string(), count: total })),
    store_up: z.boolean(),
  })
  .meta({ id: 'LiveStats' });

export const refusedCallView = z
  .object({
    at: instant(),
    request_id: z.string(),
    method: z.string(),
    path: z.string(),
    status: z.int(),
    reason: z.string(),
    route: z.string().optional(),
    client: z.string().optional(),
    user: z.string().optional(),
  })
  .meta({ id: 'RefusedCall' });

export const readOverview = operation({
  id: 'overview.get',
  summary: 'Read what happens now',
  description: 'Counts over all workers of this machine.',
  role: 'auditor',
  method: 'GET',
  path: '/overview',
  input: z.strictObject({}),
  output: liveStatsView,
  async run(admin) {
    const { at, durations, storeUp, requests, refusals, cache, issued } = await liveOf(admin).stats();
    return {
      at: exactInstantOf(at),
      requests: [...requests],
      durations: durations.map(({ buckets, ...route }) => ({
        ...route,
        buckets: buckets.map(([within, count]) => (Number.isFinite(within) ? { within, count } : { count })),
      })),
      refusals: [...refusals],
      cache,
      issued: [...issued],
      store_up: storeUp,
    };
  },
});

export const listRefusals = operation({
  id: 'overview.refusals',
  summary: 'List the latest refused calls',
  description: 'Calls that the gateway answered itself, newest first; 200 at most.',
  role: 'auditor',
  method: 'GET',
  path: '/overview/refusals',
  input: z.strictObject({}),
  output: z.object({ items: z.array(refusedCallView) }),
  async run(admin) {
    const refusals = await liveOf(admin).refusals();
    return {
      items: refusals.map(({ at, requestId, ...call }) => ({ at: exactInstantOf(at), request_id: requestId, ...call })),
    };
  },
});

export const readMe = operation({
  id: 'me.get',
  summary: 'Tell who asks',
  role: 'auditor',
  method: 'GET',
  path: '/me',
  input: z.strictObject({}),
  output: z
    .object({
      id: z.string(),
      kind: z.enum(['user', 'command_line', 'system']),
      name: z.string().optional(),
      role: z.enum(ROLES),
    })
    .meta({ id: 'Me' }),
  run: async (_admin, _input, { actor, role }) => ({ ...actor, role }),
});

function liveOf({ live }: Administration): Live {
  if (live) return live;
  throw new AdminProblem('not_here', 'No gateway runs in this process: ask the admin listener of one that runs.');
}
