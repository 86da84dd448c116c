import type { User } from '../model/client.ts';
import type { Clock } from '../model/clock.ts';
import type { Away, Identity } from '../model/token.ts';
import type { AnyVariant } from '../model/variant.ts';

/** The outcome of trying credentials. A dependency that is down throws `DependencyUnavailable`: that is not an outcome. */
export type SignIn = { readonly ok: true; readonly identity: Identity } | { readonly ok: false };

interface AnyConnection {
  readonly name: string;
  /**
   * Who this user is today, asked whenever tokens are issued without the password (refresh, a browser session).
   * Undefined when they may no longer be served. Without this method the connection cannot tell, and what it said first holds.
   */
  current?(identity: Identity): Promise<Identity | undefined>;
}

/** Proves a user by name and password. Unknown user and wrong password must be indistinguishable, by answer and by time. */
export interface PasswordConnection extends AnyConnection {
  readonly kind: 'password';
  signIn(username: string, password: string): Promise<SignIn>;
}

/**
 * Proves a user by a code that is sent to them. The connection only carries it: codes, tries and caps are one-time codes' own
 * business (oauth/one_time_codes.ts), the same for every channel.
 */
export interface OneTimeCodeConnection extends AnyConnection {
  readonly kind: 'otp';
  readonly channel: 'sms' | 'email';
  /** The recipient in its one canonical spelling; undefined for what is none. */
  canonical(recipient: string): string | undefined;
  /** Who has this number or address; undefined if nobody has and the connection lets nobody sign up. */
  identify(recipient: string): Promise<Identity | undefined>;
  /** @param recipient canonical. @throws DependencyUnavailable when the provider took it not. */
  deliver(recipient: string, code: string): Promise<void>;
}

/** Proves a user by sending the browser to somebody else, who sends it back (OpenID Connect). */
export interface RedirectConnection extends AnyConnection {
  readonly kind: 'redirect';
  /** What the button on the sign-in page says after "Sign in with". */
  readonly label: string;
  /** The origin that `begin` sends browsers to, as far as it is known; it never fails. */
  origin(): Promise<string>;
  /**
   * @param state is sent along, and comes back in `returned`.
   * @param how `again`: the user is to prove anew who they are, however long they have been signed in there.
   * @throws DependencyUnavailable
   */
  begin(
    callback: string,
    state: string,
    how?: { readonly again: boolean },
  ): Promise<{ readonly to: string; readonly away: Away }>;
  /** @param returned the URL the browser came back to; that its `state` belongs to `away` is known. @throws DependencyUnavailable */
  finish(returned: URL, away: Away): Promise<SignIn>;
}

/** Who proves the user. A grant asks for a kind, and the compiler refuses the others. */
export type Connection = PasswordConnection | OneTimeCodeConnection | RedirectConnection;

/** Users of database connections, from the YAML and from the store together. */
export interface UserDirectory {
  findByUsername(connection: string, username: string): Promise<User | undefined>;
  find(id: string): Promise<User | undefined>;
  /** @returns false, and changes nothing, for a configured user, one that is gone, or one whose hash is not `expected` any more. */
  setPasswordHash(id: string, hash: string, expected: string): Promise<boolean>;
  /** Whoever has this e-mail address or phone number, in any connection; undefined if several have. */
  findByContact(contact: { readonly email: string } | { readonly phoneNumber: string }): Promise<User | undefined>;
}

/** Compares passwords and chosen client secrets with their hashes, a bounded number of them at once. */
export interface PasswordVerifier {
  /**
   * @param hash one that `isPasswordHash` of password_hash.ts accepts.
   * @throws DependencyUnavailable when too many are waiting, CorruptRecord when `hash` is no such string.
   */
  verify(hash: string, password: string): Promise<boolean>;
}

export interface ConnectionDependencies {
  readonly name: string;
  readonly clock: Clock;
  readonly users: UserDirectory;
  readonly passwords: PasswordVerifier;
  /** Told of troubles that no caller sees. Never gets a password, a code or a message of a server. */
  /** Shows a line to the developer at the terminal; absent where nobody looks. */
  readonly print?: ((line: string) => void) | undefined;
  readonly report: (event: string, detail?: Readonly<Record<string, string | number>>) => void;
}

/** One entry of the YAML may be several connections of one name and different kinds: OpenID Connect in the browser and by password. */
export interface ConnectionVariant extends AnyVariant<ConnectionDependencies, readonly Connection[]> {
  /** It sends one-time codes, which every node must be able to check: they need one secret together. */
  readonly sendsCodes?: boolean | undefined;
}
