import { z } from 'zod';
import { name, scope } from '../../model/fields.ts';
import { type Milliseconds, milliseconds } from '../../model/units.ts';
import { requestHost } from './addresses.ts';
import { limits } from './limits.ts';
import { prefix, routePath } from './paths.ts';
import { listOf, text } from './text.ts';
import { durationWithin } from './times.ts';
import { upstreamTarget } from './urls.ts';

/** CONNECT and TRACE are not forwarded by any proxy that guards something. */
const method = () =>
  text((value) => {
    if (/^[A-Z][A-Z-]{0,31}$/.test(value))
      return value === 'CONNECT' || value === 'TRACE' ? 'is a method that is never forwarded: remove it' : undefined;
    return 'must be an HTTP method in upper case, such as GET';
  });

const upstreamOptions = z.strictObject({
  targets: listOf(upstreamTarget())
    .min(1)
    .max(64)
    .describe('Where calls may go: URLs with an optional base path, or demo.'),
  connect_timeout: durationWithin('10ms', '1m').prefault('5s').describe('How long to wait for a connection.'),
  timeout: durationWithin('10ms', '1h')
    .prefault('30s')
    .describe("How long to wait for the head of the upstream's answer."),
  idle_timeout: durationWithin('10ms', '1d')
    .prefault('60s')
    .describe('How long a body may pause, in either direction.'),
});

const upstream = z
  .union([upstreamTarget(), upstreamOptions], {
    error: 'must be a URL such as http://127.0.0.1:9000, demo, or a mapping with targets',
  })
  // A single target is short for a mapping that has nothing else.
  .transform((value) => (typeof value === 'string' ? upstreamOptions.parse({ targets: [value] }) : value));

const scopes = listOf(scope()).max(100);

const onStoreOutage = z
  .union(
    [
      z.literal('deny'),
      z.strictObject({ serve_cached: durationWithin('1ms', '60s').describe('How old a cached token may be.') }),
    ],
    {
      error: 'must be deny, or { serve_cached: 30s }',
    },
  )
  .transform((value): Milliseconds => (value === 'deny' ? milliseconds(0) : value.serve_cached));

export const route = z.strictObject({
  name: name().describe('A name for logs and metrics; no two routes share one.'),
  path: routePath().describe(
    '/orders for that path alone, /orders/* for it and everything below. The longest match wins.',
  ),
  host: requestHost().optional().describe('Only requests to this host, without port. Any host if absent.'),
  methods: listOf(method()).min(1).max(32).optional().describe('Only these methods. Any method if absent.'),
  upstream: upstream.describe(
    'Where calls go: a URL, demo for the built-in demo API, or a mapping with targets and timeouts.',
  ),
  strip_prefix: prefix().optional().describe('A leading part of path, whole segments, that the upstream does not see.'),
  auth: z
    .enum(['required', 'optional', 'none'])
    .default('required')
    .describe(
      'required: no call without a good token. optional: calls without a token pass, without identity. none: public.',
    ),
  scopes: z
    .union([scopes, z.record(method(), scopes)], {
      error: 'must be a list of scopes, or a mapping of methods to such lists',
    })
    .default([])
    .describe(
      'Scopes a token needs, all of them; or { GET: […], POST: […] }, where a method not named needs all of them.',
    ),
  audience: scope().optional().describe('An audience the token must carry. Any if absent.'),
  connections: listOf(name())
    .min(1)
    .max(64)
    .optional()
    .describe('Only users of these connections. All users, and clients without a user, if absent.'),
  dialect: name().default('oauth2').describe('The dialect in which the route words its refusals.'),
  limits: limits
    .optional()
    .describe("How much one token may call this route. What the route's dialect says if absent."),
  on_store_outage: onStoreOutage
    .prefault('deny')
    .describe(
      'While the store is away: deny, or { serve_cached: 30s } to let safe methods pass on cached tokens (at most 60s).',
    ),
  forward_authorization: z.boolean().default(false).describe('Whether the Authorization header goes upstream too.'),
});
