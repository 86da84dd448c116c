import { Filter, FilterParser } from 'ldapts';
import { foldUsername } from '../model/client.ts';
import type { Entry } from './ldap_entry.ts';

/**
 * Filters of the configuration with values put in (RFC 4515). Every value is escaped, whoever it comes from, and the filter is
 * parsed after that: what a value contains can only be compared with, never read as a filter.
 */

/** `(uid={username})`, also with fixed text around it: `(userPrincipalName={username}@corp.example.com)`. */
const COMPARISON = /\(([A-Za-z][A-Za-z0-9-]*)=([^()*\\{}]*)\{username\}([^()*\\{}]*)\)/g;

/** Puts the named values into a filter of the configuration, in one pass: a value that looks like a placeholder stays a value. */
export function filled(template: string, values: Readonly<Record<string, string>>): Filter {
  return FilterParser.parseString(
    template.replace(/\{(\w+)\}/g, (mark, name: string) => {
      const value = Object.hasOwn(values, name) ? values[name] : undefined;
      return value === undefined ? mark : Filter.escape(value);
    }),
  );
}

/** Whether a text is a filter whose placeholders are all among `known`, with at least one of them. */
export function isFilter(text: string, known: readonly string[]): boolean {
  const used = [...text.matchAll(/\{([^{}]*)\}/g)].map(([, name]) => name ?? '');
  if (used.length === 0 || !used.every((name) => known.includes(name))) return false;
  try {
    filled(text, Object.fromEntries(known.map((name) => [name, 'x'])));
    return true;
  } catch {
    return false;
  }
}

/** Whether a filter compares the typed name for equality wherever it has it: then what was found can be compared with it again. */
export const isUserFilter = (text: string): boolean =>
  isFilter(text, ['username']) && text.replace(COMPARISON, '').indexOf('{username}') < 0;

/** The attributes that a user filter compares with the typed name. */
export const comparedAttributes = (template: string): readonly string[] =>
  [...template.matchAll(COMPARISON)].map(([, attribute]) => attribute ?? '');

/**
 * Whether the entry has the typed name, upper and lower case aside. A directory also ignores spaces and invisible characters and
 * takes look-alikes for one (RFC 4518); for Gatehouse those are other names, or each would be a fresh account to guess at.
 */
export function isNamed(template: string, username: string, entry: Entry): boolean {
  return [...template.matchAll(COMPARISON)].some(([, attribute = '', before = '', after = '']) => {
    const expected = foldUsername(`${before}${username}${after}`);
    return entry.texts(attribute).some((value) => foldUsername(value) === expected);
  });
}

/** The user filter for whoever has a name at all. */
export const anybody = (template: string): Filter => FilterParser.parseString(template.replaceAll('{username}', '*'));
