import { z } from 'zod';
import type { Config } from '../model/config.ts';
import type { Expectation, PolicyCase, PolicyToken } from '../model/policy.ts';
import { oneOf } from '../model/refusal_words.ts';
import { refuseRepeated } from './cross_checks/check.ts';
import { parseDocument } from './document.ts';

import { LARGEST_CONFIGURATION, readConfigurationFile } from './files.ts';
import { acceptSubstitution, type JsonSchema, SUBSTITUTED } from './json_schema.ts';
import { type Path, Problems } from './problems.ts';
import { Reader } from './reader.ts';
import { resolveValues } from './resolve.ts';
import { policyCase, policyFile } from './schema/policy.ts';
import type { Environment } from './substitute.ts';
import { suggest } from './suggest.ts';

type Case = z.output<typeof policyCase>;

export interface PolicyOptions {
  readonly file: string;
  /** Where `${NAME}` is looked up. */
  readonly env: Environment;
  /** What the cases are about: the routes and connections that they name must be in it. */
  readonly config: Pick<Config, 'routes' | 'connections'>;
}

/** Reads a policy file. @throws ConfigError with every problem of it. */
export async function loadPolicy(options: PolicyOptions): Promise<readonly PolicyCase[]> {
  const text = await readConfigurationFile(options.file).catch((error: unknown) => {
    const problems = new Problems(options.file);
    const why = error instanceof Error ? error.message : 'cannot be read';
    problems.add({ line: 1, column: 1 }, 'policy', `the file ${why}`);
    return problems.throwAll();
  });
  return parsePolicy(text, options);
}

/** Turns the text of a policy file into cases. @throws ConfigError with every problem of it. */
export function parsePolicy(text: string, { file, env, config }: PolicyOptions): readonly PolicyCase[] {
  const problems = new Problems(file);
  if (text.length > LARGEST_CONFIGURATION) {
    problems.add({ line: 1, column: 1 }, 'policy', `is larger than ${LARGEST_CONFIGURATION / 1024} KiB`);
    return problems.throwAll();
  }
  const document = parseDocument(text, problems);
  if (!document) return problems.throwAll();
  const values = resolveValues(document, { env, readSecret: refuseFile }, problems);
  const reader = new Reader(values, problems);
  if (document.sound) reader.knownKeys([], ['cases']);
  if (reader.at(['cases']) === undefined) reader.report(['cases'], 'is missing: it must be a list of cases (- …)');
  const read = reader.list(['cases'], (path) => reader.fields(policyCase, path));
  const names = read.map(({ path, values: { name } }) => ({ path: [...path, 'name'], value: name }));
  refuseRepeated(reader, names, 'name of the case');
  for (const { path, values: it } of read) refuseUnknownNames(reader, path, it, config);
  problems.throwIfAny();
  return read.flatMap(({ path, whole }) => (whole ? [caseOf(whole, values.position([...path, 'expect']))] : []));
}

function refuseFile(): never {
  throw new Error('is not read: a policy names no files');
}

/** A case about a route that was renamed would fail for a reason that nobody sees. */
function refuseUnknownNames(reader: Reader, path: Path, it: Partial<Case>, config: PolicyOptions['config']): void {
  const known = (at: Path, value: string | undefined, names: readonly string[], what: string) => {
    if (value === undefined || names.includes(value)) return;
    const meant = suggest(value, names);
    const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
    reader.report([...path, ...at], `is not a ${what} of the configuration: must be ${oneOf(names)}${hint}`);
  };
  const [route, connection] = [
    typeof it.expect === 'object' ? it.expect.route : undefined,
    typeof it.token === 'object' ? it.token.connection : undefined,
  ];
  known(
    ['expect', 'route'],
    route,
    config.routes.map(({ name }) => name),
    'route',
  );
  known(
    ['token', 'connection'],
    connection,
    config.connections.map(({ name }) => name),
    'connection',
  );
}

function caseOf({ name, request, token, expect }: Case, position: { line: number; column: number }): PolicyCase {
  const { method, path, host, headers, from } = request;
  const lines = Object.entries(headers).flatMap(([header, value]) =>
    [value].flat().map((one) => [header, one] as const),
  );
  const call = { method, target: path, host, headers: lines, remoteAddress: from };
  return { name, call, token: tokenOf(token), expect: expectationOf(expect), ...position };
}

function tokenOf(token: Case['token']): PolicyCase['token'] {
  const expired: PolicyToken = { client: 'policy-client', scopes: [], roles: [], expired: true };
  return token === 'expired' ? expired : token;
}

function expectationOf(expect: Case['expect']): Expectation {
  if (typeof expect === 'number') return { status: expect, upstreamHeaders: {} };
  if (typeof expect === 'string') return { outcome: expect, upstreamHeaders: {} };
  const { upstream_headers: upstreamHeaders, upstream_path: upstreamPath, ...rest } = expect;
  return { ...rest, upstreamPath, upstreamHeaders };
}

/** The JSON Schema of policy files, for editors. */
export function policySchema(): JsonSchema {
  const made = z.toJSONSchema(policyFile, {
    io: 'input',
    override: ({ jsonSchema }) => acceptSubstitution(jsonSchema),
  });
  return { ...made, title: 'Gatehouse policy', $defs: { substituted: SUBSTITUTED } };
}
