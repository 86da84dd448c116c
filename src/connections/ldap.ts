import { randomUUID } from 'node:crypto';
import { AndFilter, type Filter } from 'ldapts';
import type { Identity } from '../model/token.ts';
import { milliseconds } from '../model/units.ts';
import { variant } from '../model/variant.ts';
import type { Connection, ConnectionDependencies } from './connection.ts';
import type { Entry } from './ldap_entry.ts';
import { anybody, filled, isNamed } from './ldap_filter.ts';
import { type LdapOptions, ldapOptions } from './ldap_options.ts';
import { attributesOfPeople, BINARY, hasId, identityOf, idInSubject, isDisabled } from './ldap_person.ts';
import { createRecent } from './ldap_recent.ts';
import { createServers } from './ldap_servers.ts';

/**
 * Users of an LDAP directory or of Active Directory: search with the service account, then bind as the one entry that was found.
 * It keeps no password and says nothing of what it found but the identity. What a server does not answer definitely is
 * `DependencyUnavailable`, never a refused password: a directory that is away must not lock anybody out.
 */
export const ldap = variant<LdapOptions, ConnectionDependencies, readonly Connection[]>({
  type: 'ldap',
  options: ldapOptions,
  create: (options, dependencies) => [createLdap(options, dependencies)],
});

const LONGEST = { username: 256, password: 1024 };
/** How long a user may keep what the directory has taken away: tokens are not issued on anything older. */
const RECENT = { age: milliseconds(60_000), entries: 10_000 };
/** More groups than that are not looked at: each could only add rights. */
const MOST_GROUPS = 1_000;

function createLdap(options: LdapOptions, { name, clock, report }: ConnectionDependencies): Connection {
  const servers = createServers(options, report);
  const recent = createRecent<Identity>(clock, RECENT);

  return {
    kind: 'password',
    name,
    async signIn(username, password) {
      // 1. What must not reach a server: an empty password would be a successful anonymous bind (RFC 4513 §5.1.2).
      if (!isUsername(username) || !isPassword(password)) return { ok: false };
      const deadline = AbortSignal.timeout(options.timeout);

      // 2. Exactly one entry, whose name is the one that was typed.
      const entry = await onlyEntry(filled(options.user_filter, { username }), deadline);
      const found = entry && isNamed(options.user_filter, username, entry) ? entry : undefined;

      // 3. The password, of a made-up entry too: an answer without a bind would come sooner and tell that there is none.
      const proven = await servers.prove(found?.dn ?? `cn=${randomUUID()},${options.base_dn}`, password, deadline);
      if (!found || !proven || isDisabled(found)) return { ok: false };

      // 4. Who they are.
      const identity = await identify(found, deadline);
      return identity ? { ok: true, identity } : { ok: false };
    },

    async current({ subject }) {
      const id = idInSubject(name, subject);
      if (id === undefined) return undefined;
      const known = recent.get(subject);
      if (known) return known;
      const deadline = AbortSignal.timeout(options.timeout);
      // Whoever the user filter does not find any more may not sign in any more, whatever their name is by now.
      const filters = [anybody(options.user_filter), hasId(id, options)];
      const entry = await onlyEntry(new AndFilter({ filters }), deadline);
      return entry && !isDisabled(entry) ? identify(entry, deadline) : undefined;
    },
  };

  async function onlyEntry(filter: Filter, deadline: AbortSignal): Promise<Entry | undefined> {
    const attributes = attributesOfPeople(options);
    const found = await servers.search(
      { base: options.base_dn, filter, attributes, binary: BINARY, limit: 2 },
      deadline,
    );
    if (found.length > 1) report('ldap_several_entries');
    const [entry] = found;
    // A name without a key and value is not an entry's (the root's is empty); a bind with it would prove nothing.
    return found.length === 1 && entry?.dn.includes('=') ? entry : undefined;
  }

  async function identify(entry: Entry, deadline: AbortSignal): Promise<Identity | undefined> {
    const identity = identityOf(entry, name, await groupsOf(entry, deadline), options);
    if (identity) recent.set(identity.subject, identity);
    else report('ldap_entry_without_id', { attribute: options.attributes.id });
    return identity;
  }

  async function groupsOf(entry: Entry, deadline: AbortSignal): Promise<readonly string[]> {
    const { groups, attributes, base_dn } = options;
    if (!groups) return [];
    const [username = ''] = entry.texts(attributes.username);
    const entries = await servers.search(
      {
        base: groups.base_dn ?? base_dn,
        filter: filled(groups.filter, { dn: entry.dn, username }),
        attributes: [groups.attribute],
        limit: MOST_GROUPS,
        paged: true,
      },
      deadline,
    );
    if (entries.length >= MOST_GROUPS) report('ldap_too_many_groups', { most: MOST_GROUPS });
    return entries.flatMap((group) => group.texts(groups.attribute));
  }
}

const isUsername = (text: string): boolean =>
  text.length <= LONGEST.username && text.trim() !== '' && !/\p{Cc}/u.test(text);

const isPassword = (text: string): boolean =>
  text.trim() !== '' && !text.includes('\0') && Buffer.byteLength(text) <= LONGEST.password;
