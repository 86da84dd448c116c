import { name } from '../model/fields.ts';

/** Names that our files can have, made of those that other gateways take. */

export const isName = (text: string): boolean => name().safeParse(text).success;

/** A name that logs, metrics and keys can carry. */
export function nameFrom(text: string): string {
  const plain = text.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[^A-Za-z0-9]+|-+$/g, '');
  return plain.slice(0, 120) || 'unnamed';
}

/** A name for people, on one line; undefined if nothing is left of it. */
export function labelFrom(text: string): string | undefined {
  const line = text.replace(/\p{Cc}/gu, ' ').trim();
  return line.slice(0, 256) || undefined;
}

/** Hands out names of which no two are alike. */
export class Names {
  readonly #taken = new Set<string>();

  take(wanted: string): string {
    const plain = nameFrom(wanted);
    let free = plain;
    for (let count = 2; this.#taken.has(free); count++) free = `${plain}-${count}`;
    this.#taken.add(free);
    return free;
  }
}
