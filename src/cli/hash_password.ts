import { passwords } from '../house.ts';
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
    print(terminal.stdout, await passwords.hash(await readSecret('Password', terminal)));
    return 0;
  },
};
