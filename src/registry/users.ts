import { randomUUID } from 'node:crypto';
import { foldUsername, type User } from '../model/client.ts';
import { ProtocolError } from '../model/failure.ts';
import type { DocumentStore } from '../stores/document_store.ts';
import { type Listing, mergedPage } from './pages.ts';

/**
 * The users of database connections. Usernames are compared folded (`foldUsername`): `Alice` signs in as `alice`.
 * Configured users win over stored ones with the same id or username, and can be changed in the configuration only.
 */
export interface UserRegistry {
  /** Whether a user of this id stands in the configuration, so that they cannot be changed here. */
  isConfigured(id: string): boolean;
  findByUsername(connection: string, username: string): Promise<User | undefined>;
  find(id: string): Promise<User | undefined>;
  /** Whoever has this e-mail address or phone number, in any connection; undefined if several configured users have. */
  findByContact(contact: Contact): Promise<User | undefined>;
  /** @param limit 1 to 1,000. */
  list(limit: number, after?: string): Promise<Listing<User>>;
  /** @throws ProtocolError `invalid_request` when the id or the username is taken. */
  add(draft: UserDraft): Promise<User>;
  /**
   * Replaces the password hash of a stored user: a better hash of the same password. @returns false, and changes nothing, for a
   * configured user, one that is gone, or one whose hash is not `expected` any more.
   */
  setPasswordHash(id: string, hash: string, expected: string): Promise<boolean>;
  /** @returns whether there was one. @throws ProtocolError `invalid_request` for configured users. */
  remove(id: string): Promise<boolean>;
}

export type Contact = { readonly email: string } | { readonly phoneNumber: string };

/** A user before it has an id. The password comes hashed: this room never sees one. */
export type UserDraft = Pick<User, 'connection' | 'username' | 'passwordHash'> & Partial<User>;

export interface UsersDependencies {
  readonly configured: readonly User[];
  readonly documents: DocumentStore;
}

const LONGEST_USERNAME = 256;

/** @throws Error when two configured users of a connection have usernames that fold alike, or two share an id. */
export function createUsers({ configured, documents }: UsersDependencies): UserRegistry {
  const fixed = uniqueBy(configured, (user) => user.id);
  const fixedByName = uniqueBy(configured, (user) => nameKey(user.connection, user.username));

  async function find(id: string): Promise<User | undefined> {
    return fixed.get(id) ?? (await documents.get('user', id));
  }

  async function findByUsername(connection: string, username: string): Promise<User | undefined> {
    if (username.length > LONGEST_USERNAME) return undefined;
    const key = nameKey(connection, username);
    const known = fixedByName.get(key);
    if (known) return known;
    const pointer = await documents.get('username', key);
    if (!pointer || fixed.has(pointer.id)) return undefined;
    const user = await documents.get('user', pointer.id);
    // A pointer that leads to somebody else is left over from a half-done removal: it must not sign anybody in.
    return user && nameKey(user.connection, user.username) === key ? user : undefined;
  }

  async function findByContact(contact: Contact): Promise<User | undefined> {
    const key = contactKey(contact);
    const known = configured.filter((user) => contactsOf(user).includes(key));
    if (known.length > 0) return known.length === 1 ? known[0] : undefined;
    const pointer = await documents.get('contact', key);
    const user = pointer && !fixed.has(pointer.id) ? await documents.get('user', pointer.id) : undefined;
    return user && contactsOf(user).includes(key) ? user : undefined;
  }

  async function add(draft: UserDraft): Promise<User> {
    const user: User = { roles: [], disabled: false, ...draft, id: draft.id ?? randomUUID() };
    const key = nameKey(user.connection, user.username);
    const isNew = !fixed.has(user.id) && (await documents.put('user', user.id, user, { ifAbsent: true }));
    if (!isNew) throw taken(`id '${user.id}'`);
    // The name second: a crash in between leaves a user that nobody can sign in as, never a name that nobody can take.
    const isFree = !fixedByName.has(key) && (await documents.put('username', key, { id: user.id }, { ifAbsent: true }));
    if (isFree) {
      // Whoever had a number or address first keeps it: a second one with it can sign in by password, not by a code sent there.
      for (const key of contactsOf(user)) await documents.put('contact', key, { id: user.id }, { ifAbsent: true });
      return user;
    }
    await documents.delete('user', user.id);
    throw taken(`username '${user.username}' in the connection '${user.connection}'`);
  }

  async function setPasswordHash(id: string, passwordHash: string, expected: string): Promise<boolean> {
    const user = fixed.has(id) ? undefined : await documents.get('user', id);
    if (!user || user.passwordHash !== expected) return false;
    // Who was removed meanwhile must stay so.
    return documents.put('user', id, { ...user, passwordHash }, { ifPresent: true });
  }

  async function remove(id: string): Promise<boolean> {
    if (fixed.has(id)) {
      throw new ProtocolError('invalid_request', `User '${id}' is in the configuration file: change it there.`);
    }
    const user = await documents.get('user', id);
    if (!user) return false;
    const removed = await documents.delete('user', id);
    for (const key of contactsOf(user)) {
      const pointer = await documents.get('contact', key);
      if (pointer?.id === id) await documents.delete('contact', key);
    }
    await documents.delete('username', nameKey(user.connection, user.username));
    return removed;
  }

  return {
    isConfigured: (id) => fixed.has(id),
    find,
    findByUsername,
    findByContact,
    list: (limit, after) => mergedPage({ kind: 'user', documents, configured: fixed, limit, after }),
    add,
    setPasswordHash,
    remove,
  };
}

const contactKey = (contact: Contact): string =>
  'email' in contact ? `email:${contact.email.toLowerCase()}` : `phone:${contact.phoneNumber}`;

const contactsOf = ({ email, phoneNumber }: User): readonly string[] => [
  ...(email === undefined ? [] : [contactKey({ email })]),
  ...(phoneNumber === undefined ? [] : [contactKey({ phoneNumber })]),
];

/** Connection names have no colon, so no two users share a key. */
const nameKey = (connection: string, username: string): string => `${connection}:${foldUsername(username)}`;

function uniqueBy(users: readonly User[], key: (user: User) => string): ReadonlyMap<string, User> {
  const map = new Map(users.map((user) => [key(user), user]));
  if (map.size < users.length)
    throw new Error('two configured users have the same id, or usernames that differ in case only');
  return map;
}

const taken = (what: string) =>
  new ProtocolError('invalid_request', `There is a user with the ${what} already: choose another.`);
