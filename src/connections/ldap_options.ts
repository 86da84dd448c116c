import { z } from 'zod';
import { duration, name, scope } from '../model/fields.ts';
import { isFilter, isUserFilter } from './ldap_filter.ts';

/** What the YAML says about a directory, and the defaults of the two kinds of directory. */

const attribute = () =>
  z.string().regex(/^[A-Za-z][A-Za-z0-9-]{0,127}$/, 'must be the name of an attribute, such as mail');

const dn = () =>
  z
    .string()
    .max(1024)
    .regex(/^[A-Za-z0-9.-]+ *=[^\0]+$/, 'must be a distinguished name such as ou=people,dc=example,dc=com');

const url = () =>
  z.string().refine(isServer, 'must be ldap://HOST or ldaps://HOST, with an optional port and nothing after it');

/** A time to wait for an answer. */
const wait = (standard: string) =>
  duration()
    .refine((time) => time >= 10 && time <= 60_000, 'must be from 10ms to 1m')
    .prefault(standard);

const password = () =>
  // An empty one would be an unauthenticated bind (RFC 4513 §5.1.2), which many servers accept.
  z.string().refine((text) => text.trim() !== '' && !text.includes('\0'), 'must not be empty');

const GENERIC = {
  filter: '(&(objectClass=person)(uid={username}))',
  attributes: { id: 'entryUUID', username: 'uid', name: 'cn', email: 'mail', phone: 'telephoneNumber' },
};
const ACTIVE_DIRECTORY = {
  filter: '(&(objectClass=user)(sAMAccountName={username}))',
  attributes: {
    id: 'objectGUID',
    username: 'sAMAccountName',
    name: 'displayName',
    email: 'mail',
    phone: 'telephoneNumber',
  },
};

const groups = z
  .strictObject({
    base_dn: dn().optional().describe('Below which groups are searched; `base_dn` of the connection if absent.'),
    filter: z
      .string()
      .refine(
        (text) => isFilter(text, ['dn', 'username']),
        'must be a filter with {dn} or {username}, such as (member={dn})',
      )
      .default('(member={dn})')
      .describe("Finds a user's groups. Active Directory, nested: (member:1.2.840.113556.1.4.1941:={dn})."),
    attribute: attribute().default('cn').describe('The attribute that holds the name of the group.'),
  })
  .describe('Where the groups of a user are found. Without it no groups are asked for.');

const schema = z.strictObject({
  directory: z
    .enum(['generic', 'active_directory'])
    .default('generic')
    .describe('Decides the defaults of `user_filter` and `attributes`.'),
  url: url().optional().describe('The server; `urls` for several.'),
  urls: z
    .array(url())
    .min(1)
    .max(16)
    .optional()
    .describe('Servers with the same content: the last good one is asked first.'),
  start_tls: z.boolean().default(false).describe('Encrypts an ldap:// connection before anything is said over it.'),
  allow_insecure: z
    .boolean()
    .default(false)
    .describe('Accepts ldap:// without start_tls to other machines: passwords cross the network readably.'),
  tls: z
    .strictObject({
      ca: z
        .string()
        .regex(/-----BEGIN CERTIFICATE-----/, 'must be certificates in PEM; file:PATH reads them from a file')
        .optional()
        .describe("The authorities to trust, as PEM, instead of the system's."),
    })
    .prefault({})
    .describe('How servers are trusted.'),
  bind_dn: z
    .string()
    .min(1)
    .max(1024)
    // ldapts takes these words for SASL mechanisms.
    .regex(/^(?!(EXTERNAL|PLAIN|DIGEST-MD5|SCRAM-SHA-1)$)[^\0]+$/, 'must be the name of the service account')
    .optional()
    .describe('The service account that searches; without it, searches are anonymous.'),
  bind_password: password().optional().describe('Its password.'),
  base_dn: dn().describe('Below which users are searched.'),
  user_filter: z
    .string()
    .refine(isUserFilter, 'must be a filter that compares {username} for equality, such as (uid={username})')
    .optional()
    .describe(`Finds the one entry of whoever signs in. Generic: ${GENERIC.filter}`),
  attributes: z
    .strictObject({
      id: attribute().optional().describe('Stable and never used again: entryUUID, or objectGUID.'),
      username: attribute().optional().describe('The user name: uid, or sAMAccountName.'),
      name: attribute().optional().describe('X-User-Name: cn, or displayName.'),
      email: attribute().optional().describe('X-User-Email: mail.'),
      phone: attribute().optional().describe('telephoneNumber.'),
    })
    .prefault({})
    .describe('The attributes of an entry that hold what Gatehouse wants to know.'),
  more_attributes: z
    .record(name(), attribute())
    .default({})
    .describe(
      'What else upstreams are told, by the names in identity_headers.attributes: { department: departmentNumber }.',
    ),
  groups: groups.optional(),
  group_roles: z
    .record(z.string(), z.array(name()))
    .default({})
    .describe('Roles that a group gives: { gateway-admins: [admin] }.'),
  group_scopes: z
    .record(z.string(), z.array(scope()))
    .optional()
    .describe(
      "Scopes that a group allows. With it, a user gets no scope that none of their groups allows; never more than the client's.",
    ),
  connect_timeout: wait('250ms').describe('To reach a server, before the next one is tried.'),
  operation_timeout: wait('2s').describe('For one answer of a server, before the next one is tried.'),
  timeout: wait('5s').describe('For a whole sign-in, over all servers.'),
  pool: z
    .strictObject({
      size: z
        .int()
        .min(1)
        .max(100)
        .default(8)
        .describe('Connections to a server for searches, and as many for passwords.'),
      idle: duration()
        .refine((time) => time <= 3_600_000, 'must be at most 1h')
        .prefault('60s')
        .describe('An unused connection is closed after this time.'),
    })
    .prefault({})
    .describe('Connections that are kept open.'),
});

