import { z } from 'zod';
import { account } from './schema/account.ts';
import { admin } from './schema/admin.ts';
import { audit } from './schema/audit.ts';
import { client } from './schema/client.ts';
import { identityHeaders } from './schema/identity_headers.ts';
import { listen } from './schema/listen.ts';
import { route } from './schema/route.ts';
import { cache, log, tokens, top } from './schema/settings.ts';
import { tracing } from './schema/tracing.ts';
import { connectionFrame, dialectFrame, storeFrame } from './schema/variant_frames.ts';
import { DEFAULT_DIALECTS, DEFAULT_STORE, type SECTION_KEYS } from './sections.ts';
import type { ConfigVariant, ConfigVariants } from './variants.ts';

/** A JSON Schema (draft 2020-12) as plain data. */
export type JsonSchema = { [keyword: string]: unknown };

/** The JSON Schema of the YAML, for editors: made from the same schemas that read it, so the two cannot differ. */
export function jsonSchema(variants: ConfigVariants): JsonSchema {
  const properties: Record<(typeof SECTION_KEYS)[number], JsonSchema> = {
    listen: described('Where clients reach the gateway.', schemaOf(listen)),
    forward_auth: asMapping(asMapping(schemaOf(top)['properties'])['forward_auth']),
    admin: described('Where operators reach it: health, metrics, console, admin API.', schemaOf(admin)),
    account: described('The pages where users look after what is theirs; false for none.', {
      anyOf: [schemaOf(account), { const: false }],
    }),
    store: {
      ...described('Where tokens, sessions and consents are kept.', oneOf(variants.stores, storeFrame)),
      default: DEFAULT_STORE,
    },
    cache: described('The memory in front of the store.', schemaOf(cache)),
    tokens: described('How long tokens live.', schemaOf(tokens)),
    dialects: {
      ...listOf('The token dialects that are spoken.', dialectOf(variants)),
      default: DEFAULT_DIALECTS,
    },
    routes: listOf('Which calls are forwarded, where to, and what they need. Order does not matter.', schemaOf(route)),
    clients: listOf('The applications that may ask for tokens.', schemaOf(client)),
    connections: listOf('Who proves that users are who they say.', oneOf(variants.connections, connectionFrame)),
    identity_headers: described('The headers that tell upstreams who is calling.', schemaOf(identityHeaders)),
    server_secret: asMapping(asMapping(schemaOf(top)['properties'])['server_secret']),
    log: described('What is logged.', schemaOf(log)),
    audit: described('What becomes of audit events: who did what, and who signed in.', schemaOf(audit)),
    tracing: described('Where calls are told as spans (OpenTelemetry).', schemaOf(tracing)),
  };
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Gatehouse configuration',
    type: 'object',
    properties,
    additionalProperties: false,
    $defs: { substituted: SUBSTITUTED },
  };
}

export const SUBSTITUTED: JsonSchema = {
  description: `A value from an environment variable (\${NAME}, \${NAME:-default}) or from a file (file:PATH).`,
  type: 'string',
  pattern: '\\$\\{[^}]+\\}|^file:(?!//)',
};

function schemaOf(schema: z.ZodType): JsonSchema {
  const made = z.toJSONSchema(schema, { io: 'input', override: ({ jsonSchema: it }) => acceptSubstitution(it) });
  const { $schema: _, ...rest } = made;
  return rest;
}

/** Wherever not every text is right, `${…}` is, because what it becomes is only known when the file is read. */
export function acceptSubstitution(it: JsonSchema): void {
  // Without the flag `u`, which not every validator sets, \p{…} means something else; the gateway checks it in any case.
  if (String(it['pattern']).includes('\\p{')) delete it['pattern'];
  const free =
    it['type'] === 'string' && !('pattern' in it) && !('format' in it) && !('enum' in it) && !('const' in it);
  const scalar = ['string', 'number', 'integer', 'boolean'].includes(String(it['type']));
  if (!scalar || free) return;
  const { description, default: fallback, ...rule } = it;
  for (const keyword of Object.keys(rule)) delete it[keyword];
  it['anyOf'] = [rule, { $ref: '#/$defs/substituted' }];
}

/** A mapping of a room's variants: `type` says which, and with it which other keys there are. */
function oneOf(variants: Readonly<Record<string, ConfigVariant>>, frame: z.ZodObject): JsonSchema {
  return { oneOf: Object.values(variants).map((it) => variantOf(it, frame)) };
}

function variantOf({ type, options }: ConfigVariant, frame: z.ZodObject): JsonSchema {
  const [shared, own] = [schemaOf(frame), schemaOf(options)];
  return {
    type: 'object',
    properties: {
      type: { description: `Makes it ${type}.`, const: type },
      ...asMapping(shared['properties']),
      ...asMapping(own['properties']),
    },
    required: ['type', ...asNames(shared['required']), ...asNames(own['required'])],
    additionalProperties: false,
  };
}

function dialectOf({ dialects }: ConfigVariants): JsonSchema {
  return { anyOf: [{ enum: Object.keys(dialects) }, oneOf(dialects, dialectFrame)] };
}

const described = (description: string, schema: JsonSchema): JsonSchema => ({ description, ...schema });
const listOf = (description: string, items: JsonSchema): JsonSchema => ({
  description,
  type: 'array',
  items,
  default: [],
});
const asMapping = (value: unknown): JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
const asNames = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
