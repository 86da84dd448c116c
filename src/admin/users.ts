import { z } from 'zod';
import { userFields as fields } from '../model/user_fields.ts';
import { expectedRevision, pageOf, paging, reference } from './fields.ts';
import { operation } from './operation.ts';
import { changedUser, userView } from './user_view.ts';
import { addUser, findUser, listUsers as list, lock, removeUser, setPassword, unlock, update } from './user_work.ts';

/** The people in database connections. What belongs to any user, wherever they sign in, is in `user_belongings.ts`. */

export const userId = reference()
  .describe('The id of a user (`sub`), of any connection.')
  .meta({ examples: ['u-alice'] });
const password = z.string().describe('A new password: 1 to 1,024 bytes. Kept as an argon2id hash only.');
const passwordHash = z.string().describe('What another system kept of a password: argon2id, bcrypt or scrypt.');
const names = {
  name: fields.name.meta({ examples: ['Alice Liddell'] }),
  email: fields.email.meta({ examples: ['alice@example.com'] }),
  phone_number: fields.phoneNumber.meta({ examples: ['+15550100'] }),
};

export const listUsers = operation({
  id: 'users.list',
  summary: 'List users',
  description:
    'Users of the configuration file and of the store together, in the order of their ids; found ones in the order of what was found. Users of directories such as LDAP stand there, not here.',
  role: 'auditor',
  method: 'GET',
  path: '/users',
  input: z.strictObject({
    ...paging,
    search: z
      .string()
      .min(1)
      .max(256)
      .optional()
      .describe('The beginning of the id, the username, the e-mail address, the phone number or a word of the name.'),
  }),
  output: pageOf(userView),
  run: (admin, input) => list(admin, input),
});

export const createUser = operation({
  id: 'users.create',
  summary: 'Create a user',
  description: 'Send `password`, or `password_hash` for somebody who comes from another system.',
  role: 'admin',
  method: 'POST',
  path: '/users',
  creates: true,
  input: z.strictObject({
    id: fields.id.optional().describe('The stable user id; a random one if absent.'),
    connection: reference().optional().describe('The database connection they sign in with; the first one if absent.'),
    username: fields.username.meta({ examples: ['alice'] }),
    name: names.name.optional(),
    email: names.email.optional(),
    phone_number: names.phone_number.optional(),
    roles: fields.roles.default([]),
    disabled: fields.disabled.default(false),
    password: password.optional(),
    password_hash: passwordHash.optional(),
  }),
  output: userView,
  audit: (input, made) => ({ kind: 'user', id: made?.id ?? input.id ?? '', name: input.username }),
  run: (admin, input) => addUser(admin, input),
});

export const getUser = operation({
  id: 'users.get',
  summary: 'Read a user',
  description:
    'A user of LDAP and the like is known here as long as they hold a grant or a session: as they were then.',
  role: 'auditor',
  method: 'GET',
  path: '/users/{id}',
  input: z.strictObject({ id: userId }),
  output: userView,
  run: (admin, input) => findUser(admin, input.id),
});

export const updateUser = operation({
  id: 'users.update',
  summary: 'Change a user',
  description:
    'Members that are absent stay as they are; null takes an optional one away. Disabling a user ends their grants and sessions.',
  role: 'admin',
  method: 'PATCH',
  path: '/users/{id}',
  input: z.strictObject({
    id: userId,
    revision: expectedRevision(),
    username: fields.username.optional(),
    name: names.name.nullable().optional(),
    email: names.email.nullable().optional(),
    phone_number: names.phone_number.nullable().optional(),
    roles: fields.roles.optional(),
    disabled: fields.disabled.optional(),
  }),
  output: changedUser,
  audit: (input, changed) => ({ kind: 'user', id: input.id, name: changed?.username }),
  run: (admin, input) => update(admin, input),
});

export const deleteUser = operation({
  id: 'users.delete',
  summary: 'Delete a user',
  description: 'Their grants and sessions end, and what they agreed to is forgotten.',
  role: 'admin',
  method: 'DELETE',
  path: '/users/{id}',
  input: z.strictObject({ id: userId }),
  output: z.object({ id: z.string(), ended_grants: z.int(), ended_sessions: z.int() }),
  audit: ({ id }) => ({ kind: 'user', id }),
  run: (admin, input) => removeUser(admin, input.id),
});

export const resetPassword = operation({
  id: 'users.set_password',
  summary: 'Set a new password',
  description:
    'Ends their grants and sessions unless `keep_sessions` is true: whoever knew the old password may hold one.',
  role: 'admin',
  method: 'POST',
  path: '/users/{id}/password',
  input: z.strictObject({
    id: userId,
    password: password.optional(),
    password_hash: passwordHash.optional(),
    keep_sessions: z.boolean().default(false).describe('Whether grants and sessions go on.'),
  }),
  output: changedUser,
  audit: (input, changed) => ({ kind: 'user', id: input.id, name: changed?.username }),
  detail: ({ keep_sessions }) => ({ keep_sessions }),
  run: (admin, input) => setPassword(admin, input),
});

export const lockUser = operation({
  id: 'users.lock',
  summary: 'Lock a user',
  description: 'They cannot sign in any more, and their grants and sessions end. As `disabled: true`.',
  role: 'admin',
  method: 'POST',
  path: '/users/{id}/lock',
  input: z.strictObject({ id: userId }),
  output: changedUser,
  audit: (input, changed) => ({ kind: 'user', id: input.id, name: changed?.username }),
  run: (admin, input) => lock(admin, input.id),
});

export const unlockUser = operation({
  id: 'users.unlock',
  summary: 'Unlock a user',
  description: 'They can sign in again: what locked them, an operator or too many failed attempts, is taken back.',
  role: 'admin',
  method: 'POST',
  path: '/users/{id}/unlock',
  input: z.strictObject({ id: userId }),
  output: changedUser,
  audit: (input, changed) => ({ kind: 'user', id: input.id, name: changed?.username }),
  run: (admin, input) => unlock(admin, input.id),
});
