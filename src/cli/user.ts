import { resetAttempts } from '../admin/user_belongings.ts';
import { createUser, deleteUser, listUsers, lockUser, resetPassword, updateUser } from '../admin/users.ts';
import { type Actions, onePositional, runAction } from './actions.ts';
import { PAGE_SIZE, withOperations } from './administering.ts';
import { type Command, print, UsageError } from './command.ts';
import { readArguments } from './config_option.ts';
import { readSecret } from './read_secret.ts';
import { table } from './table.ts';

const actions: Actions = {
  list(args, terminal) {
    const { values } = readArguments(args, { after: { type: 'string' }, search: { type: 'string' } });
    return withOperations(values.config, terminal, async (perform) => {
      const { after, search } = values;
      const { items, next } = await perform(listUsers, {
        limit: PAGE_SIZE,
        ...(after !== undefined && { after }),
        ...(search !== undefined && { search }),
      });
      const rows = items.map((each) => [
        each.id,
        each.username,
        each.connection,
        each.email ?? '',
        each.roles.join(' '),
        each.disabled ? 'disabled' : '',
      ]);
      print(terminal.stdout, ...table(['ID', 'USERNAME', 'CONNECTION', 'EMAIL', 'ROLES', 'STATE'], rows));
      if (next !== undefined) print(terminal.stderr, `There are more: --after ${next}`);
      return 0;
    });
  },

  add(args, terminal) {
    const { values, positionals } = readArguments(args, {
      id: { type: 'string' },
      connection: { type: 'string' },
      email: { type: 'string' },
      name: { type: 'string' },
      'phone-number': { type: 'string' },
      role: { type: 'string', multiple: true },
      hashed: { type: 'boolean', default: false },
    });
    const username = onePositional(positionals, 'username');
    const { id, connection, email, name, role: roles, hashed } = values;
    const phoneNumber = values['phone-number'];
    return withOperations(values.config, terminal, async (perform) => {
      const secret = await readSecret(hashed ? `Password hash of ${username}` : `Password for ${username}`, terminal);
      const user = await perform(createUser, {
        ...{ username, ...(hashed ? { password_hash: secret } : { password: secret }) },
        ...(id !== undefined && { id }),
        ...(connection !== undefined && { connection }),
        ...(email !== undefined && { email }),
        ...(name !== undefined && { name }),
        ...(phoneNumber !== undefined && { phone_number: phoneNumber }),
        ...(roles && { roles }),
      });
      print(terminal.stdout, `added ${user.id}`);
      return 0;
    });
  },

  update(args, terminal) {
    const { values, positionals } = readArguments(args, {
      username: { type: 'string' },
      email: { type: 'string' },
      name: { type: 'string' },
      'phone-number': { type: 'string' },
      role: { type: 'string', multiple: true },
      'no-roles': { type: 'boolean', default: false },
    });
    const id = onePositional(positionals, 'user id');
    const { username, email, name, role: roles } = values;
    const phoneNumber = values['phone-number'];
    const change = {
      ...(username !== undefined && { username }),
      ...(email !== undefined && { email: orNothing(email) }),
      ...(name !== undefined && { name: orNothing(name) }),
      ...(phoneNumber !== undefined && { phone_number: orNothing(phoneNumber) }),
      ...(values['no-roles'] && { roles: [] }),
      ...(roles && { roles }),
    };
    if (Object.keys(change).length === 0) throw new UsageError('say what is to change, such as --email or --role');
    return withOperations(values.config, terminal, async (perform) => {
      await perform(updateUser, { id, ...change });
      print(terminal.stdout, `changed ${id}`);
      return 0;
    });
  },

  password(args, terminal) {
    const { values, positionals } = readArguments(args, {
      hashed: { type: 'boolean', default: false },
      'keep-sessions': { type: 'boolean', default: false },
    });
    const id = onePositional(positionals, 'user id');
    return withOperations(values.config, terminal, async (perform) => {
      const { hashed } = values;
      const secret = await readSecret(hashed ? `Password hash of ${id}` : `New password for ${id}`, terminal);
      const changed = await perform(resetPassword, {
        ...{ id, keep_sessions: values['keep-sessions'] },
        ...(hashed ? { password_hash: secret } : { password: secret }),
      });
      const ended = changed.ended_grants === undefined ? '' : ` and revoked ${changed.ended_grants} of their grants`;
      print(terminal.stdout, `set the password of ${id}${ended}`);
      return 0;
    });
  },

  lock(args, terminal) {
    const { values, positionals } = readArguments(args, {});
    const id = onePositional(positionals, 'user id');
    return withOperations(values.config, terminal, async (perform) => {
      const { ended_grants: ended = 0 } = await perform(lockUser, { id });
      print(terminal.stdout, `locked ${id} and revoked ${ended} of their grants`);
      return 0;
    });
  },

  unlock(args, terminal) {
    const { values, positionals } = readArguments(args, { connection: { type: 'string' } });
    const username = onePositional(positionals, 'username');
    const { connection } = values;
    return withOperations(values.config, terminal, async (perform) => {
      await perform(resetAttempts, { username, ...(connection !== undefined && { connection }) });
      print(terminal.stdout, `unlocked ${username}`);
      return 0;
    });
  },

  enable(args, terminal) {
    const { values, positionals } = readArguments(args, {});
    const id = onePositional(positionals, 'user id');
    return withOperations(values.config, terminal, async (perform) => {
      await perform(updateUser, { id, disabled: false });
      print(terminal.stdout, `enabled ${id}`);
      return 0;
    });
  },

  remove(args, terminal) {
    const { values, positionals } = readArguments(args, {});
    const id = onePositional(positionals, 'user id');
    return withOperations(values.config, terminal, async (perform) => {
      const { ended_grants: ended } = await perform(deleteUser, { id });
      print(terminal.stdout, `removed ${id} and revoked ${ended} of their grants`);
      return 0;
    });
  },
};

/** An empty text takes away what there is. */
const orNothing = (text: string): string | null => (text === '' ? null : text);

/** Manages the people in database connections. */
export const user: Command = {
  name: 'user',
  summary: 'list, add, change, lock, unlock and remove users',
  usage: `gatehouse user list [--search TEXT] [--after ID]
gatehouse user add USERNAME [--id ID] [--connection NAME] [--email ADDRESS] [--name NAME] [--phone-number NUMBER] [--role ROLE]... [--hashed]
gatehouse user update ID [--username NAME] [--email ADDRESS] [--name NAME] [--phone-number NUMBER] [--role ROLE]... [--no-roles]
gatehouse user password ID [--hashed] [--keep-sessions]   a new password; their grants and sessions end
gatehouse user lock ID                       nobody signs in as them, and their grants and sessions end
gatehouse user enable ID                     takes a lock back
gatehouse user unlock USERNAME [--connection NAME]   after too many failed attempts; or the phone number, or the address
gatehouse user remove ID                     with every token they gave to anyone

The password is read from the terminal or from standard input; with --hashed, what another system kept of it: an argon2id, bcrypt or
scrypt hash, in whose place an argon2id one comes at the next sign-in. Users written in the configuration are listed too, but changed there.`,
  run: (args, terminal) => runAction(actions, args, terminal),
};
