import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { policySchema } from '../../src/config/policy.ts';
import { runCommand } from '../support/command_run.ts';

const CONFIG = `store: { type: memory }
routes:
  - name: orders
    path: /orders/*
    host: api.example.com
    upstream: http://127.0.0.1:9
    scopes: { GET: [orders:read], POST: [orders:write] }
    connections: [users]
    request_headers: { set: { X-Api-Key: not-for-callers }, remove: [Cookie] }
  - { name: open, path: /open, upstream: http://127.0.0.1:9, auth: optional, audience: https://api }
  - { name: limited, path: /limited, upstream: http://127.0.0.1:9, limits: { per_token: 1/1h, per_client: 1/1h } }
clients:
  - { id: app, secret: s, grants: [client_credentials], audience: [https://api] }
connections:
  - name: users
    type: database
    users: [{ id: u-1, username: ann, name: Ann, email: ann@example.com, password_hash: '$argon2id$v=19$m=19456,t=2,p=1$UZMQjcvjY3TH5xU+hSYTTA$UgchgD28+srqpqwYgL2JQ3tu3uM+EM49+WjZaWkEgyY' }]
  - { name: corp, type: database }
`;
let folder: string;
const file = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-policy-'));
  await writeFile(file('gatehouse.yaml'), CONFIG);
});
afterAll(() => rm(folder, { recursive: true }));

/** What is printed about these cases, without the folder. */
async function check(cases: string) {
  await writeFile(file('policy.yaml'), cases);
  const { code, output, errors } = await runCommand([
    'check',
    '-c',
    file('gatehouse.yaml'),
    '--policy',
    file('policy.yaml'),
  ]);
  const plain = (text: string) => text.replaceAll(`${folder}/`, '');
  return { code, output: plain(output), errors: plain(errors) };
}
const one = (request: string, token: string, expected: string) =>
  check(`cases:\n  - name: one\n    request: ${request}\n    token: ${token}\n    expect: ${expected}\n`);

const ORDERS = '{ path: /orders/7, host: api.example.com }';
const READER = '{ user: u-1, client: app, scopes: [orders:read] }';

describe('a case that holds', () => {
  it.each<[string, string, string]>([
    [ORDERS, READER, 'allow'],
    [
      ORDERS,
      READER,
      '{ route: orders, upstream_headers: { x-user-id: u-1, X-User-Name: Ann, X-Auth-Connection: users } }',
    ],
    ['{ method: POST, path: /orders/7, host: api.example.com }', READER, '{ status: 403, error: insufficient_scope }'],
    [ORDERS, 'none', '{ error: missing_token }'],
    [ORDERS, 'unknown', 'deny'],
    [ORDERS, 'expired', '{ error: invalid_token, status: 401 }'],
    [ORDERS, '{ user: u-2, connection: corp, scopes: [orders:read] }', '403'],
    ['{ path: /orders/7 }', READER, '404'],
    ['{ path: /open }', 'none', '{ upstream_headers: { X-User-Id: null } }'],
    ['{ path: /open }', '{ client: app }', 'allow'],
    ['{ path: /open }', '{ client: app, audience: [https://other] }', '{ error: invalid_token }'],
    [
      '{ path: /orders/7, host: api.example.com, headers: { Cookie: a=b } }',
      READER,
      '{ upstream_headers: { Cookie: null, X-Api-Key: not-for-callers } }',
    ],
    ['{ path: /open, headers: { Authorization: [Bearer a, Bearer b] } }', 'none', '{ error: invalid_request }'],
    ['{ path: /oauth2/token, method: POST }', 'none', 'allow'],
    ['{ path: "/a%2f..%2fb" }', 'none', '{ status: 400, error: ambiguous_request }'],
  ])('%s with %s: %s', async (request, token, expected) => {
    expect(await one(request, token, expected)).toEqual({
      ...{ code: 0, errors: '' },
      output: expect.stringMatching(/^gatehouse.yaml: ok .*\npolicy.yaml: ok \(1 case\)\n$/),
    });
  });
});

it('each case is judged for itself: no limit is used up, and no token of another is known', async () => {
  const many = Array.from(
    { length: 5 },
    (_, at) => `  - { name: n${at}, request: { path: /limited }, token: { client: app }, expect: 200 }\n`,
  );
  expect((await check(`cases:\n${many.join('')}`)).code).toBe(0);
});

