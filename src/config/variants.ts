import { z } from 'zod';
import { oneOf } from '../model/refusal_words.ts';
import type { Path } from './problems.ts';
import type { Fields, Reader } from './reader.ts';
import { suggest } from './suggest.ts';

/** What config needs to know of a store, connection or dialect: its name in the YAML and the schema of its options. */
export interface ConfigVariant {
  readonly type: string;
  readonly options: z.ZodType;
}

/** A dialect also says where it answers, so that routes and other dialects there can be refused. */
export interface ConfigDialect extends ConfigVariant {
  /** Where its endpoints are when the YAML names no prefix. */
  readonly prefix?: string | undefined;
  /** Routes may lie below its prefix too, but not at its endpoints. */
  readonly sharesPrefix?: boolean | undefined;
  /** The exact paths of its endpoints. @param options what its own schema made. */
  paths?(options: unknown, prefix: string): readonly string[];
}

/** A connection may send one-time codes, whose key all nodes must share. */
export interface ConfigConnection extends ConfigVariant {
  readonly sendsCodes?: boolean | undefined;
}

/** Everything that can be named in a configuration. Handed in, so that this room imports none of it. */
export interface ConfigVariants {
  readonly stores: Readonly<Record<string, ConfigVariant>>;
  readonly connections: Readonly<Record<string, ConfigConnection>>;
  readonly dialects: Readonly<Record<string, ConfigDialect>>;
  readonly grants: readonly string[];
}

/** An entry that names its variant by `type`; `frame` holds the keys that all variants of the room have. */
export interface VariantEntry<Frame extends object> {
  readonly path: Path;
  readonly type?: string | undefined;
  readonly frame: Fields<Frame>;
  /** What the variant's own schema made of the other keys; absent if it refused them. */
  readonly options?: unknown;
}

/** Reads a mapping whose key `type` decides which other keys there are. A text alone is short for `{ type: text }`. */
export function readVariant<Frame extends z.ZodObject>(
  reader: Reader,
  path: Path,
  frame: Frame,
  variants: Readonly<Record<string, ConfigVariant>>,
): VariantEntry<z.output<Frame>> {
  const short = reader.at(path);
  if (typeof short === 'string') reader.put(path, { type: short });
  if (!reader.isMapping(path)) return { path, frame: { path, values: {}, written: new Set() } };

  const keysOfFrame = ['type', ...Object.keys(frame.shape)];
  const type = readType(reader, [...path, 'type'], variants);
  const fields = reader.fields(frame, path, { others: 'elsewhere' });
  const options =
    type === undefined ? undefined : reader.options(variants[type]?.options ?? z.never(), path, keysOfFrame);
  return { path, type, frame: fields, options };
}

function readType(reader: Reader, path: Path, variants: Readonly<Record<string, unknown>>): string | undefined {
  const type = reader.at(path);
  const known = Object.keys(variants);
  if (typeof type === 'string' && known.includes(type)) return type;
  const meant = typeof type === 'string' ? suggest(type, known) : undefined;
  const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
  reader.report(path, `${type === undefined ? 'is missing: it ' : ''}must be ${oneOf(known)}${hint}`);
  return undefined;
}
