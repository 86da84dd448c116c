import type { z } from 'zod';
import { keysOf, mappingOf } from '../model/mapping_schema.ts';
import { explain } from './explain.ts';
import { keyOf, type Path, type Problems } from './problems.ts';
import { remarkOn } from './remarks.ts';
import type { Values } from './resolve.ts';
import { suggest } from './suggest.ts';

/**
 * A mapping read key by key, so that one bad value does not hide what is wrong with the others: checks that compare keys look at
 * `values`, where a key that could not be read is absent.
 */
export interface Fields<Whole extends object> {
  readonly path: Path;
  readonly values: Partial<Whole>;
  /** The keys that the file has, whether or not their values could be read. */
  readonly written: ReadonlySet<string>;
  /** Present if every key could be read. */
  readonly whole?: Whole | undefined;
}

/** Applies schemas to the file's values and reports what they refuse where it stands. */
export class Reader {
  readonly #values: Values;
  readonly #problems: Problems;

  constructor(values: Values, problems: Problems) {
    this.#values = values;
    this.#problems = problems;
  }

  report(path: Path, message: string, of: 'key' | 'value' = 'value'): void {
    if (this.#values.reported(path)) return;
    this.#problems.add(this.#values.position(path, of), keyOf(path), message);
  }

  lineOf(path: Path): number {
    return this.#values.position(path).line;
  }

  /** What the file has at a path, before any schema. */
  at(path: Path): unknown {
    return path.reduce<unknown>(
      (value, step) => (isObject(value) ? Reflect.get(value, step) : undefined),
      this.#values.root,
    );
  }

  /** Puts another value into a place: a default, or the long form of a short one. */
  put(path: Path, value: unknown): void {
    this.#values.put(path, value);
  }

  /** Whether there is a mapping at the path; reports what is there instead. */
  isMapping(path: Path): boolean {
    const raw = this.at(path);
    if (isMapping(raw)) return true;
    this.report(path, `${raw === null ? 'is empty: it ' : ''}must be a mapping (key: value)`);
    return false;
  }

  /**
   * Reads a mapping; an absent one is read as an empty one.
   * @param more with `others: 'elsewhere'`, keys that are not the schema's are somebody else's to judge.
   */
  fields<Schema extends z.ZodObject>(
    schema: Schema,
    path: Path,
    more: { others?: 'unknown' | 'elsewhere' } = {},
  ): Fields<z.output<Schema>> {
    if (this.at(path) !== undefined && !this.isMapping(path)) return { path, values: {}, written: new Set() };
    const raw = this.#mapping(path);
    const written = new Set(Object.keys(raw));
    if (more.others !== 'elsewhere') this.knownKeys(path, keysOf(schema));

    const values: Record<string, unknown> = {};
    let complete = true;
    for (const [key, field] of Object.entries(schema.shape)) {
      // The shape's declared type is zod's core type; the schemas of this room and of every variant are made by `z`.
      const parsed = this.#parse(field as z.ZodType, [...path, key], () => this.#mapping(path)[key]);
      if (!parsed.success) complete = false;
      else if (parsed.data !== undefined) values[key] = parsed.data;
    }
    // Each value came out of the schema of its key: that is what the output type says.
    const typed = values as z.output<Schema>;
    return { path, values: typed as Partial<z.output<Schema>>, written, ...(complete && { whole: typed }) };
  }

  /** Reads the keys of a mapping that are not `besides` with a variant's schema. @returns its output; undefined if refused. */
  options(schema: z.ZodType, path: Path, besides: readonly string[]): unknown {
    const own = keysOf(schema);
    // A schema that is not a plain mapping must refuse unknown keys itself.
    const judged = mappingOf(schema) !== undefined;
    if (judged) this.knownKeys(path, [...besides, ...own]);
    const mine = ([key]: [string, unknown]) => !besides.includes(key) && (!judged || own.includes(key));
    const parsed = this.#parse(schema, path, () =>
      Object.fromEntries(Object.entries(this.#mapping(path)).filter(mine)),
    );
    return parsed.success ? parsed.data : undefined;
  }

  /** Reports every key of a mapping that is not among the allowed ones. */
  knownKeys(path: Path, allowed: readonly string[]): void {
    for (const key of Object.keys(this.#mapping(path)))
      if (!allowed.includes(key)) this.#unknownKey(path, key, allowed);
  }

  /** Reads a list entry by entry, so that the sound ones can be checked against each other. */
  list<Item>(path: Path, read: (path: Path) => Item): Item[] {
    const raw = this.at(path);
    if (raw === undefined) return [];
    if (!Array.isArray(raw)) {
      this.report(path, `${raw === null ? 'is empty: it ' : ''}must be a list (- …)`);
      return [];
    }
    const items: Item[] = [];
    for (const index of raw.keys()) {
      if (this.#problems.full) break;
      items.push(read([...path, index]));
    }
    return items;
  }

  #mapping(path: Path): Record<string, unknown> {
    const raw = this.at(path);
    return isMapping(raw) ? raw : {};
  }

  #unknownKey(path: Path, key: string, allowed: readonly string[]): void {
    if (this.#problems.full) return;
    const at = [...path, key];
    const meant = suggest(key, allowed);
    const question = meant === undefined ? '' : `, did you mean ${meant}?`;
    const what = allowed.length === 0 ? 'no key is allowed here' : `allowed here: ${allowed.join(', ')}`;
    this.report(at, remarkOn(keyOf(at)) ?? `unknown key${question || ';'} ${what}`, 'key');
  }

  /**
   * Parses one value. `${…}` values that look like a number or boolean are read as text where the schema wants text: a secret made
   * of digits is still a secret.
   */
  #parse<Schema extends z.ZodType>(
    schema: Schema,
    path: Path,
    raw: () => unknown,
  ): z.ZodSafeParseResult<z.output<Schema>> {
    const first = schema.safeParse(raw(), { error: explain });
    if (first.success) return first;
    const wantText = first.error.issues.filter((it) => it.code === 'invalid_type' && it.expected === 'string');
    const reread = wantText.filter((it) => this.#values.readAsText([...path, ...stepsOf(it)])).length > 0;
    const parsed = reread ? schema.safeParse(raw(), { error: explain }) : first;
    if (!parsed.success) for (const issue of parsed.error.issues) this.#reportIssue(issue, path);
    return parsed;
  }

  #reportIssue(issue: z.core.$ZodIssue, base: Path): void {
    if (this.#problems.full) return;
    const path = [...base, ...stepsOf(issue)];
    const meant = issue.code === 'invalid_union' ? branchMeant(issue.errors) : undefined;
    if (issue.code === 'unrecognized_keys') {
      const allowed = issue.message.split(' ').filter((key) => key !== '');
      for (const key of issue.keys) this.#unknownKey(path, key, allowed);
    } else if (meant) {
      for (const inner of meant) this.#reportIssue(inner, path);
    } else if (issue.code === 'invalid_key') {
      this.report(path, issue.issues[0]?.message ?? issue.message, 'key');
    } else this.report(path, issue.message);
  }
}

/** Of a union's branches, the one whose kind of value (text, list, mapping) was written, if there is exactly one. */
function branchMeant(branches: readonly (readonly z.core.$ZodIssue[])[]): readonly z.core.$ZodIssue[] | undefined {
  const ofAnotherKind = (it: z.core.$ZodIssue) =>
    it.path.length === 0 && (it.code === 'invalid_type' || it.code === 'invalid_value');
  const ofKind = branches.filter((issues) => !issues.some(ofAnotherKind));
  return ofKind.length === 1 ? ofKind[0] : undefined;
}

const stepsOf = (issue: z.core.$ZodIssue): Path => issue.path.filter((step) => typeof step !== 'symbol');

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
const isMapping = (value: unknown): value is Record<string, unknown> => isObject(value) && !Array.isArray(value);
