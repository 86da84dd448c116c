import type { Seconds } from './units.ts';

declare const hashed: unique symbol;
/** The first 128 bits of a token's SHA-256 in base64url (22 characters): the only form of a token that is ever stored. */
export type TokenHash = string & { readonly [hashed]: true };

/**
 * Where a record lives. All tokens of one grant share their first characters, the tag; a Redis Cluster keeps one tag in one
 * slot, so a whole family changes in one atomic step. For a family, `hash` carries the family's id.
 */
export interface TokenRef {
  readonly tag: string;
  readonly hash: TokenHash;
}

/** Who signed in, as connections report it and as identity headers need it. */
export interface Identity {
  /** The stable user id (`sub`). */
  readonly subject: string;
  readonly username: string;
  readonly name?: string | undefined;
  readonly email?: string | undefined;
  readonly phoneNumber?: string | undefined;
  /** The name of the connection that proved it. */
  readonly connection: string;
  readonly roles: readonly string[];
  /** The only scopes that this user's tokens may carry; absent: all of the client's. An empty list allows none. */
  readonly allowedScopes?: readonly string[] | undefined;
  /** What else is known of them, by the names that `identity_headers.attributes` of the configuration has. */
  readonly attributes?: Readonly<Record<string, string>> | undefined;
}

/** What one grant gave: the parts every record of its family repeats. `user` is absent for client credentials. */
export interface Authorization {
  readonly client: string;
  readonly user?: Identity | undefined;
  readonly scopes: readonly string[];
  readonly audience: readonly string[];
  /** When the user last proved who they are (`auth_time`). */
  readonly authenticatedAt?: Seconds | undefined;
}

export interface AccessToken extends Authorization {
  readonly family: string;
  readonly issuedAt: Seconds;
  readonly expiresAt: Seconds;
}

/** Immutable: which family it belongs to and in which generation it was the live one. Says nothing without its family. */
export interface RefreshToken {
  readonly family: string;
  readonly generation: number;
  readonly expiresAt: Seconds;
}

/** All tokens that came from one grant. Ending the family ends them all. */
export interface Family extends Authorization {
  readonly id: string;
  readonly device?: string | undefined;
  /** Counts rotations from 0; the refresh token of this generation is the one that lives. */
  readonly generation: number;
  /** Live access tokens, so that revoking reaches them: hash and expiry, oldest first. */
  readonly live: readonly (readonly [hash: TokenHash, expiresAt: Seconds])[];
  /** The live refresh token and those that were rotated out but have not expired, so that revoking removes them too. */
  readonly refresh: readonly (readonly [hash: TokenHash, expiresAt: Seconds])[];
  /** The answer to the last rotation, sealed with a key only the presenter of the previous refresh token can derive. */
  readonly replay?: { readonly sealed: string; readonly until: Seconds } | undefined;
  readonly issuedAt: Seconds;
  readonly expiresAt: Seconds;
}

/** An authorization code waiting to be redeemed (RFC 6749 §4.1.2). */
export interface AuthorizationCode extends Authorization {
  /** OpenID Connect Core §2: goes into the `id_token` unchanged. */
  readonly nonce?: string | undefined;
  /** The redirect URI exactly as the authorization request sent it; absent if it sent none. */
  readonly redirectUri?: string | undefined;
  /** S256 (RFC 7636 §4.2); absent only for confidential clients of dialects that predate PKCE. */
  readonly codeChallenge?: string | undefined;
  readonly expiresAt: Seconds;
}

/** A browser that has signed in: what the session cookie points at. */
export interface BrowserSession {
  readonly user: Identity;
  readonly authenticatedAt: Seconds;
  /** What the browser calls itself, for the user to know it by; at most 200 characters, whatever they are. */
  readonly userAgent?: string | undefined;
  /** Where the user signed in from. */
  readonly address?: string | undefined;
  /** A session of the console is none of the main listener, nor the other way round: whoever finds one must look. */
  readonly purpose?: 'console' | undefined;
  readonly expiresAt: Seconds;
}

/**
 * What must be remembered between sending a browser to an outside provider and its return. Never in the browser itself. The `state`
 * that travels with the browser is the key under which this is found, so it is not repeated here.
 */
export interface Away {
  readonly connection: string;
  readonly nonce: string;
  readonly codeVerifier: string;
  readonly callback: string;
}

/**
 * An authorization request, or a visit to a page of ours, between the page and the click. Kept here, not in the form, so that nothing
 * in it can be changed.
 */
export interface Interaction {
  readonly dialect: string;
  readonly client: string;
  readonly redirectUri: string;
  /** Whether the request itself named the redirect URI; if so the token request must repeat it. */
  readonly redirectUriSent: boolean;
  readonly scopes: readonly string[];
  readonly state?: string | undefined;
  readonly codeChallenge?: string | undefined;
  readonly nonce?: string | undefined;
  /** The hash of the cookie of the browser that began it; no other browser may finish it. */
  readonly browser: TokenHash;
  readonly csrf: string;
  /** The browser is away at an outside provider: which connection sent it there, and what was agreed. */
  readonly away?: Away | undefined;
  /** The session that may not answer it, because the app wants a newer sign-in (`prompt=login`, `max_age`). */
  readonly staleSession?: TokenHash | undefined;
  /** The app wants the user to be asked even if they agreed before (`prompt=consent`). */
  readonly askConsent?: true | undefined;
  /**
   * The user wants to see a page of ours, and no app asks for anything: where the browser goes when it has signed in. Dialect, client
   * and redirect URI are empty then, as those of no app are.
   */
  readonly visit?: string | undefined;
  readonly expiresAt: Seconds;
}

/** A one-time code on its way to a phone or a mailbox. Kept as an HMAC, because six digits are guessed from any plain hash. */
export interface OneTimeCode {
  /** HMAC-SHA256 of recipient and code in base64url, with a key that is not in the store. */
  readonly mac: string;
  readonly expiresAt: Seconds;
}

/** What a request with an idempotency key was answered, or that it is still under way. */
export interface KeptAnswer {
  /** What the request was: the same key may not stand for another one. */
  readonly fingerprint: string;
  /** The answer, sealed with what is not in the store; empty while there is none. */
  readonly sealed: string;
  readonly expiresAt: Seconds;
}

/** Every kind of record a token store keeps, and its shape. All of them expire. */
export interface RecordOf {
  readonly access: AccessToken;
  readonly refresh: RefreshToken;
  readonly family: Family;
  readonly code: AuthorizationCode;
  readonly session: BrowserSession;
  readonly interaction: Interaction;
  readonly otp: OneTimeCode;
  readonly answer: KeptAnswer;
}
export type RecordKind = keyof RecordOf;
