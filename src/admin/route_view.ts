import { z } from 'zod';
import { STEPS } from '../model/explanation.ts';

/** Routes, and what becomes of calls, as operators see them. */

const scopes = z.union([z.array(z.string()), z.record(z.string(), z.array(z.string()))]);

const targetView = z.object({
  url: z.string(),
  healthy: z.boolean().optional().describe('Absent where no gateway runs that could tell.'),
  failures: z.int().optional().describe('How many calls or checks have failed in a row.'),
});

const callRate = z.object({ count: z.int(), window_seconds: z.number() });

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
        per_token: callRate.optional(),
        per_client: callRate.optional().describe('All tokens of a client together; calls without a token by address.'),
        concurrent: z.int().optional(),
      })
      .optional(),
    forward_authorization: z.boolean(),
  })
  .meta({ id: 'Route' });
export type RouteView = z.output<typeof routeView>;

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
