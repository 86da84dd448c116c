import { check } from './check.ts';
import { client } from './client.ts';
import type { Command } from './command.ts';
import { explain } from './explain.ts';
import { hashPassword } from './hash_password.ts';
import { importFrom } from './import.ts';
import { schema } from './schema.ts';
import { start } from './start.ts';
import { token } from './token.ts';
import { user } from './user.ts';

/** Every command, in the order the help shows them. */
export const commands: readonly Command[] = [
  start,
  check,
  explain,
  hashPassword,
  client,
  user,
  token,
  importFrom,
  schema,
];
