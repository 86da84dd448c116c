import type { User } from '../model/client.ts';
import type { Clock } from '../model/clock.ts';
import type { Identity } from '../model/token.ts';
import type { AnyVariant } from '../model/variant.ts';

/** The outcome of trying credentials. A dependency that is down throws `DependencyUnavailable`: that is not an outcome. */
export type SignIn = { readonly ok: true; readonly identity: Identity } | { readonly ok: false };

/** Proves a user by name and password. Unknown user and wrong password must be indistinguishable, by answer and by time. */
export interface PasswordConnection {
  readonly kind: 'password';
  readonly name: string;
  signIn(username: string, password: string): Promise<SignIn>;
  /**
   * Who this user is today, asked whenever tokens are issued without the password (refresh, a browser session).
   * Undefined when they may no longer be served. Without this method the connection cannot tell, and what it said first holds.
   */
  current?(identity: Identity): Promise<Identity | undefined>;
}

/** Who proves the user. A grant asks for a kind, and the compiler refuses the others. */
export type Connection = PasswordConnection;

/** Users of database connections, from the YAML and from the store together. */
export interface UserDirectory {
  findByUsername(connection: string, username: string): Promise<User | undefined>;
  find(id: string): Promise<User | undefined>;
}

/** Compares passwords and chosen client secrets with their argon2id strings, a bounded number of them at once. */
export interface PasswordVerifier {
  /**
   * @param hash a PHC string (`$argon2id$…`).
   * @throws DependencyUnavailable when too many are waiting, CorruptRecord when `hash` is no such string.
   */
  verify(hash: string, password: string): Promise<boolean>;
}

export interface ConnectionDependencies {
  readonly name: string;
  readonly clock: Clock;
  readonly users: UserDirectory;
  readonly passwords: PasswordVerifier;
}

export type ConnectionVariant = AnyVariant<ConnectionDependencies, Connection>;
