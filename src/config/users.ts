import { z } from 'zod';
import type { User } from '../model/client.ts';
import type { Path } from './problems.ts';
import type { VariantEntry } from './variants.ts';

/** The users that the options of a database connection carry, as its schema makes them: all of a `User` but the connection. */
const withUsers = z.object({
  users: z.array(
    z.object({
      id: z.string(),
      username: z.string(),
      name: z.string().optional(),
      email: z.string().optional(),
      phoneNumber: z.string().optional(),
      passwordHash: z.string(),
      roles: z.array(z.string()).default([]),
      disabled: z.boolean().default(false),
    }),
  ),
});

/** The users written in a connection's entry, with their places; none if it has none or could not be read. */
export function connectionUsers(connection: VariantEntry<{ name: string }>): { path: Path; user: User }[] {
  const parsed = withUsers.safeParse(connection.options);
  const name = connection.frame.values.name ?? '';
  const users = parsed.success ? parsed.data.users : [];
  return users.map((user, index) => ({
    path: [...connection.path, 'users', index],
    user: { ...user, connection: name },
  }));
}
