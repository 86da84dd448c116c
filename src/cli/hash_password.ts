import { passwords } from '../house.ts';
import { objectionTo } from '../model/password_rules.ts';
import { type Command, print } from './command.ts';
import { readArguments } from './config_option.ts';
import { readSecret } from './read_secret.ts';

/** Turns a password into the string that goes into `password_hash`. */
export const hashPassword: Command = {
  name: 'hash-password',
  summary: 'turn a password into an argon2id string',
  usage: `gatehouse hash-password

Reads a password from the terminal (it is not shown) or from standard input and prints its argon2id string,
for \`password_hash\` in the configuration.`,
  async run(args, terminal) {
    readArguments(args, {});
    const password = await readSecret('Password', terminal);
    const objection = objectionTo(password);
    // It may be the password that somebody has: the file is the operator's.
    if (objection !== undefined) print(terminal.stderr, `No user could choose this password. ${objection}`);
    print(terminal.stdout, await passwords.hash(password));
    return 0;
  },
};
