import { z } from 'zod';
import type { User } from '../model/client.ts';
import { name } from '../model/fields.ts';
import type { Identity } from '../model/token.ts';
import { variant } from '../model/variant.ts';
import type { Connection, ConnectionDependencies } from './connection.ts';
import { betterHash, isPasswordHash, unmatchableHash } from './password_hash.ts';

/** Users whose password hashes Gatehouse keeps itself: those written in the YAML, and those added to the store. */

const user = z
  .strictObject({
    id: z
      .string()
      .regex(/^[\x21-\x7e]{1,128}$/, 'must be 1 to 128 visible ASCII characters without spaces')
      .describe('The stable user id: X-User-Id, and `sub` in introspection.'),
    username: z
      .string()
      .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]{1,256}$/u, 'must be 1 to 256 characters without control characters')
      .describe('What the user types to sign in; upper and lower case are the same.'),
    email: z.email('must be an e-mail address').optional().describe('X-User-Email.'),
    name: z.string().min(1).max(256).optional().describe('X-User-Name; the username if absent.'),
    phone_number: z
      .string()
      .regex(/^\+[1-9]\d{6,14}$/, 'must be an international number such as +15550100')
      .optional()
      .describe('E.164.'),
    password_hash: z
      .string()
      .refine(
        isPasswordHash,
        'must be an argon2id string ($argon2id$v=19$…), as `gatehouse hash-password` prints it, or a bcrypt or scrypt one',
      )
      .describe(
        'An argon2id string, as `gatehouse hash-password` prints it, or one of bcrypt ($2b$…) or scrypt ($scrypt$ln=…).',
      ),
    roles: z.array(name()).default([]).describe('`admin` may use the console and the admin API.'),
    disabled: z.boolean().default(false).describe('Keeps the user, but lets nobody sign in as them.'),
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
      return { ok: true, identity: identityOf(user) };
    },
    async current({ subject }) {
      const user = await users.find(subject);
      return user && user.connection === name && !user.disabled ? identityOf(user) : undefined;
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

function identityOf(user: User): Identity {
  const { id, username, name, email, phoneNumber, connection, roles } = user;
  return {
    subject: id,
    username,
    connection,
    roles,
    ...(name !== undefined && { name }),
    ...(email !== undefined && { email }),
    ...(phoneNumber !== undefined && { phoneNumber }),
  };
}
