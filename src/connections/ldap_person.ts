import { EqualityFilter, type Filter } from 'ldapts';
import type { Identity } from '../model/token.ts';
import type { Entry } from './ldap_entry.ts';
import { comparedAttributes } from './ldap_filter.ts';
import { foldGroup, type LdapOptions } from './ldap_options.ts';

/** What an entry of the directory says about a person. */

/** Active Directory's flags of an account, and the one that disables it (MS-ADTS §2.2.16). */
const ACCOUNT_CONTROL = 'userAccountControl';
const ACCOUNT_DISABLED = 0x2;

/** The one attribute that Active Directory keeps as 16 bytes and people write as text. */
const isGuid = (attribute: string): boolean => attribute.toLowerCase() === 'objectguid';

/** Longer values do not become headers. */
const LONGEST_VALUE = 1024;

export const attributesOfPeople = ({ attributes, more_attributes, user_filter }: LdapOptions): readonly string[] => [
  ...new Set([
    ...Object.values(attributes),
    ...Object.values(more_attributes),
    ...comparedAttributes(user_filter),
    ACCOUNT_CONTROL,
  ]),
];

/** Attributes to be read as bytes, in the spelling that servers answer with. */
export const BINARY = ['objectGUID'];

export function isDisabled(entry: Entry): boolean {
  const flags = entry.texts(ACCOUNT_CONTROL);
  // What is no number cannot be told to be enabled.
  return flags.some((flag) => !/^-?\d{1,10}$/.test(flag) || (Number(flag) & ACCOUNT_DISABLED) !== 0);
}

/** The stable id; undefined when the entry has none, or several of which none could be called the one. */
export function idOf(entry: Entry, { attributes }: LdapOptions): string | undefined {
  const ids = isGuid(attributes.id)
    ? entry.bytes(attributes.id).filter(isGuidBytes).map(guidText)
    : entry.texts(attributes.id);
  const [id] = ids;
  return ids.length === 1 && id !== undefined && /^[^\p{Cc}]{1,256}$/u.test(id) ? id : undefined;
}

/** Finds the entry with an id that `idOf` gave. */
export function hasId(id: string, { attributes }: LdapOptions): Filter {
  return new EqualityFilter({ attribute: attributes.id, value: isGuid(attributes.id) ? guidBytes(id) : id });
}

/** @param connection its name is part of the subject, so that no id of a directory is ever an id of another connection. */
export function identityOf(
  entry: Entry,
  connection: string,
  groups: readonly string[],
  options: LdapOptions,
): Identity | undefined {
  const { attributes, more_attributes, group_roles, group_scopes } = options;
  const id = idOf(entry, options);
  if (id === undefined) return undefined;
  const first = (attribute: string) => entry.texts(attribute)[0];
  const [name, email, phoneNumber] = [first(attributes.name), first(attributes.email), first(attributes.phone)];
  const more = Object.entries(more_attributes)
    .map(([as, attribute]) => [as, first(attribute)] as const)
    .filter((pair): pair is [string, string] => pair[1] !== undefined && pair[1].length <= LONGEST_VALUE);
  return {
    subject: subjectOf(connection, id),
    username: first(attributes.username) ?? id,
    connection,
    roles: given(group_roles, groups),
    ...(group_scopes && { allowedScopes: given(group_scopes, groups) }),
    ...(more.length > 0 && { attributes: Object.fromEntries(more) }),
    ...(name !== undefined && { name }),
    ...(email !== undefined && { email }),
    ...(phoneNumber !== undefined && { phoneNumber }),
  };
}

const subjectOf = (connection: string, id: string): string => `${connection}|${id}`;

/** The id inside a subject of this connection; undefined for any other. */
export function idInSubject(connection: string, subject: string): string | undefined {
  return subject.startsWith(subjectOf(connection, '')) ? subject.slice(connection.length + 1) : undefined;
}

const given = (map: ReadonlyMap<string, readonly string[]>, groups: readonly string[]): readonly string[] => [
  ...new Set(groups.flatMap((group) => map.get(foldGroup(group)) ?? [])),
];

/** Where the bytes of a GUID stand in its text (MS-DTYP §2.3.4): the first three numbers are little-endian. */
const GUID_ORDER = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];

const isGuidBytes = (bytes: Buffer): boolean => bytes.length === GUID_ORDER.length;

function guidText(bytes: Buffer): string {
  const hex = Buffer.from(GUID_ORDER.map((at) => bytes[at] ?? 0)).toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function guidBytes(text: string): Buffer {
  const written = Buffer.from(text.replaceAll('-', ''), 'hex');
  const bytes = Buffer.alloc(GUID_ORDER.length);
  for (const [from, to] of GUID_ORDER.entries()) bytes[to] = written[from] ?? 0;
  return bytes;
}
