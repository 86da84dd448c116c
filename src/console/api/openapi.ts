/**
 * The description of the API (OpenAPI 3.1), made of the definitions that the requests are checked by. It holds nothing of a
 * configuration, so that it is the same everywhere, and no secret.
 */
import type { AnyOperation } from '../../admin/operation.ts';
import { type Components, exampleOf, type Json, membersOf, schemaOfInput, schemaOfOutput } from './json_schemas.ts';
import { COMMON_HEADERS, COMPONENTS, KEY_PARAMETER, PROBLEM } from './openapi_components.ts';
import { namesInPath } from './routing.ts';

export const API = '/api/v1';

const INTRODUCTION = `Everything that the console of Gatehouse does. It is served by the admin listener.

**Who may call it.** Users with the role \`admin\`; those with the role \`auditor\` may read and change nothing. They come with their
username and password (HTTP Basic), or with an access token that they signed in for (Bearer). The role is looked up for each request.
Set \`admin.bearer_scope\`: without it the tokens of every app that an administrator signs in to will do.

**Problems** are RFC 9457 problem details; \`type\` is the path of a page that explains them.

**Lists** have pages: send \`next\` of one as \`after\` to get the next, or follow the header \`Link\`.

**Once.** Send a random \`Idempotency-Key\` with what changes something: if the answer is lost, the same request with the same key gets
the same answer again for a day, with \`Idempotency-Replayed: true\`, and nothing is done twice. What was refused, or answered with 503, is
not kept. A request that broke off without any answer, because the gateway crashed, holds its key for a minute (409): after that it is done
anew.

**Ids in paths** are percent-encoded, as any client does it.`;

const TAGS: Readonly<Record<string, string>> = {
  me: 'Who asks.',
  clients: 'The applications that may ask for tokens.',
  users: 'The people, and what they hold.',
  attempts: 'Failed attempts to sign in.',
  tokens: 'What was granted, and how it is ended.',
  routes: 'Which calls are forwarded, and what becomes of one.',
  overview: 'What happens now.',
  audit: 'Who did what.',
};

const tagOf = ({ id }: Pick<AnyOperation, 'id'>): string => id.split('.', 1)[0] ?? id;

export function describeApi(operations: readonly AnyOperation[]): Json {
  const schemas: Components = { Problem: PROBLEM };
  const paths: Record<string, Json> = {};
  for (const operation of operations) {
    paths[operation.path] = {
      ...paths[operation.path],
      [operation.method.toLowerCase()]: endpoint(operation, schemas),
    };
  }
  const list = operations.find(({ id }) => id === 'audit.list');
  if (list) paths[`${list.path}/export`] = { get: auditExport(list, schemas) };
  const used = new Set(operations.map(tagOf));
  return {
    openapi: '3.1.0',
    info: {
      title: 'Gatehouse admin API',
      version: '1',
      description: INTRODUCTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: API, description: 'On the admin listener' }],
    tags: Object.entries(TAGS)
      .filter(([name]) => used.has(name))
      .map(([name, description]) => ({ name, description })),
    security: [{ basic: [] }, { bearer: [] }],
    paths,
    components: {
      schemas,
      ...COMPONENTS,
    },
  };
}

function endpoint(operation: AnyOperation, schemas: Components): Json {
  const { summary, description, role, method } = operation;
  const input = schemaOfInput(operation, schemas);
  const inPath = namesInPath(operation);
  const { properties, required } = membersOf(input);
  const others = Object.keys(properties).filter((name) => !inPath.includes(name));
  const asParameter = (name: string, where: 'path' | 'query') =>
    parameter(name, properties[name] ?? {}, where, required);
  const isList = 'next' in membersOf(schemaOfOutput(operation, schemas)).properties;
  return {
    operationId: operation.id,
    tags: [tagOf(operation)],
    summary,
    description: [description, `Needs the role \`${role}\`.`].filter(Boolean).join(' '),
    parameters: [
      ...inPath.map((name) => asParameter(name, 'path')),
      ...(method === 'GET' ? others.map((name) => asParameter(name, 'query')) : [KEY_PARAMETER]),
    ],
    ...((others.length > 0 ? method !== 'GET' : method === 'POST') && { requestBody: bodyOf(input, others) }),
    responses: {
      [operation.creates ? '201' : '200']: {
        description: operation.creates ? 'It was created.' : 'It was done.',
        headers: {
          ...COMMON_HEADERS,
          ...(isList && { Link: { $ref: '#/components/headers/Link' } }),
          ...(operation.creates && { Location: { $ref: '#/components/headers/Location' } }),
          ...(method !== 'GET' && { 'Idempotency-Replayed': { $ref: '#/components/headers/IdempotencyReplayed' } }),
        },
        content: { 'application/json': { schema: schemaOfOutput(operation, schemas) } },
      },
      ...problemsOf(operation, inPath, others),
    },
  };
}

/** The problems that are to be expected; everything else is `default`. */
function problemsOf({ method }: AnyOperation, inPath: readonly string[], others: readonly string[]): Json {
  const statuses = [401, 403, 503];
  if (inPath.length > 0) statuses.push(404);
  if (method !== 'GET') statuses.push(409, 415);
  if (inPath.length + others.length > 0 || method !== 'GET') statuses.push(422);
  const known = statuses.sort().map((status) => [String(status), { $ref: `#/components/responses/${status}` }]);
  return { ...Object.fromEntries(known), default: { $ref: '#/components/responses/problem' } };
}

function parameter(name: string, { description, examples, ...schema }: Json, where: string, required: string[]): Json {
  return {
    name,
    in: where,
    required: where === 'path' || required.includes(name),
    ...(description !== undefined && { description }),
    schema,
    ...(Array.isArray(examples) && examples.length > 0 && { example: examples[0] }),
  };
}

/** The members that do not stand in the path. */
function bodyOf(input: Json, names: readonly string[]): Json {
  const { properties, required } = membersOf(input);
  const needed = required.filter((name) => names.includes(name));
  const schema = {
    type: 'object',
    properties: Object.fromEntries(names.map((name) => [name, properties[name] ?? {}])),
    ...(needed.length > 0 && { required: needed }),
    additionalProperties: false,
  };
  const example = exampleOf(schema);
  return {
    ...(names.length === 0 && {
      description: 'None, or an empty object; but no form, with which other pages could send it too.',
    }),
    required: needed.length > 0,
    content: { 'application/json': { schema, ...(example && { example }) } },
  };
}

function auditExport(list: AnyOperation, schemas: Components): Json {
  const { properties } = membersOf(schemaOfInput(list, schemas));
  const filters = Object.keys(properties).filter((name) => name !== 'limit' && name !== 'after');
  return {
    operationId: 'audit.export',
    tags: ['audit'],
    summary: 'Export the audit log',
    description:
      'All events that match, newest first, one JSON object in each line. If the store fails on the way the connection breaks, so that nobody takes a part for the whole. That somebody exported it is written down. Needs the role `auditor`.',
    parameters: filters.map((name) => parameter(name, properties[name] ?? {}, 'query', [])),
    responses: {
      200: {
        description: 'The events.',
        headers: COMMON_HEADERS,
        content: { 'application/x-ndjson': { schema: { type: 'string', description: 'Lines of AuditEvent.' } } },
      },
      ...problemsOf(list, [], filters),
    },
  };
}
