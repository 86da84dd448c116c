import { z } from 'zod';
import type { User } from '../model/client.ts';
import { identityOf } from '../model/identity.ts';
import { userFields as fields } from '../model/user_fields.ts';
import { variant } from '../model/variant.ts';
import type { Connection, ConnectionDependencies } from './connection.ts';
import { betterHash, isPasswordHash, unmatchableHash } from './password_hash.ts';

/** Users whose password hashes Gatehouse keeps itself: those written in the YAML, and those added to the store. */

const user = z
  .strictObject({
    id: fields.id,
    username: fields.username,
    email: fields.email.optional(),
    name: fields.name.optional(),
    phone_number: fields.phoneNumber.optional(),
    password_hash: z
      .string()
      .refine(
        isPasswordHash,
        'must be an argon2id string ($argon2id$v=19$…), as `gatehouse hash-password` prints it, or a bcrypt or scrypt one',
      )
      .describe(
        'An argon2id string, as `gatehouse hash-password` prints it, or one of bcrypt ($2b$…) or scrypt ($scrypt$ln=…).',
      ),
    roles: fields.roles.default([]),
    disabled: fields.disabled.default(false),
  })
  .transform(
    ({ phone_number, password_hash, email, name, ...rest }): Omit<User, 'connection'> => ({
      ...rest,
      passwordHash: password_hash,
      ...(name !== undefined && { name }),
      ...(email !== undefined && { email }),
      ...(phone_number !== undefined && { phoneNumber: phone_number }),
    }),
  );

const options = z.strictObject({
  users: z.array(user).default([]).describe('Users that need no store. More can be added with `gatehouse user add`.'),
});
/** `users` lack the connection's name, which stands one level higher in the YAML. */
export type DatabaseOptions = z.infer<typeof options>;

export const database = variant<DatabaseOptions, ConnectionDependencies, readonly Connection[]>({
  type: 'database',
  options,
  create: (_options, dependencies) => [createDatabase(dependencies)],
});

function createDatabase({ name, users, passwords, report }: ConnectionDependencies): Connection {
  // Compared with when there is no such user: without it, an answer that comes at once would tell that. What remains is that an
  // imported hash costs what it costs: until their next sign-in, such users can be told by time from those who do not exist.
  const nobody = unmatchableHash();

  return {
    kind: 'password',
    name,
    async signIn(username, password) {
      const user = await users.findByUsername(name, username);
      const matches = await passwords.verify(user?.passwordHash ?? nobody, password);
      // A disabled user is looked at last, after the same work as for everybody else.
      if (!user || !matches || user.disabled) return { ok: false };
      await upgrade(user, password);
      return { ok: true, identity: identityOf(user, user.connection) };
    },
    async current({ subject }) {
      const user = await users.find(subject);
      return user && user.connection === name && !user.disabled ? identityOf(user, user.connection) : undefined;
    },
  };

  /** The password is right whether or not a better hash of it can be kept: a store that is away must not refuse it. */
  async function upgrade({ id, passwordHash }: User, password: string): Promise<void> {
    try {
      const better = await betterHash(passwordHash, password);
      if (better !== undefined) await users.setPasswordHash(id, better, passwordHash);
    } catch (error) {
      report('password_hash_not_upgraded', { fault: error instanceof Error ? error.name : 'unknown' });
    }
  }
}
