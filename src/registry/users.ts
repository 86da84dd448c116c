import { randomUUID } from 'node:crypto';
import type { User } from '../model/client.ts';
import type { Clock } from '../model/clock.ts';
import { inSeconds } from '../model/units.ts';
import type { DocumentStore } from '../stores/document_store.ts';
import { changing } from './changing.ts';
import { type Listing, mergedPage, mergedSearch } from './pages.ts';
import { RegistryProblem } from './problem.ts';
import {
  type Contact,
  contactKey,
  contactPointers,
  contactsOf,
  createUserPointers,
  nameKey,
  namePointer,
} from './user_pointers.ts';

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
  /**
   * Those whose id, username, e-mail address or phone number, or a word of whose name, begins with the text.
   * @param after the `next` of a page of the same search.
   */
  search(text: string, limit: number, after?: string): Promise<Listing<User>>;
  /** @throws RegistryProblem `taken`. */
  add(draft: UserDraft): Promise<User>;
  /**
   * Changes what an operator may change. Of two changes at once the second begins with what the first one made.
   * @param change may run several times; what it throws ends the update.
   * @throws RegistryProblem `not_found`, `configured`, `taken` for a username, `changed`.
   */
  update(id: string, change: (user: User) => UserEdit): Promise<User>;
  /**
   * Replaces the password hash of a stored user: a better hash of the same password. @returns false, and changes nothing, for a
   * configured user, one that is gone, or one whose hash is not `expected` any more.
   */
  setPasswordHash(id: string, hash: string, expected: string): Promise<boolean>;
  /** @returns whether there was one. @throws RegistryProblem `configured`. */
  remove(id: string): Promise<boolean>;
}

/** A user before it has an id. The password comes hashed: this room never sees one. */
export type UserDraft = Pick<User, 'connection' | 'username' | 'passwordHash'> & Partial<Omit<User, 'createdAt'>>;

/** What may be changed of a user, each as it is to be: `undefined` takes an optional part away. */
export type UserEdit = Partial<Omit<User, 'id' | 'connection' | 'createdAt'>>;

export interface UsersDependencies {
  readonly configured: readonly User[];
  readonly documents: DocumentStore;
  readonly clock: Clock;
}

/** Longer ids exist nowhere; asking the store for them would only cost memory. */
const LONGEST_ID = 256;
const LONGEST_USERNAME = 256;

/** @throws Error when two configured users of a connection have usernames that fold alike, or two share an id. */
export function createUsers({ configured, documents, clock }: UsersDependencies): UserRegistry {
  const pointers = createUserPointers(documents);
  const fixed = uniqueBy(configured, (user) => user.id);
  const fixedByName = uniqueBy(configured, (user) => nameKey(user.connection, user.username));

  async function find(id: string): Promise<User | undefined> {
    if (id.length > LONGEST_ID) return undefined;
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
    const createdAt = inSeconds(clock.now());
    const user: User = { roles: [], disabled: false, ...draft, id: draft.id ?? randomUUID(), createdAt };
    const isNew = !fixed.has(user.id) && (await documents.put('user', user.id, user, { ifAbsent: true }));
    if (!isNew) throw taken('id', `id '${user.id}'`);
    const name = namePointer(user);
    if (!fixedByName.has(name.key) && (await pointers.take(name, user.id))) {
      await takeContacts(user);
      return user;
    }
    await documents.delete('user', user.id);
    throw nameTaken(user);
  }

  async function update(id: string, change: (user: User) => UserEdit): Promise<User> {
    refuseConfigured(id);
    let gaveBack = false;
    const done = await changing(documents, 'user', id, async (before) => {
      const after = { ...before, ...change(before) };
      const isRenamed = namePointer(after).key !== namePointer(before).key;
      if (isRenamed && (await isNameTaken(after))) throw nameTaken(after);
      const kept = contactsOf(after);
      const going = [
        ...(isRenamed ? [namePointer(before)] : []),
        ...contactPointers(before).filter(({ key }) => !kept.includes(key)),
      ];
      for (const pointer of going) await pointers.giveBack(pointer, id);
      gaveBack ||= going.length > 0;
      return after;
    }).catch(async (error: unknown) => {
      const still = gaveBack ? await documents.get('user', id) : undefined;
      if (still) await takeAll(still);
      throw error;
    });
    if (!done) throw noSuchUser(id);
    if (await takeAll(done.after)) return done.after;
    // Somebody took the name in this very moment.
    await restoreName(done.before, done.after);
    throw nameTaken(done.after);
  }

  async function isNameTaken(user: User): Promise<boolean> {
    const name = namePointer(user);
    return fixedByName.has(name.key) || pointers.isTaken(name, user.id);
  }

  /** @returns whether the username is theirs. */
  async function takeAll(user: User): Promise<boolean> {
    if (!(await pointers.take(namePointer(user), user.id))) return false;
    await takeContacts(user);
    return true;
  }

  /** Whoever had a number or address first keeps it: a second one with it can sign in by password, not by a code sent there. */
  async function takeContacts(user: User): Promise<void> {
    for (const contact of contactPointers(user)) await pointers.take(contact, user.id);
  }

  async function restoreName({ username }: User, { id, ...taken }: User): Promise<void> {
    const restored = await changing(documents, 'user', id, (user) =>
      user.username === taken.username ? { ...user, username } : user,
    );
    if (restored) await takeAll(restored.after);
  }

  async function setPasswordHash(id: string, passwordHash: string, expected: string): Promise<boolean> {
    if (fixed.has(id)) return false;
    let isExpected = false;
    const done = await changing(documents, 'user', id, (user) => {
      isExpected = user.passwordHash === expected;
      return isExpected ? { ...user, passwordHash } : user;
    });
    return done !== undefined && isExpected;
  }

  async function remove(id: string): Promise<boolean> {
    refuseConfigured(id);
    const user = id.length > LONGEST_ID ? undefined : await documents.get('user', id);
    if (!user) return false;
    for (const pointer of [...contactPointers(user), namePointer(user)]) await pointers.giveBack(pointer, id);
    return documents.delete('user', id);
  }

  function refuseConfigured(id: string): void {
    if (!fixed.has(id)) return;
    throw new RegistryProblem('configured', `User '${id}' is in the configuration file: change it there.`);
  }

  return {
    isConfigured: (id) => fixed.has(id),
    find,
    findByUsername,
    findByContact,
    list: (limit, after) => mergedPage({ kind: 'user', documents, configured: fixed, limit, after }),
    search: (text, limit, after) => mergedSearch({ kind: 'user', documents, configured: fixed, text, limit, after }),
    add,
    update,
    setPasswordHash,
    remove,
  };
}

function uniqueBy(users: readonly User[], key: (user: User) => string): ReadonlyMap<string, User> {
  const map = new Map(users.map((user) => [key(user), user]));
  if (map.size < users.length)
    throw new Error('two configured users have the same id, or usernames that differ in case only');
  return map;
}

const taken = (field: 'id' | 'username', what: string) =>
  new RegistryProblem('taken', `There is a user with the ${what} already: choose another.`, field);

const nameTaken = ({ username, connection }: User) =>
  taken('username', `username '${username}' in the connection '${connection}'`);

const noSuchUser = (id: string) => new RegistryProblem('not_found', `There is no user '${id}': see the list of users.`);
