import { z } from 'zod';
import type { ErrorCode } from '../../model/failure.ts';
import { name, scope } from '../../model/fields.ts';
import { label, listOf, text } from '../../model/text.ts';

const METHOD = /^[A-Z][A-Z-]{0,31}$/;
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$/;
/** One line of a head; what stands in it is up to whoever tests. */
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]{0,8192}$/;

const right = (pattern: RegExp, words: string) =>
  text((value) => (pattern.test(value) ? undefined : `must be ${words}`));
const headerName = () => right(HEADER_NAME, 'the name of a header');
const headerValue = () => right(HEADER_VALUE, 'the value of a header, on one line');

const request = z.strictObject({
  method: right(METHOD, 'a method in upper case, such as GET').default('GET').describe('The method; GET if absent.'),
  path: right(/^[\x21-\x7e]{1,16384}$/, 'a path, with a query if there is one, as the request line has them').describe(
    'Path and query exactly as they are sent. What the gateway refuses can be written too: /a/../b.',
  ),
  host: right(/^[\x20-\x7e]{0,512}$/, 'the value of a Host header')
    .optional()
    .describe('The value of Host. Where the gateway says it can be reached, if absent.'),
  headers: z
    .record(
      headerName(),
      z.union([headerValue(), z.array(headerValue()).min(1).max(16)], {
        error: 'must be text, or a list of texts for a header that is sent more than once',
      }),
    )
    .default({})
    .describe('Further headers. A list sends one more than once.'),
  from: z
    .union([z.ipv4(), z.ipv6()], { error: 'must be an IP address' })
    .optional()
    .describe('The address that the call comes from. 127.0.0.1 if absent.'),
});

const userId = () => right(/^[\x21-\x7e]{1,128}$/, '1 to 128 visible ASCII characters without spaces');

const token = z
  .union(
    [
      z.enum(['none', 'unknown', 'expired']),
      z.strictObject({
        client: name().default('policy-client').describe('The client that it was issued to. Any, if absent.'),
        user: userId().optional().describe('The user that it acts for. The client itself, if absent.'),
        scopes: listOf(scope()).default([]).describe('Its scopes.'),
        audience: listOf(scope())
          .optional()
          .describe('Its audience. What the configuration says of the client, if absent.'),
        connection: name()
          .optional()
          .describe('The connection of the user. The one that the configuration has them in, or its first, if absent.'),
        name: label().optional(),
        email: label().optional(),
        roles: listOf(name()).default([]).describe('Kept with the token; no route asks for them.'),
        attributes: z
          .record(name(), label())
          .optional()
          .describe('What else is known of the user: identity_headers.attributes.'),
        expired: z.boolean().default(false).describe('It was good until a moment ago.'),
      }),
    ],
    { error: 'must be none, unknown, expired, or a mapping with client, user and scopes' },
  )
  .default('none')
  .describe(
    'What the call brings: a token as it would have been issued, none, one that nobody knows, or an expired one.',
  );

/** What the gateway itself refuses calls with. */
const ERRORS = [
  ...(['missing_token', 'invalid_token', 'insufficient_scope', 'invalid_request', 'not_found'] as const),
  ...(['method_not_allowed', 'ambiguous_request', 'payload_too_large', 'uri_too_long', 'headers_too_large'] as const),
] satisfies readonly ErrorCode[];

const status = () => z.int().min(200).max(599);

const expect = z
  .union(
    [
      z.enum(['allow', 'deny']),
      status(),
      z.strictObject({
        status: status().optional().describe('What the caller gets; 200 for what is let through.'),
        error: z.enum(ERRORS).optional().describe('Why it is refused.'),
        route: name().optional().describe('The route that takes it.'),
        upstream_path: right(/^\/[\x21-\x7e]*$/, 'a path')
          .optional()
          .describe('The path that the upstream sees.'),
        upstream_headers: z
          .record(
            headerName(),
            z.union([headerValue(), z.null()], { error: 'must be text, or null for a header that must not be there' }),
          )
          .default({})
          .describe('Headers that the upstream gets, with their values; null for one that it must not get.'),
      }),
    ],
    { error: 'must be allow, deny, a status such as 403, or a mapping with status, error, route and upstream_headers' },
  )
  .describe('What must come of it.');

export const policyCase = z.strictObject({
  name: label().describe('What the case shows, for whoever reads that it failed.'),
  request: request.describe('The call.'),
  token,
  expect,
});

export const policyFile = z.strictObject({
  cases: z.array(policyCase).describe('Calls, and what must come of each. They do not influence each other.'),
});
