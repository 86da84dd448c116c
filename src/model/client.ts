import type { Seconds } from './units.ts';

/** The wire value of a grant (`authorization_code`, `refresh_token`, …). Which exist is decided by the map in compose. */
export type GrantType = string;

/** The client id of the tokens that users make for themselves. No client can have it. */
export const PERSONAL_TOKENS_CLIENT = 'personal-access-token';

/** An application that may ask for tokens (RFC 6749 §2). */
export interface Client {
  readonly id: string;
  readonly name: string;
  readonly description?: string | undefined;
  /** Hashes of the secrets that are accepted: more than one only while a rotation overlaps. Empty for a public client. */
  readonly secrets: readonly ClientSecret[];
  /** A public client cannot keep a secret: it uses `none` with PKCE. */
  readonly public: boolean;
  /**
   * The secret itself, for dialects that sign with it (HS256). Only clients of the configuration have it; it is never stored,
   * and not enumerable, so that no copy and no JSON of a client has it.
   */
  readonly signingSecret?: string | undefined;
  readonly grants: readonly GrantType[];
  readonly redirectUris: readonly string[];
  readonly scopes: readonly string[];
  /** The audience its tokens carry. */
  readonly audience: readonly string[];
  /** The connections whose users may sign in to it; absent means all. */
  readonly connections?: readonly string[] | undefined;
  /** The dialects in which it may ask; absent means all. */
  readonly dialects?: readonly string[] | undefined;
  readonly disabled: boolean;
  /** When it was registered; absent for those of the configuration, and of older versions. */
  readonly createdAt?: Seconds | undefined;
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
  /** A PHC string (`$argon2id$…`), or one of bcrypt or scrypt that came from another system. */
  readonly passwordHash: string;
  readonly roles: readonly string[];
  readonly disabled: boolean;
  /** When it was made; absent for those of the configuration, and of older versions. */
  readonly createdAt?: Seconds | undefined;
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

/** When a client last did something, to the minute or so. Kept under the client's id. */
export interface ClientUse {
  readonly lastUsedAt: Seconds;
}

/** A key that signs `id_token`s. Public once it is made, so that verifiers know it before it signs; kept until nothing signed with it lives. */
export interface SigningKey {
  readonly algorithm: 'RS256' | 'ES256';
  /** The public JWK, with `kid`, `alg` and `use`. */
  readonly publicJwk: Readonly<Record<string, unknown>>;
  /** The private JWK as JSON, sealed when the configuration has a server secret. */
  readonly privateJwk: string;
  /** When it begins to sign, and when it stops; it is published a while longer. */
  readonly activeFrom: Seconds;
  readonly activeUntil: Seconds;
  readonly publishedUntil: Seconds;
}

/** Every kind of document the directory keeps, and its shape. `contact` points from an e-mail address or phone number, and `username` points from `<connection>:<username>` to a user id. */
export interface DocumentOf {
  readonly client: Client;
  readonly user: User;
  readonly username: { readonly id: string };
  readonly contact: { readonly id: string };
  readonly consent: Consent;
  readonly client_use: ClientUse;
  readonly signing_key: SigningKey;
  /** What the marks of tokens are made with: see tokens/token_marks.ts. */
  readonly token_key: { readonly key: string };
}
export type DocumentKind = keyof DocumentOf;