export const ldapOptions = schema
  .superRefine((it, context) => {
    const objection = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    const servers = it.urls ?? (it.url === undefined ? [] : [it.url]);
    if ((it.url === undefined) === (it.urls === undefined))
      objection('url', 'give either url, or urls for several servers');
    if ((it.bind_dn === undefined) !== (it.bind_password === undefined))
      objection('bind_password', 'bind_dn and bind_password belong together: give both or neither');
    if (it.start_tls && servers.some(isSecure))
      objection('start_tls', 'is for ldap:// only: ldaps:// is encrypted from the start');
    if (!it.start_tls && !it.allow_insecure && servers.some((server) => !isSecure(server) && !isLocal(server)))
      objection(
        'url',
        'passwords would cross the network readably: use ldaps://, start_tls: true, or allow_insecure: true',
      );
    if (it.groups === undefined && (it.group_scopes !== undefined || Object.keys(it.group_roles).length > 0))
      objection('groups', 'is needed for group_roles and group_scopes: say where groups are found, or write {}');
  })
  .transform(({ url, urls, user_filter, attributes, group_roles, group_scopes, ...it }) => {
    const defaults = it.directory === 'active_directory' ? ACTIVE_DIRECTORY : GENERIC;
    return {
      ...it,
      urls: urls ?? (url === undefined ? [] : [url]),
      user_filter: user_filter ?? defaults.filter,
      attributes: {
        id: attributes.id ?? defaults.attributes.id,
        username: attributes.username ?? defaults.attributes.username,
        name: attributes.name ?? defaults.attributes.name,
        email: attributes.email ?? defaults.attributes.email,
        phone: attributes.phone ?? defaults.attributes.phone,
      },
      group_roles: byGroup(group_roles),
      group_scopes: group_scopes && byGroup(group_scopes),
    };
  });
export type LdapOptions = z.infer<typeof ldapOptions>;

/** Names of groups are compared without regard to case, as directories do. */
export const foldGroup = (group: string): string => group.normalize('NFC').toLowerCase();

const byGroup = (map: Readonly<Record<string, readonly string[]>>): ReadonlyMap<string, readonly string[]> =>
  new Map(Object.entries(map).map(([group, gives]) => [foldGroup(group), gives]));

function isServer(text: string): boolean {
  const at = URL.parse(text);
  return (
    at !== null &&
    /^ldaps?:$/.test(at.protocol) &&
    at.hostname !== '' &&
    at.username === '' &&
    /^ldaps?:\/\/[^/?#@\s]+\/?$/.test(text)
  );
}

const isSecure = (server: string): boolean => server.startsWith('ldaps:');
const isLocal = (server: string): boolean =>
  /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(URL.parse(server)?.hostname ?? '');
