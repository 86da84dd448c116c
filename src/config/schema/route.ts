import { z } from 'zod';
import { name, scope, size } from '../../model/fields.ts';
import { listOf } from '../../model/text.ts';
import { type Bytes, type Milliseconds, milliseconds } from '../../model/units.ts';
import { requestHost } from './addresses.ts';
import { cors } from './cors.ts';
import { requestHeaders, responseHeaders } from './header_rules.ts';
import { limits } from './limits.ts';
import { method } from './methods.ts';
import { prefix, routePath } from './paths.ts';
import { durationWithin } from './times.ts';
import { upstream } from './upstream.ts';

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
    'Where calls go: a URL, demo for the built-in demo API, none if another proxy carries them (forward_auth), or a mapping with targets and timeouts.',
  ),
  strip_prefix: prefix().optional().describe('A leading part of path, whole segments, that the upstream does not see.'),
  add_prefix: prefix()
    .optional()
    .describe('What is put in front of the path that is left after strip_prefix: /orders/7 can become /v2/orders/7.'),
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
    .describe(
      "How much one token, and all tokens of one client, may call this route. What the route's dialect says if absent.",
    ),
  on_store_outage: onStoreOutage
    .prefault('deny')
    .describe(
      'While the store is away: deny, or { serve_cached: 30s } to let safe methods pass on cached tokens (at most 60s).',
    ),
  forward_authorization: z.boolean().default(false).describe('Whether the Authorization header goes upstream too.'),
  max_body: (size() as z.ZodType<Bytes, string>)
    .optional()
    .describe('The longest body that is accepted, such as 10MiB. Any length if absent: bodies are streamed, not kept.'),
  request_headers: requestHeaders
    .optional()
    .describe('Headers that the upstream gets, or does not get, beyond what the gateway does to every call.'),
  response_headers: responseHeaders
    .optional()
    .describe("Headers that the caller gets, or does not get, of the upstream's answers."),
  cors: cors
    .optional()
    .describe('Pages of other origins that may call. The gateway answers browsers instead of the upstream.'),
});
