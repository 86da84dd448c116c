import type { z } from 'zod';
import { keysOf } from './mapping_schema.ts';

/** What somebody most likely meant by a word; undefined when nothing is near. */
export type Suggest = (word: string, candidates: readonly string[]) => string | undefined;

/**
 * Words for what a schema refused: what is wrong, what would be right. Handed to every parse, so schemas carry messages of their
 * own only where a rule needs explaining. Never repeats the value, which may be secret.
 */
export function refusalWords(issue: z.core.$ZodRawIssue, suggest: Suggest = () => undefined): string | undefined {
  switch (issue.code) {
    case 'invalid_type': {
      const right = `it must be ${KINDS[issue.expected] ?? issue.expected}`;
      if (issue.input === undefined) return `is missing: ${right}`;
      if (issue.input === null) return `is empty: ${right}`;
      const quotes = issue.expected === 'string' && typeof issue.input !== 'object' ? '; put it in quotes' : '';
      return `is ${kindOf(issue.input)}: ${right}${quotes}`;
    }
    case 'invalid_value': {
      const allowed = issue.values.map(String);
      const meant = typeof issue.input === 'string' ? suggest(issue.input, allowed) : undefined;
      const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
      return `${issue.input === undefined ? 'is missing: it ' : ''}must be ${oneOf(allowed)}${hint}`;
    }
    case 'too_small':
      if (issue.origin === 'string')
        return issue.minimum === 1 ? 'must not be empty' : `must have at least ${issue.minimum} characters`;
      if (issue.origin === 'array')
        return issue.minimum === 1 ? 'must not be empty' : `must have at least ${issue.minimum} entries`;
      return `must be at least ${issue.minimum}`;
    case 'too_big':
      if (issue.origin === 'string') return `must have at most ${issue.maximum} characters`;
      if (issue.origin === 'array') return `must have at most ${issue.maximum} entries`;
      return `must be at most ${issue.maximum}`;
    case 'unrecognized_keys':
      // An issue does not say which schema it came from, so the allowed keys travel as its message.
      return keysOf(issue.inst).join(' ');
    default:
      return undefined;
  }
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  return typeof value === 'string' ? 'text' : typeof value === 'boolean' ? 'true or false' : 'a number';
}

export function oneOf(names: readonly string[]): string {
  if (names.length < 2) return names[0] ?? 'nothing';
  return `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}
