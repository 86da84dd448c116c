/**
 * What the endpoints of the description share: problems, headers, and how to say who asks. None of it depends on which operations
 * there are.
 */
import type { Json } from './json_schemas.ts';
import { PROBLEM_JSON, PROBLEMS, problemPath } from './problems.ts';

/** The body of every answer that says why something was not done. */
export const PROBLEM: Json = {
  type: 'object',
  description: 'Why it was not done (RFC 9457).',
  properties: {
    type: { type: 'string', format: 'uri-reference', enum: Object.keys(PROBLEMS).map((type) => `/problems/${type}`) },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string', description: 'What was wrong, and what would be right.' },
    instance: { type: 'string', description: 'The id of the request, as X-Request-Id: the log knows it.' },
    errors: {
      type: 'array',
      description: 'Where the input is not right.',
      items: {
        type: 'object',
        properties: {
          path: { type: 'string', description: 'The member of the input: `redirect_uris.0`.' },
          message: { type: 'string' },
        },
        required: ['path', 'message'],
      },
    },
  },
  required: ['type', 'title', 'status', 'detail', 'instance'],
};

const IDEMPOTENCY_KEY: Json = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'Random, and new for each request that is not sent again: at most one with this key is done.',
  schema: { type: 'string', pattern: '^[\\x21-\\x7e]{16,128}$' },
  example: '6f2d6f1e-8a3c-4b0e-9d57-0f4f3c2b1a90',
};

/** Of every endpoint that changes something. */
export const KEY_PARAMETER: Json = { $ref: '#/components/parameters/IdempotencyKey' };

const HEADERS: Json = {
  RequestId: { description: 'The log knows the request by this id.', schema: { type: 'string' } },
  Link: {
    description: 'The next page, as `rel="next"` (RFC 8288); absent on the last one.',
    schema: { type: 'string' },
  },
  Location: { description: 'Where it is now.', schema: { type: 'string' } },
  IdempotencyReplayed: {
    description: '`true` if this is the answer to an earlier request with the same key.',
    schema: { type: 'string', enum: ['true'] },
  },
  RetryAfter: { description: 'Seconds to wait.', schema: { type: 'integer' } },
  WwwAuthenticate: { description: 'How to say who you are.', schema: { type: 'string' } },
};

/** Of every answer. */
export const COMMON_HEADERS: Json = { 'X-Request-Id': { $ref: '#/components/headers/RequestId' } };

const RESPONSES: Json = {
  ...Object.fromEntries([401, 403, 404, 409, 415, 422, 503].map((status) => [String(status), responseOf(status)])),
  problem: {
    description: 'Any other problem.',
    headers: COMMON_HEADERS,
    content: { [PROBLEM_JSON]: { schema: { $ref: '#/components/schemas/Problem' } } },
  },
};

function responseOf(status: number): Json {
  const types = Object.values(PROBLEMS).filter((problem) => problem.status === status);
  const entries = Object.entries(PROBLEMS).filter(([, problem]) => problem.status === status);
  return {
    description: types.map(({ title, explains }) => `${title}. ${explains}`).join('\n\n'),
    headers: {
      ...COMMON_HEADERS,
      ...(status === 401 && { 'WWW-Authenticate': { $ref: '#/components/headers/WwwAuthenticate' } }),
      ...(status === 503 && { 'Retry-After': { $ref: '#/components/headers/RetryAfter' } }),
    },
    content: {
      [PROBLEM_JSON]: {
        schema: { $ref: '#/components/schemas/Problem' },
        examples: Object.fromEntries(
          entries.map(([type, { title, explains }]) => [
            type,
            {
              value: {
                type: problemPath(type as keyof typeof PROBLEMS), // its own keys
                title,
                status,
                detail: explains,
                instance: '0b7c8e0e-5a54-4a0f-9d4e-6a7f2f3c1d2b',
              },
            },
          ]),
        ),
      },
    },
  };
}

/** All but the schemas. */
export const COMPONENTS: Json = {
  securitySchemes: {
    basic: { type: 'http', scheme: 'basic', description: 'Username and password of an administrator or auditor.' },
    bearer: {
      type: 'http',
      scheme: 'bearer',
      description:
        'An access token of an administrator or auditor, with the scope of `admin.bearer_scope` if one is set.',
    },
  },
  parameters: { IdempotencyKey: IDEMPOTENCY_KEY },
  headers: HEADERS,
  responses: RESPONSES,
};
