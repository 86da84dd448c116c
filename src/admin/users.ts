import { z } from 'zod';
import { pageOf } from './fields.ts';
import { refuseOneself } from './oneself.ts';
import { operation } from './operation.ts';
import { listingInput, newPassword, userChange, userDraft, userId } from './user_inputs.ts';
import { changedUser, userView } from './user_view.ts';
import { addUser, findUser, listUsers as list, lock, removeUser, setPassword, unlock, update } from './user_work.ts';

/** The people in database connections. What belongs to any user, wherever they sign in, is in `user_belongings.ts`. */

export const listUsers = operation({
  id: 'users.list',
  summary: 'List users',
  description:
    'Users of the configuration file and of the store together, in the order of their ids; found ones in the order of what was found. Users of directories such as LDAP stand there, not here.',
  role: 'auditor',
  method: 'GET',
  path: '/users',
  input: listingInput,
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
  input: userDraft,
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
  input: userChange,
  output: changedUser,
  audit: (input, changed) => ({ kind: 'user', id: input.id, name: changed?.username }),
  run: (admin, input, by) => {
    if (input.disabled === true || (input.roles && !input.roles.includes('admin'))) refuseOneself(by, input.id);
    return update(admin, input);
  },
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
  run: (admin, input, by) => {
    refuseOneself(by, input.id);
    return removeUser(admin, input.id);
  },
});

export const resetPassword = operation({
  id: 'users.set_password',
  summary: 'Set a new password',
  description:
    'Ends their grants and sessions unless `keep_sessions` is true: whoever knew the old password may hold one.',
  role: 'admin',
  method: 'POST',
  path: '/users/{id}/password',
  input: newPassword,
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
  run: (admin, input, by) => {
    refuseOneself(by, input.id);
    return lock(admin, input.id);
  },
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
