import { parse as parseYaml, stringify } from 'yaml';
import type { JsonSchema } from '../../src/config/json_schema.ts';
import { EXAMPLES, INTRODUCTION } from './configuration_examples.ts';

/** A key as the page shows it. */
interface Row {
  /** `tls.cert`, `users[].id`: the way from the section. */
  readonly key: string;
  readonly schema: JsonSchema;
  readonly required: boolean;
}

/** The page that explains every key, made from the schema that `gatehouse schema` prints and from checked examples. */
export function configurationPage(schema: JsonSchema): string {
  const sections = propertiesOf(schema);
  const list = sections.map(([name, it]) => `- [\`${name}\`](#${name}): ${lower(String(it['description'] ?? ''))}`);
  return `${INTRODUCTION.trim()}

## The sections

${list.join('\n')}

${sections.map(([name, it]) => sectionOf(name, it)).join('\n\n')}
`;
}

/** The keys of which no example says how they are written. */
export function keysWithoutExample(schema: JsonSchema): readonly string[] {
  return propertiesOf(schema).flatMap(([name, it]) =>
    partsOf(name, it).flatMap(({ rows, entries }) =>
      rows.filter(({ key }) => exampleOf(key, entries) === undefined).map(({ key }) => `${name}: ${key}`),
    ),
  );
}

function sectionOf(name: string, schema: JsonSchema): string {
  const parts = partsOf(name, schema);
  const texts = parts.map(({ title, rows, entries }) =>
    [
      ...(title === undefined ? [] : [`### ${title}`]),
      rows.length === 0 ? 'It has no other keys.' : tableOf(rows, entries),
    ].join('\n\n'),
  );
  const examples = (EXAMPLES[name] ?? []).map((text) => `\`\`\`yaml fragment\n${text.trim()}\n\`\`\``);
  return [`## ${name}`, String(schema['description'] ?? ''), ...examples, ...texts].join('\n\n');
}

interface Part {
  readonly title?: string;
  readonly rows: readonly Row[];
  /** What the examples write in this place. */
  readonly entries: readonly unknown[];
}

/** A section is one table; one that has variants is one for each `type`. */
function partsOf(name: string, schema: JsonSchema): Part[] {
  const written = (EXAMPLES[name] ?? []).flatMap((text): unknown => mapping(parseYaml(text))[name]);
  const item = schema['type'] === 'array' ? mapping(schema['items']) : schema;
  const variants = [...list(item['oneOf']), ...list(item['anyOf']).flatMap((it) => list(it['oneOf']))];
  if (variants.length > 0) {
    return variants.map((variant) => {
      const { type, ...keys } = mapping(variant['properties']);
      const is = String(mapping(type)['const']);
      return {
        title: `${name}: ${is}`,
        rows: rowsOf({ ...variant, properties: keys }, ''),
        entries: written.filter((it) => mapping(it)['type'] === is),
      };
    });
  }
  const frame = objectIn(item);
  if (frame) return [{ rows: rowsOf(frame, ''), entries: written }];
  return [
    { rows: [{ key: name, schema: item, required: false }], entries: written.map((value) => ({ [name]: value })) },
  ];
}

function rowsOf(schema: JsonSchema, before: string): Row[] {
  const required = Array.isArray(schema['required']) ? schema['required'] : [];
  return propertiesOf(schema).flatMap(([name, it]) => {
    const key = `${before}${name}`;
    const inner = objectIn(it);
    const items = it['type'] === 'array' ? objectIn(mapping(it['items'])) : undefined;
    return [
      { key, schema: it, required: required.includes(name) },
      ...(inner ? rowsOf(inner, `${key}.`) : []),
      ...(items ? rowsOf(items, `${key}[].`) : []),
    ];
  });
}

/** The mapping with fixed keys that a value may be. */
function objectIn(schema: JsonSchema): JsonSchema | undefined {
  if (schema['properties']) return schema;
  return list(schema['anyOf'])
    .map(objectIn)
    .find((it) => it !== undefined);
}

function tableOf(rows: readonly Row[], entries: readonly unknown[]): string {
  const lines = rows.map(({ key, schema, required }) => {
    const fallback = 'default' in schema ? code(flow(schema['default'])) : required ? '**required**' : '';
    const example = exampleOf(key, entries);
    const cells = [
      code(key),
      typeOf(schema),
      fallback,
      example === undefined ? '' : code(flow(example)),
      meaning(schema),
    ];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  });
  return ['| key | type | default | example | meaning |', '|---|---|---|---|---|', ...lines].join('\n');
}

function exampleOf(key: string, entries: readonly unknown[]): unknown {
  for (const entry of entries) {
    const found = key.split('.').reduce<unknown[]>(
      (values, step) => {
        const name = step.replace('[]', '');
        const next = values.map((it) => (Object.hasOwn(mapping(it), name) ? mapping(it)[name] : undefined));
        return next
          .filter((it) => it !== undefined)
          .flatMap((it) => (step.endsWith('[]') && Array.isArray(it) ? it : [it]));
      },
      [entry],
    );
    if (found.length > 0) return found[0];
  }
  return undefined;
}

const DURATION = /\(ms\|s\|m\|h\|d\)|\(s\|m\|h\|d\)/;
const SIZE = /KiB/;

function typeOf(schema: JsonSchema): string {
  if (schema['$ref']) return '';
  if ('const' in schema) return code(String(schema['const']));
  if (Array.isArray(schema['enum'])) return schema['enum'].map((it) => code(String(it))).join(', ');
  const choices = [...list(schema['anyOf']), ...list(schema['oneOf'])].map(typeOf).filter((it) => it !== '');
  if (choices.length > 0) return [...new Set(choices)].join(' or ');
  switch (schema['type']) {
    case 'array':
      return `list of ${typeOf(mapping(schema['items']))
        .replace(/^mapping$/, 'mappings')
        .replace(/^text$/, 'texts')}`;
    case 'object':
      return 'mapping';
    case 'boolean':
      return '`true`, `false`';
    case 'integer':
    case 'number': {
      const { minimum, maximum } = schema;
      const bounded = typeof minimum === 'number' && typeof maximum === 'number' && maximum < Number.MAX_SAFE_INTEGER;
      return bounded ? `number, ${minimum} to ${maximum.toLocaleString('en')}` : 'number';
    }
    default: {
      const pattern = String(schema['pattern'] ?? '');
      return DURATION.test(pattern) ? 'duration' : SIZE.test(pattern) ? 'size' : 'text';
    }
  }
}

function meaning({ description }: JsonSchema): string {
  return String(description ?? '').replaceAll('<', '&lt;');
}

const code = (text: string): string => (text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``);
const lower = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

/** YAML in one line. */
function flow(value: unknown): string {
  const text = stringify(value, { collectionStyle: 'flow', lineWidth: 0, flowCollectionPadding: true }).trim();
  return text.replace(/^\[ (.*) \]$/, '[$1]');
}

const mapping = (value: unknown): JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonSchema) : {};
const propertiesOf = (schema: JsonSchema): [string, JsonSchema][] =>
  Object.entries(mapping(schema['properties'])).map(([name, it]) => [name, mapping(it)]);
const list = (value: unknown): JsonSchema[] => (Array.isArray(value) ? value.map(mapping) : []);
