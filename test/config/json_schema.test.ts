/* biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the texts under test. */
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { variants } from '../../src/compose.ts';
import { type JsonSchema, jsonSchema } from '../../src/config/json_schema.ts';
import { SECTION_KEYS } from '../../src/config/sections.ts';
import { variants as standIns } from './stand_ins.ts';

describe('the committed JSON Schema', () => {
  it('is the current one; if not: npm run --silent gatehouse -- schema > config/gatehouse.schema.json', async () => {
    const committed = JSON.parse(await readFile('config/gatehouse.schema.json', 'utf8'));
    expect(committed).toEqual(JSON.parse(JSON.stringify(jsonSchema(variants))));
  });
});

/** Every schema of a key, however deep, with the way to it. */
function* keys(schema: unknown, path: string): Generator<[path: string, schema: JsonSchema]> {
  if (typeof schema !== 'object' || schema === null) return;
  for (const [keyword, inner] of Object.entries(schema)) {
    if (keyword !== 'properties') yield* keys(inner, path);
    else
      for (const [key, value] of Object.entries(inner as Record<string, JsonSchema>)) {
        yield [`${path}.${key}`, value];
        yield* keys(value, `${path}.${key}`);
      }
  }
}

describe('the JSON Schema', () => {
  const schema = jsonSchema(standIns);
  const accepts = (value: unknown) =>
    z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]).safeParse(value).success;

  it('has every section, each key with a description', () => {
    expect(Object.keys(schema['properties'] as object)).toEqual([...SECTION_KEYS]);
    const ofVariants = /^\.(store\.(path|url|master|sentinels)|connections\.users|dialects\.require_client_secret)/;
    const bare = [...keys(schema, '')].filter(
      ([path, it]) => !ofVariants.test(path) && typeof it['description'] !== 'string',
    );
    expect(bare.map(([path]) => path)).toEqual([]);
  });

  it('tells the defaults as they are written', () => {
    const defaults = Object.fromEntries(
      [...keys(schema, '')].flatMap(([path, it]) => ('default' in it ? [[path, it['default']]] : [])),
    );
    expect(defaults).toMatchObject({
      '.listen.host': '127.0.0.1',
      '.listen.port': 8080,
      '.listen.workers': 1,
      '.admin.port': 8081,
      '.store': { type: 'embedded', path: './data/gatehouse.db' },
      '.cache.ttl': '60s',
      '.tokens.refresh_ttl': '30d',
      '.dialects': ['oauth2'],
      '.routes.auth': 'required',
      '.routes.on_store_outage': 'deny',
      '.clients.public': false,
      '.identity_headers.user_id': 'X-User-Id',
      '.log.level': 'info',
    });
  });

  it.each([
    ['listen: { port: 80 }', true],
    ['listen: { port: "80" }', false],
    ['listen: { port: "${PORT:-80}" }', true],
    ['listen: { prot: 80 }', false],
    ['store: { type: memory }', true],
    ['store: { type: memory, path: x }', false],
    ['store: { path: x }', false],
    ['cache: { ttl: 5 }', false],
    ['routes: [{ name: a, path: /a, upstream: demo, scopes: { GET: [a] } }]', true],
    ['routes: [{ name: a, path: /a }]', false],
    ['clients: [{ id: "${ID}", grants: [password], secret: file:x }]', true],
    ['dialects: [oauth2, { type: roambi, require_client_secret: false }]', true],
    ['dialects: [oauth]', false],
    ['unknown: 1', false],
  ])('judges %s as the gateway would: %s', (text, right) => {
    expect(accepts(parseYaml(text))).toBe(right);
  });
});
