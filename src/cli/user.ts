import { passwords } from '../house.ts';
import { type Actions, onePositional, runAction } from './actions.ts';
import { type Command, print, type Terminal, UsageError } from './command.ts';
import { readArguments } from './config_option.ts';
import { readSecret } from './read_secret.ts';
import { PAGE_SIZE, withRegistry } from './registry.ts';
import { table } from './table.ts';

const actions: Actions = {
  list(args, terminal) {
    const { values } = readArguments(args, { after: { type: 'string' } });
    return withRegistry(values.config, terminal, async ({ users }) => {
      const { items, next } = await users.list(PAGE_SIZE, values.after);
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
      role: { type: 'string', multiple: true },
      hashed: { type: 'boolean', default: false },
    });
    const username = onePositional(positionals, 'username');
    return withRegistry(values.config, terminal, async ({ users, databases }) => {
      const connection = values.connection ?? databases[0];
      if (connection === undefined || !databases.includes(connection)) {
        const known = databases.join(', ') || 'none; add one of type database to connections';
        throw new UsageError(`--connection must name a database connection (${known})`);
      }
      const { id, email, name } = values;
      const user = await users.add({
        username,
        connection,
        roles: values.role ?? [],
        passwordHash: await (values.hashed ? readHash : readPassword)(username, terminal),
        ...(id !== undefined && { id }),
        ...(email !== undefined && { email }),
        ...(name !== undefined && { name }),
      });
      print(terminal.stdout, `added ${user.id}`);
      return 0;
    });
  },

  unlock(args, terminal) {
    const { values, positionals } = readArguments(args, { connection: { type: 'string' } });
    const username = onePositional(positionals, 'username');
    return withRegistry(values.config, terminal, async ({ attempts, connections }) => {
      const { connection } = values;
      if (connection !== undefined && !connections.includes(connection)) {
        throw new UsageError(
          `--connection must be one of ${connections.join(', ') || 'none: there are no connections'}`,
        );
      }
      for (const each of connection === undefined ? connections : [connection]) {
        await attempts.unlock({ connection: each, username });
      }
      // Whether there is such a user is not asked: LDAP and the like would have to be, and nothing depends on it.
      print(terminal.stdout, `unlocked ${username}`);
      return 0;
    });
  },

  remove(args, terminal) {
    const { values, positionals } = readArguments(args, {});
    const id = onePositional(positionals, 'user id');
    return withRegistry(values.config, terminal, async ({ users, tokens }) => {
      if (!(await users.remove(id))) {
        print(terminal.stderr, `There is no user "${id}": see gatehouse user list.`);
        return 1;
      }
      const ended = await tokens.revokeAll({ of: 'user', id });
      print(terminal.stdout, `removed ${id} and revoked ${ended} of their grants`);
      return 0;
    });
  },
};

async function readPassword(username: string, terminal: Terminal): Promise<string> {
  return passwords.hash(await readSecret(`Password for ${username}`, terminal));
}

/** What another system kept of a password. It is not shown when it is wrong: it may be the password itself. */
async function readHash(username: string, terminal: Terminal): Promise<string> {
  const hash = await readSecret(`Password hash of ${username}`, terminal);
  if (passwords.isHash(hash)) return hash;
  throw new UsageError('what was entered is no hash that is known: argon2id, bcrypt ($2b$…) or scrypt ($scrypt$ln=…)');
}

/** Manages the people in database connections. */
export const user: Command = {
  name: 'user',
  summary: 'list, add, unlock and remove users',
  usage: `gatehouse user list [--after ID]
gatehouse user add USERNAME [--id ID] [--connection NAME] [--email ADDRESS] [--name NAME] [--role ROLE]... [--hashed]
gatehouse user unlock USERNAME [--connection NAME]   after too many failed attempts; or the phone number, or the address
gatehouse user remove ID                     with every token they gave to anyone

The password is read from the terminal or from standard input; with --hashed, what another system kept of it: an argon2id, bcrypt or
scrypt hash, in whose place an argon2id one comes at the next sign-in. Users written in the configuration are listed too, but changed there.`,
  run: (args, terminal) => runAction(actions, args, terminal),
};
