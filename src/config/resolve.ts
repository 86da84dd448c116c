import { isAlias, isMap, isScalar, isSeq, type Pair, type ParsedNode, type YAMLMap } from 'yaml';
import type { ParsedFile } from './document.ts';
import type { ReadFile } from './files.ts';
import { keyOf, type Path, type Position, type Problems } from './problems.ts';
import { type Environment, scalarFrom, substitute } from './substitute.ts';

/** The file's values with variables and secret files put in, and the way back from a value to its place in the file. */
export interface Values {
  readonly root: unknown;
  /** Where the value (or its key) stands; if there is none, the nearest thing around it. */
  position(path: Path, of?: 'key' | 'value'): Position;
  /** Whether the value at the path, or one around it, already has a problem; a second one would only repeat it. */
  reported(path: Path): boolean;
  /** Reads a value that came from `${…}` and looked like a number or boolean as the text it was. @returns false if it did not. */
  readAsText(path: Path): boolean;
  /** Puts another value into a place: a default, or the long form of a short one. */
  put(path: Path, value: unknown): void;
}

export interface Sources {
  readonly env: Environment;
  /** Reads what `file:` names. @throws Error whose message says why it cannot, without content. */
  readonly readSecret: ReadFile;
}

/** Names that reach into every object's prototype; none of them is a key of ours. */
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);
const LONGEST_KEY = 128;
/** No value is near it; substituting in a megabyte of `${A}` takes a hundred of memory. */
const LONGEST_TEXT = 16_384;

export function resolveValues(file: ParsedFile, sources: Sources, problems: Problems): Values {
  const broken = new Set<ParsedNode>();
  const retypable = new Map<ParsedNode, string>();

  const report = (node: ParsedNode, path: Path, message: string) =>
    problems.add(file.position(node.range[0]), keyOf(path), message);
  const refuse = (node: ParsedNode, path: Path, message: string): undefined => {
    report(node, path, message);
    broken.add(node);
    return undefined;
  };

  function resolveNode(node: ParsedNode, path: Path): unknown {
    if (isAlias(node)) return refuse(node, path, 'aliases (*) are not accepted: write the value out');
    if (node.anchor !== undefined) report(node, path, 'anchors (&) are not accepted: remove it');
    if (node.tag !== undefined) report(node, path, 'tags (!) are not accepted: remove it');
    if (isMap(node)) return mapping(node, path);
    if (isSeq(node)) return node.items.map((item, index) => resolveNode(item as ParsedNode, [...path, index]));
    if (!isScalar(node)) return undefined;
    return typeof node.value === 'string' ? text(node, node.value, path) : node.value;
  }

  function mapping(node: YAMLMap.Parsed, path: Path): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    const seen = new Map<string, ParsedNode>();
    for (const { key: keyNode, value } of node.items) {
      const key = keyName(keyNode);
      if (key === undefined) {
        refuse(keyNode, path, 'a key must be plain text, of at most 128 characters');
        continue;
      }
      // In { secret: a,b } the b is a key by itself. It is not named, because it is half of what may be a secret.
      if (value === null) {
        refuse(keyNode, path, 'a key without a colon and a value: put a value that contains a comma in quotes');
        continue;
      }
      const at = [...path, key];
      const first = seen.get(key);
      if (key === '<<') refuse(keyNode, at, 'merge keys (<<) are not accepted: write the keys out');
      else if (FORBIDDEN_KEYS.has(key)) refuse(keyNode, at, 'is not accepted as a key: remove it');
      else if (first) {
        const { line } = file.position(first.range[0]);
        refuse(keyNode, at, `the key is there twice, first in line ${line}: keep one`);
      } else result[key] = resolveNode(value, at);
      seen.set(key, first ?? keyNode);
    }
    return result;
  }

  function text(node: ParsedNode, written: string, path: Path): unknown {
    if (written.length > LONGEST_TEXT) return refuse(node, path, `is longer than ${LONGEST_TEXT} characters`);
    const done = substitute(written, sources.env);
    if (!done.ok) return refuse(node, path, done.problem);
    // Only what the file itself says may name a file to read, not the content of a variable.
    if (written.startsWith('file:') && !written.startsWith('file://'))
      return secret(node, done.text.slice(5), path, written.slice(5));
    const scalar = done.whole ? scalarFrom(done.text) : done.text;
    if (typeof scalar !== 'string') retypable.set(node, done.text);
    return scalar;
  }

  /** @param written the path as it stands in the file, which is what may be told: variables in it are not put in. */
  function secret(node: ParsedNode, name: string, path: Path, written: string): unknown {
    try {
      return sources.readSecret(name).replace(/\r?\n$/, '');
    } catch (error) {
      const reason = error instanceof Error ? error.message : 'cannot be read';
      return refuse(
        node,
        path,
        `the file it names (${told(written)}) ${reason}: correct the path, which starts from the folder of this file`,
      );
    }
  }

  const root = resolveNode(file.root, []);
  return {
    root,
    position: (path, of = 'value') => {
      const { node, key } = nearest(file.root, path);
      return file.position((of === 'key' && key ? key : node).range[0]);
    },
    reported: (path) => path.some((_, end) => broken.has(nearest(file.root, path.slice(0, end + 1)).node)),
    readAsText: (path) => {
      const original = retypable.get(nearest(file.root, path).node);
      if (original !== undefined) replace(root, path, original);
      return original !== undefined;
    },
    put: (path, value) => replace(root, path, value),
  };
}

/** A path in one line, cut where it is longer than anybody would read. */
const told = (path: string): string => path.replace(/[^\x20-\x7e]/g, '?').slice(0, 256);

function keyName(node: ParsedNode): string | undefined {
  if (!isScalar(node) || node.anchor !== undefined || node.tag !== undefined) return undefined;
  // A key such as 8080 or true is meant as the text it is.
  const name = typeof node.value === 'string' ? node.value : node.source;
  return name !== undefined && name !== '' && name.length <= LONGEST_KEY ? name : undefined;
}

/** Follows the path as far as the file goes. */
function nearest(root: ParsedNode, path: Path): { node: ParsedNode; key?: ParsedNode | undefined } {
  let node = root;
  let key: ParsedNode | undefined;
  for (const step of path) {
    let next: ParsedNode | null | undefined;
    key = undefined;
    if (isMap(node)) {
      const pair: Pair<ParsedNode, ParsedNode | null> | undefined = node.items.find((it) => keyName(it.key) === step);
      key = pair?.key;
      next = pair?.value ?? pair?.key;
    } else if (isSeq(node) && typeof step === 'number') next = node.items[step] as ParsedNode | undefined;
    if (!next) return { node };
    node = next;
  }
  return { node, key };
}

function replace(root: unknown, path: Path, value: unknown): void {
  const parent = path.slice(0, -1).reduce<unknown>((at, step) => (isIndexable(at) ? at[step] : undefined), root);
  const last = path.at(-1);
  if (isIndexable(parent) && last !== undefined) parent[last] = value;
}

const isIndexable = (value: unknown): value is Record<string | number, unknown> =>
  typeof value === 'object' && value !== null;
