import { z } from 'zod';
import type { AnyOperation } from '../../admin/operation.ts';

/** A JSON Schema (draft 2020-12), or any other part of the description, as plain data. */
export interface Json {
  [member: string]: unknown;
}

/** Schemas with a name, which others refer to. */
export type Components = Record<string, Json>;

/** What an operation takes, as callers write it. */
export const schemaOfInput = ({ input }: AnyOperation, components: Components): Json =>
  schemaOf(input, 'input', components);

/** What it answers. More members may come with later versions, so none is excluded. */
export const schemaOfOutput = ({ output }: AnyOperation, components: Components): Json =>
  schemaOf(output, 'output', components);

function schemaOf(schema: z.ZodType, io: 'input' | 'output', components: Components): Json {
  const made = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override: ({ jsonSchema }) => plain(jsonSchema, io),
  });
  const { $schema: _, $defs = {}, ...rest } = made;
  for (const [name, definition] of Object.entries($defs)) components[name] = referring(definition) as Json;
  return named(referring(rest) as Json, components);
}

/** A schema that has a name of its own stands among the components too. */
function named(schema: Json, components: Components): Json {
  const { id, ...rest } = schema;
  if (typeof id !== 'string') return schema;
  components[id] = rest;
  return { $ref: `#/components/schemas/${id}` };
}

function plain(it: Json, io: 'input' | 'output'): void {
  if (io === 'output' && it['additionalProperties'] === false) delete it['additionalProperties'];
  // The format says it shorter; and without the flag `u`, which not every validator sets, \p{…} means something else.
  if (it['format'] !== undefined || String(it['pattern']).includes('\\p{')) delete it['pattern'];
}

/** Has references lead to where OpenAPI keeps its schemas. */
function referring(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(referring);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      name === '$ref' && typeof inner === 'string'
        ? inner.replace('#/$defs/', '#/components/schemas/')
        : referring(inner),
    ]),
  );
}

/** The members of an object's schema, and which of them there must be. */
export function membersOf(schema: Json): { readonly properties: Record<string, Json>; readonly required: string[] } {
  const { properties, required } = schema;
  return {
    properties:
      typeof properties === 'object' && properties !== null ? { ...(properties as Record<string, Json>) } : {},
    required: Array.isArray(required) ? required.map(String) : [],
  };
}

/** An example of an object, made of those of its members; undefined if none has one. */
export function exampleOf(schema: Json): Json | undefined {
  const examples = Object.entries(membersOf(schema).properties).flatMap(([name, { examples }]) =>
    Array.isArray(examples) && examples.length > 0 ? [[name, examples[0]] as const] : [],
  );
  return examples.length === 0 ? undefined : Object.fromEntries(examples);
}
