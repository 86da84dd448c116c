import type { z } from 'zod';
import type { User } from '../model/client.ts';
import { passwordProblem } from '../model/password_rules.ts';
import { oneOf } from '../model/refusal_words.ts';
import type { UserEdit } from '../registry/users.ts';
import { lastIdentity } from '../tokens/administration.ts';
import type { Administration } from './administration.ts';
import { AdminProblem, conflict, type FieldProblem, invalidFields } from './problem.ts';
import type { listingInput, newPassword, userChange, userDraft } from './user_inputs.ts';
import { type ChangedUser, type UserView, viewOfIdentity, viewOfUser } from './user_view.ts';

/** What the operations on users do. */

type Change = z.output<typeof userChange>;

export async function listUsers(
  admin: Administration,
  { limit, after, search }: z.output<typeof listingInput>,
): Promise<{ items: UserView[]; next?: string | undefined }> {
  const { users } = admin;
  const { items, next } = await (search === undefined ? users.list(limit, after) : users.search(search, limit, after));
  return { items: items.map((user) => viewOfUser(user, admin)), next };
}

/** Users whom the registry does not know are as their grants and sessions tell. @throws AdminProblem `not_found` */
export async function findUser(admin: Administration, id: string): Promise<UserView> {
  const user = await admin.users.find(id);
  if (user) return viewOfUser(user, admin);
  const identity = await lastIdentity(admin.tokens, id);
  if (identity && !ownsUsers(admin, identity.connection)) return viewOfIdentity(identity);
  throw noSuchUser(id);
}

export async function addUser(admin: Administration, draft: z.output<typeof userDraft>): Promise<UserView> {
  const { databases } = admin.choices;
  const connection = draft.connection ?? databases[0] ?? '';
  const right = databases.length === 0 ? 'there is none: add one to connections' : `must be ${oneOf(databases)}`;
  const problems = [
    ...(databases.includes(connection)
      ? []
      : [{ path: 'connection', message: `is not a database connection: ${right}` }]),
    ...passwordProblems(admin, draft, draft),
  ];
  refuse(problems);
  const { id, username, name, email, phone_number: phoneNumber, roles, disabled } = draft;
  const user = await admin.users.add({
    ...{ connection, username, roles, disabled, passwordHash: await hashOf(admin, draft) },
    ...(id !== undefined && { id }),
    ...(name !== undefined && { name }),
    ...(email !== undefined && { email }),
    ...(phoneNumber !== undefined && { phoneNumber }),
  });
  return viewOfUser(user, admin);
}

export async function update(admin: Administration, { id, revision, ...change }: Change): Promise<ChangedUser> {
  await refuseElsewhere(admin, id);
  const user = await admin.users.update(id, (before) => {
    if (revision !== undefined && viewOfUser(before, admin).revision !== revision) throw conflict('user');
    return editOf(change);
  });
  return change.disabled === true ? withEnded(admin, user) : viewOfUser(user, admin);
}

/** What was sent as null is taken away. */
function editOf({ username, name, email, phone_number, roles, disabled }: Omit<Change, 'id' | 'revision'>): UserEdit {
  return {
    ...(username !== undefined && { username }),
    ...(name !== undefined && { name: name ?? undefined }),
    ...(email !== undefined && { email: email ?? undefined }),
    ...(phone_number !== undefined && { phoneNumber: phone_number ?? undefined }),
    ...(roles && { roles }),
    ...(disabled !== undefined && { disabled }),
  };
}

export async function removeUser(admin: Administration, id: string) {
  await refuseElsewhere(admin, id);
  // Locked out first and removed last: where the store fails in between, what is left can be removed again.
  await admin.users.update(id, () => ({ disabled: true }));
  await admin.consents.forgetAll(id);
  const { grants, sessions } = await admin.tokens.signOut(id);
  if (!(await admin.users.remove(id))) throw noSuchUser(id);
  return { id, ended_grants: grants, ended_sessions: sessions };
}

export async function setPassword(admin: Administration, input: z.output<typeof newPassword>): Promise<ChangedUser> {
  refuse(passwordProblems(admin, input, await refuseElsewhere(admin, input.id)));
  const passwordHash = await hashOf(admin, input);
  const user = await admin.users.update(input.id, () => ({ passwordHash }));
  return input.keep_sessions ? viewOfUser(user, admin) : withEnded(admin, user);
}

export async function lock(admin: Administration, id: string): Promise<ChangedUser> {
  await refuseElsewhere(admin, id);
  return withEnded(admin, await admin.users.update(id, () => ({ disabled: true })));
}

export async function unlock(admin: Administration, id: string): Promise<ChangedUser> {
  const user = await findUser(admin, id);
  if (user.source === 'configuration' && user.disabled) {
    throw new AdminProblem('configured', `User '${id}' is disabled in the configuration file: change it there.`);
  }
  const unlocked =
    user.source === 'store' ? viewOfUser(await admin.users.update(id, () => ({ disabled: false })), admin) : user;
  await admin.attempts.unlock({ connection: user.connection, username: user.username });
  return unlocked;
}

/** Locked out first: nothing new can be granted while what there is ends. */
async function withEnded(admin: Administration, user: User): Promise<ChangedUser> {
  const { grants, sessions } = await admin.tokens.signOut(user.id);
  return { ...viewOfUser(user, admin), ended_grants: grants, ended_sessions: sessions };
}

interface SentPassword {
  readonly password?: string | undefined;
  readonly password_hash?: string | undefined;
}

/** @returns nothing if there is one good password, or one good hash. */
function passwordProblems(
  { passwords }: Administration,
  { password, password_hash }: SentPassword,
  user: Pick<UserView, 'username' | 'name' | 'email'>,
): readonly FieldProblem[] {
  const problem = (path: string, message: string | undefined) => (message === undefined ? [] : [{ path, message }]);
  if (password === undefined && password_hash === undefined) {
    return problem('password', 'is missing: send it, or password_hash');
  }
  if (password_hash === undefined) return problem('password', passwordProblem(password ?? '', user));
  if (password !== undefined) return problem('password', 'stands beside password_hash: send one');
  if (passwords.isHash(password_hash)) return [];
  return problem('password_hash', 'must be an argon2id string, or one of bcrypt ($2b$…) or scrypt ($scrypt$ln=…)');
}

/** What to keep of a password in which there is no problem. */
const hashOf = async ({ passwords }: Administration, { password, password_hash }: SentPassword): Promise<string> =>
  password_hash ?? passwords.hash(password ?? '');

/** @throws AdminProblem `invalid` if there are any. */
function refuse(problems: readonly FieldProblem[]): void {
  if (problems.length > 0) throw invalidFields(problems);
}

const ownsUsers = ({ choices }: Administration, connection: string): boolean => choices.databases.includes(connection);

/** @returns the user. @throws AdminProblem `configured` for somebody who is known, and kept by another directory. */
async function refuseElsewhere(admin: Administration, id: string): Promise<UserView> {
  const user = await findUser(admin, id);
  const { source, connection } = user;
  if (source !== 'connection') return user;
  throw new AdminProblem('configured', `User '${id}' is kept by the connection '${connection}': change them there.`);
}

const noSuchUser = (id: string) => new AdminProblem('not_found', `There is no user '${id}': see the list of users.`);
