import type { GrantType } from './client.ts';
import type { Seconds } from './units.ts';

/** The requests and answers of the protocol core, after a dialect has decoded them and before it encodes them. */

export interface ClientCredentials {
  readonly id: string;
  /** Absent when the client named itself only (public clients, `none`). */
  readonly secret?: string | undefined;
  /** How they came (RFC 7591 §2): a failure over `client_secret_basic` is answered with `WWW-Authenticate: Basic`. */
  readonly method: 'client_secret_basic' | 'client_secret_post' | 'none';
}

/** Everything any grant may ask for; a grant says which parts it needs. */
export interface TokenRequest {
  readonly credentials?: ClientCredentials | undefined;
  readonly grantType: GrantType;
  readonly code?: string | undefined;
  readonly redirectUri?: string | undefined;
  readonly codeVerifier?: string | undefined;
  readonly refreshToken?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly connection?: string | undefined;
  readonly device?: string | undefined;
  /** Absent when not sent: the grant's full scope. */
  readonly scopes?: readonly string[] | undefined;
}

export interface TokenAnswer {
  readonly accessToken: string;
  readonly expiresIn: Seconds;
  readonly issuedAt: Seconds;
  readonly refreshToken?: string | undefined;
  readonly scopes: readonly string[];
}

export interface RevocationRequest {
  readonly credentials?: ClientCredentials | undefined;
  readonly token: string;
}

export interface IntrospectionRequest {
  readonly credentials?: ClientCredentials | undefined;
  readonly token: string;
}

/** RFC 7662 §2.2. Inactive says nothing more, whatever the reason. */
export type IntrospectionAnswer =
  | { readonly active: false }
  | {
      readonly active: true;
      readonly tokenType: 'access_token' | 'refresh_token';
      readonly client: string;
      readonly scopes: readonly string[];
      readonly subject?: string | undefined;
      readonly username?: string | undefined;
      readonly audience: readonly string[];
      readonly issuedAt: Seconds;
      readonly expiresAt: Seconds;
    };

/** RFC 6749 §4.1.1, RFC 7636 §4.3: as sent, before anything is checked. */
export interface AuthorizationRequest {
  readonly dialect: string;
  readonly responseType?: string | undefined;
  readonly clientId?: string | undefined;
  readonly redirectUri?: string | undefined;
  readonly scopes?: readonly string[] | undefined;
  readonly state?: string | undefined;
  readonly codeChallenge?: string | undefined;
  readonly codeChallengeMethod?: string | undefined;
  /** Who must use PKCE in this dialect; absent means everybody. Public clients must in any case (RFC 9700 §2.1.1). */
  readonly pkce?: 'everybody' | 'public_clients' | undefined;
}

/** What metadata documents (RFC 8414) are made from: facts of the running configuration, absolute URLs added by the dialect. */
export interface ServerFacts {
  readonly issuer: string;
  readonly grantTypes: readonly GrantType[];
  readonly scopes: readonly string[];
}

/** The operations a dialect's endpoints lead to, each with what goes in and what comes out. */
export interface Operations {
  readonly token: { readonly input: TokenRequest; readonly output: TokenAnswer };
  readonly revoke: { readonly input: RevocationRequest; readonly output: undefined };
  readonly introspect: { readonly input: IntrospectionRequest; readonly output: IntrospectionAnswer };
  readonly metadata: { readonly input: undefined; readonly output: ServerFacts };
}
export type OperationName = keyof Operations;
