import type { Entry as LdaptsEntry } from 'ldapts';

/** An entry of the directory. Attributes are found in any case, because servers answer in their schema's, not in the asker's. */
export interface Entry {
  /** As the server wrote it: it goes back to the server unchanged. */
  readonly dn: string;
  /** The values that are text; empty when there are none or they may not be read. */
  texts(attribute: string): readonly string[];
  bytes(attribute: string): readonly Buffer[];
}

export function entryFrom({ dn, ...attributes }: LdaptsEntry): Entry {
  const values = new Map(Object.entries(attributes).map(([name, value]) => [name.toLowerCase(), [value].flat()]));
  const of = (attribute: string) => values.get(attribute.toLowerCase()) ?? [];
  return {
    dn,
    texts: (attribute) => of(attribute).filter((value) => typeof value === 'string'),
    bytes: (attribute) => of(attribute).map((value) => (typeof value === 'string' ? Buffer.from(value) : value)),
  };
}
