import { z } from 'zod';
import { STEPS } from '../model/explanation.ts';
import { operation } from './operation.ts';
import { explain, listRoutes as list, tryIt } from './route_work.ts';

/** What is configured, how its targets are, and what becomes of a call. */

const scopes = z.union([z.array(z.string()), z.record(z.string(), z.array(z.string()))]);

const targetView = z.object({
  url: z.string(),
  healthy: z.boolean().optional().describe('Absent where no gateway runs that could tell.'),
  failures: z.int().optional().describe('How many calls or checks have failed in a row.'),
});

export const routeView = z
  .object({
    name: z.string(),
    path: z.string(),
    host: z.string().optional(),
    methods: z.array(z.string()).optional().describe('Absent: any.'),
    auth: z.enum(['required', 'optional', 'none']),
    scopes: scopes.describe('All of these are needed; or those for each method.'),
    audience: z.string().optional(),
    connections: z.array(z.string()).optional(),
    dialect: z.string(),
    targets: z.array(targetView).describe('Empty: for forward auth only.'),
    balance: z.string().optional(),
    health_path: z.string().optional().describe('What targets are asked for again and again.'),
    strip_prefix: z.string().optional(),
    add_prefix: z.string().optional(),
    limits: z
      .object({
        per_token: z.object({ count: z.int(), window_seconds: z.number() }).optional(),
        concurrent: z.int().optional(),
      })
      .optional(),
    forward_authorization: z.boolean(),
  })
  .meta({ id: 'Route' });
export type RouteView = z.output<typeof routeView>;

/** A method of HTTP (RFC 9110 §9.1), as a request line has it. */
const method = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}$/, 'must be a method such as GET')
  .default('GET')
  .meta({ examples: ['GET'] });
const target = z
  .string()
  .regex(/^\/[\x21-\x7e]{0,8191}$/, 'must be a path such as /orders/7, with a query if there is one')
  .describe('Path and query, as the request line has them.')
  .meta({ examples: ['/orders/7'] });
const host = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/, 'must be a host such as api.example.com')
  .optional()
  .describe('The value of Host; absent: where the gateway says that it can be reached.');
const headers = z
  .array(
    z.strictObject({
      name: z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$/, 'must be the name of a header'),
      value: z.string().regex(/^[\t\x20-\x7e\x80-\xff]{0,8192}$/, 'must be the value of a header: one line'),
    }),
  )
  .max(100)
  .default([]);
const token = z
  .string()
  .regex(/^[\x21-\x7e]{1,4096}$/, 'must be a token: visible ASCII without spaces')
  .optional()
  .describe('An access token. It is in no answer and no log.');

const errorCode = z.string().describe('Why the gateway refuses it: invalid_token, insufficient_scope, …');

export const explanationView = z
  .object({
    steps: z.array(
      z.object({
        name: z.enum(STEPS),
        outcome: z.enum(['ok', 'stopped', 'skipped']),
        says: z.string(),
        change: z.string().optional().describe('What would make it go on.'),
        error: errorCode.optional(),
      }),
    ),
    verdict: z.object({
      outcome: z.enum(['forwarded', 'answered', 'refused']),
      status: z.int().optional().describe('What the caller gets; 200 for what is forwarded: the upstream says then.'),
      error: errorCode.optional(),
      description: z.string().optional().describe('What the caller is told.'),
      route: z.string().optional(),
      upstream: z.object({ targets: z.array(z.string()), path: z.string() }).optional(),
      headers: z
        .array(z.object({ name: z.string(), value: z.string() }))
        .describe('What the upstream is told of the caller.'),
      from: z.enum(['cache', 'store', 'stale_cache']).optional().describe('Who knew the token.'),
    }),
  })
  .meta({ id: 'Explanation' });
export type ExplanationView = z.output<typeof explanationView>;

export const listRoutes = operation({
  id: 'routes.list',
  summary: 'List routes',
  description: 'What the configuration file says, in its order, and how the targets are on this machine.',
  role: 'auditor',
  method: 'GET',
  path: '/routes',
  input: z.strictObject({}),
  output: z.object({ items: z.array(routeView) }),
  run: (admin) => list(admin),
});

export const explainCall = operation({
  id: 'routes.explain',
  summary: 'Explain what would become of a call',
  description: 'The whole decision, step by step. No call is made, none is counted, and nothing changes.',
  role: 'auditor',
  method: 'POST',
  path: '/routes/explain',
  input: z.strictObject({
    ...{ method, target, host, headers, token },
    remote_address: z
      .union([z.ipv4(), z.ipv6()], { error: 'must be an IP address' })
      .optional()
      .describe('Where the call comes from; absent: from this machine.'),
  }),
  output: explanationView,
  run: (admin, input) => explain(admin, input),
});

export const tryCall = operation({
  id: 'routes.try',
  summary: 'Make a call',
  description:
    'The call goes through the main listener as any other: the upstream sees it, and what it changes there is changed.',
  role: 'admin',
  method: 'POST',
  path: '/routes/try',
  input: z.strictObject({
    ...{ method, target, host, headers, token },
    body: z.string().max(65_536).optional().describe('Text. Set Content-Type among the headers.'),
  }),
  output: z
    .object({
      status: z.int(),
      headers: z.array(z.object({ name: z.string(), value: z.string() })),
      body: z.string().describe('The beginning of the answer: 64 KiB at most. What is no UTF-8 is replaced.'),
      truncated: z.boolean(),
      milliseconds: z.number().describe('Until the last byte, or until the beginning was read.'),
    })
    .meta({ id: 'TriedCall' }),
  // What was in the query is not kept: it may be anything.
  audit: ({ target }) => ({ kind: 'configuration', id: target.replace(/\?.*/s, '') }),
  detail: ({ method }, done) => ({ method, ...(done && { status: done.status }) }),
  run: (admin, input) => tryIt(admin, input),
});
