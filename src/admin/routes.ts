import { z } from 'zod';
import { pageOf, paging, reference } from './fields.ts';
import { operation } from './operation.ts';
import { routeDetailsView } from './route_details.ts';
import { explanationView, routeView } from './route_view.ts';
import { explain, getRoute as get, listRoutes as list, tryIt } from './route_work.ts';

/** What is configured, how its targets are, and what becomes of a call. */

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

export const listRoutes = operation({
  id: 'routes.list',
  summary: 'List routes',
  description: 'What the configuration file says, in its order, and how the targets are on this machine.',
  role: 'auditor',
  method: 'GET',
  path: '/routes',
  input: z.strictObject({
    ...paging,
    search: z.string().min(1).max(256).optional().describe('A part of the name, the host, the path or a target.'),
  }),
  output: pageOf(routeView),
  run: (admin, input) => list(admin, input),
});

export const getRoute = operation({
  id: 'routes.get',
  summary: 'Read a route',
  description: 'Everything that is configured of it. Of headers that are set the names alone: values may be secrets.',
  role: 'auditor',
  method: 'GET',
  path: '/routes/{name}',
  input: z.strictObject({ name: reference() }),
  output: routeDetailsView,
  run: (admin, { name }) => get(admin, name),
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
