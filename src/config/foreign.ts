import { isMap, isNode, isScalar, stringify } from 'yaml';
import { compose, type Limits, TooMuch, wordsFor } from './document.ts';
import { readConfigurationFile } from './files.ts';
import { positionsIn } from './positions.ts';
import { Problems } from './problems.ts';

/** Files of other gateways, as plain values; and plain values as YAML of ours. */

/** A document that was not written for us. */
export interface ForeignFile {
  readonly file: string;
  readonly value: unknown;
  /** The line on which something stands, or the nearest thing around it. */
  lineOf(path: readonly (string | number)[]): number;
}

/** Exports of a store are larger than any configuration. */
const LARGEST = 32 * 1024 ** 2;
const LIMITS: Limits = { deepest: 64, lexemes: 1_000_000, entries: 200_000 };
/** Each use of an anchor counts with what it stands for, so that a few lines cannot become gigabytes. */
const MOST_ALIASED = 10_000;
const MOST_VALUES = 1_000_000;
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);

/** Reads YAML or JSON, anchors and merge keys included, within bounds. @throws ConfigError */
export async function readForeign(file: string): Promise<ForeignFile> {
  const problems = new Problems(file);
  const text = await readConfigurationFile(file, LARGEST).catch((error: unknown) => {
    problems.add(START, 'file', `the file ${error instanceof Error ? error.message : 'cannot be read'}`);
    return problems.throwAll();
  });
  return parseForeign(text, file);
}

const START = { line: 1, column: 1 };

/** As `readForeign`. A JSON text may also be several values one behind another, as some programs print lists. */
export function parseForeign(text: string, file: string): ForeignFile {
  const problems = new Problems(file);
  const json = /^\s*[[{]/.test(text) ? valuesOf(text) : undefined;
  if (json !== undefined) return { file, value: plain(json, problems), lineOf: () => 1 };

  const position = positionsIn(text);
  try {
    const [document, second] = compose(text, true, LIMITS);
    if (second) problems.add(position(second.range[0]), 'yaml', 'a second document begins here: write one per file');
    for (const error of document?.errors ?? []) problems.add(position(error.pos[0]), 'yaml', wordsFor(error, text));
    problems.throwIfAny();
    const value = plain(document?.toJS({ maxAliasCount: MOST_ALIASED }), problems);
    return {
      file,
      value,
      lineOf(path) {
        for (let end = path.length; end > 0; end--) {
          const parent: unknown = end === 1 ? document?.contents : document?.getIn(path.slice(0, end - 1), true);
          const node: unknown = isMap(parent)
            ? parent.items.find(({ key }) => isScalar(key) && String(key.value) === String(path[end - 1]))?.key
            : document?.getIn(path.slice(0, end), true);
          const offset = isNode(node) ? node.range?.[0] : undefined;
          if (offset !== undefined) return position(offset).line;
        }
        return 1;
      },
    };
  } catch (error) {
    if (error instanceof TooMuch) problems.add(position(error.offset), 'yaml', error.message);
    else if (error instanceof ReferenceError)
      problems.add(START, 'yaml', 'its aliases stand for too much, or for nothing');
    else throw error;
    return problems.throwAll();
  }
}

/** One JSON value, or a list of those that stand one behind another, on lines of their own; undefined for what is no JSON. */
function valuesOf(text: string): unknown {
  const begin = /\n(?=[{[])/;
  for (const texts of [[text], text.trim().split(begin)]) {
    try {
      const values = texts.map((one): unknown => JSON.parse(one.replace(/,\s*$/, '')));
      return values.length === 1 ? values[0] : values;
    } catch {
      // The next way, or none.
    }
  }
  return undefined;
}

/** A copy of maps, lists and scalars alone, in which nothing contains itself. */
function plain(value: unknown, problems: Problems): unknown {
  let count = 0;
  const copy = (one: unknown, depth: number): unknown => {
    if (++count > MOST_VALUES || depth > LIMITS.deepest) {
      problems.add(START, 'file', 'holds too much, nests too deep, or contains itself');
      return problems.throwAll();
    }
    if (Array.isArray(one)) return one.map((item) => copy(item, depth + 1));
    if (typeof one === 'bigint') return Number(one);
    if (typeof one !== 'object' || one === null) return one;
    const result: Record<string, unknown> = {};
    for (const [key, inner] of Object.entries(one)) {
      if (FORBIDDEN_KEYS.has(key)) {
        problems.add(START, 'file', `has a key "${key}", which is none`);
        return problems.throwAll();
      }
      result[key] = copy(inner, depth + 1);
    }
    return result;
  };
  return copy(value, 0);
}

/** Writes plain values as the YAML that our own files are written in. */
export function writeYaml(value: unknown): string {
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
}
