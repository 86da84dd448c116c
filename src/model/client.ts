import type { Seconds } from './units.ts';

/** The wire value of a grant (`authorization_code`, `refresh_token`, …). Which exist is decided by the map in compose. */
export type GrantType = string;

/** An application that may ask for tokens (RFC 6749 §2). */
export interface Client {
  readonly id: string;
  readonly name: string;
  readonly description?: string | undefined;
  /** Hashes of the secrets that are accepted: more than one only while a rotation overlaps. Empty for a public client. */
  readonly secrets: readonly ClientSecret[];
  /** A public client cannot keep a secret: it uses `none` with PKCE. */
  readonly public: boolean;
  readonly grants: readonly GrantType[];
  readonly redirectUris: readonly string[];
  readonly scopes: readonly string[];
  /** The audience its tokens carry. */
  readonly audience: readonly string[];
  /** The connections whose users may sign in to it; absent means all. */
  readonly connections?: readonly string[] | undefined;
  readonly disabled: boolean;
}

export interface ClientSecret {
  /** `sha256:<base64url>` for generated secrets, an argon2id string for chosen ones. */
  readonly hash: string;
  /** When an old secret stops working after a rotation. */
  readonly expiresAt?: Seconds | undefined;
}

/** A person in a database connection. */
export interface User {
  readonly id: string;
  readonly connection: string;
  readonly username: string;
  readonly name?: string | undefined;
  readonly email?: string | undefined;
  readonly phoneNumber?: string | undefined;
  /** A PHC string (`$argon2id$…`). */
  readonly passwordHash: string;
  readonly roles: readonly string[];
  readonly disabled: boolean;
}

/**
 * The form in which usernames are compared: `Alice` and `alice` are one person, however the letters were composed.
 * Two users of one connection whose usernames fold alike cannot both exist.
 */
export const foldUsername = (username: string): string => username.normalize('NFC').toLowerCase();

/** What a user has agreed that a client may do (remembered, so that the page is not shown again). */
export interface Consent {
  readonly subject: string;
  readonly client: string;
  readonly scopes: readonly string[];
  readonly grantedAt: Seconds;
}

/** Every kind of document the directory keeps, and its shape. `username` points from `<connection>:<username>` to a user id. */
export interface DocumentOf {
  readonly client: Client;
  readonly user: User;
  readonly username: { readonly id: string };
  readonly consent: Consent;
}
export type DocumentKind = keyof DocumentOf;