describe('a case that fails', () => {
  it.each<[string, string, string, string]>([
    [
      ORDERS,
      READER,
      '{ status: 403 }',
      '5:13: one: expected 403, got 200, because: orders: /orders/* on api.example.com',
    ],
    [
      '{ method: POST, path: /orders/7, host: api.example.com }',
      READER,
      'allow',
      '5:13: one: expected allow, got 403 insufficient_scope, because: The route orders needs orders:write; the token has orders:read.',
    ],
    [
      '{ path: /orders/7 }',
      READER,
      '{ route: orders }',
      'expected the route orders, got none, because: No route covers it. Near: the route orders (/orders/*) covers the path, but only on the host api.example.com',
    ],
    [
      ORDERS,
      READER,
      '{ upstream_headers: { X-User-Id: u-9, Cookie: x } }',
      'expected X-User-Id: u-9 and Cookie: x, got X-User-Id: u-1 and no Cookie',
    ],
    [ORDERS, READER, '{ upstream_path: /x }', 'expected the upstream path /x, got /orders/7'],
    [ORDERS, 'none', '{ error: invalid_token }', 'got 401 missing_token'],
  ])('%s with %s: %s', async (request, token, expected, line) => {
    const { code, output, errors } = await one(request, token, expected);
    expect(errors).toMatch(/^policy\.yaml:5:13: one: /);
    expect(errors).toContain(line);
    expect(output).toContain('policy.yaml: 1 of 1 case failed\n');
    expect(code).toBe(1);
  });
});

describe('a policy file that is wrong', () => {
  it.each<[string, string, RegExp]>([
    [
      'an unknown key',
      'cases:\n  - { name: a, request: { path: /, methd: GET }, expect: allow }\n',
      /policy\.yaml:2:36: cases\[0\]\.request\.methd: unknown key, did you mean method\?/,
    ],
    [
      'a route that is not there',
      'cases:\n  - { name: a, request: { path: / }, expect: { route: order } }\n',
      /2:55: cases\[0\]\.expect\.route: is not a route .* did you mean orders\?/,
    ],
    [
      'a connection that is not there',
      'cases:\n  - { name: a, request: { path: / }, token: { connection: user }, expect: allow }\n',
      /did you mean users\?/,
    ],
    [
      'a word that is no expectation',
      'cases:\n  - { name: a, request: { path: / }, expect: alow }\n',
      /cases\[0\]\.expect: .*allow/,
    ],
    [
      'a misspelled error',
      'cases:\n  - { name: a, request: { path: / }, expect: { error: insufficient_scopes } }\n',
      /did you mean insufficient_scope\?/,
    ],
    [
      'a header of two lines',
      'cases:\n  - { name: a, request: { path: /, headers: { X: "a\\r\\nb: c" } }, expect: allow }\n',
      /must be the value of a header|must be text/,
    ],
    ['no cases', 'case: []\n', /unknown key, did you mean cases\?/],
    [
      'two cases of one name',
      'cases:\n  - { name: a, request: { path: / }, expect: 404 }\n  - { name: a, request: { path: / }, expect: 404 }\n',
      /is also the name of the case in line 2/,
    ],
    ['an alias', 'cases: &a\n  - { name: a, request: { path: / }, expect: 404 }\n', /anchors/],
    [
      'a file to read',
      'cases:\n  - { name: a, request: { path: / }, expect: { upstream_headers: { A: "file:/etc/passwd" } } }\n',
      /a policy names no files/,
    ],
    ['what is no YAML', 'cases: [\n', /yaml/],
    ['nothing', '', /empty/],
  ])('%s is told with its place, and ends with 2', async (_what, text, problem) => {
    const { code, errors } = await check(text);
    expect(errors).toMatch(problem);
    expect(errors).toMatch(/^policy\.yaml:\d+:\d+: /);
    expect(code).toBe(2);
  });

  it('or is not there', async () => {
    const { code, errors } = await runCommand(['check', '-c', file('gatehouse.yaml'), '--policy', file('none.yaml')]);
    expect({ code, errors }).toEqual({
      code: 2,
      errors: `${file('none.yaml')}:1:1: policy: the file does not exist\n`,
    });
  });
});

describe('config/policy.yaml', () => {
  it('holds for the demo configuration', async () => {
    const { code, output } = await runCommand(['check', '--policy', 'config/policy.yaml']);
    expect(output).toMatch(/^config\/policy\.yaml: ok \(\d+ cases\)$/m);
    expect(code).toBe(0);
  });

  it('is right in the eyes of an editor, whose schema is the current one', async () => {
    const schema = JSON.parse(await readFile('config/policy.schema.json', 'utf8'));
    expect(schema).toEqual(JSON.parse(JSON.stringify(policySchema())));
    const value = parseYaml(await readFile('config/policy.yaml', 'utf8'));
    expect(z.fromJSONSchema(schema).safeParse(value).error).toBeUndefined();
    expect((await runCommand(['schema', '--policy'])).output).toBe(`${JSON.stringify(schema, null, 2)}\n`);
  });
});
