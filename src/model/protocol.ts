import type { GrantType } from './client.ts';
import type { Seconds } from './units.ts';

/** The requests and answers of the protocol core, after a dialect has decoded them and before it encodes them. */

export interface ClientCredentials {
  readonly id: string;
  /** Absent when the client named itself only (public clients, `none`). */
  readonly secret?: string | undefined;
  /** How they came (RFC 7591 §2): a failure over `client_secret_basic` is answered with `WWW-Authenticate: Basic`. */
  readonly method: 'client_secret_basic' | 'client_secret_post' | 'none';
  /** The dialect's documentation lets a confidential client leave its secret out here; one that is sent is still checked. */
  readonly secretOptional?: boolean | undefined;
}

/** Where a request came from: what attempts are counted by. */
export interface Caller {
  /** The IP address of the client, or of the last proxy that is not trusted. */
  readonly address: string;
}

/** Everything any grant may ask for; a grant says which parts it needs. */
export interface TokenRequest {
  /** Whose tokens are asked for: decides how they look and live. */
  readonly dialect: string;
  readonly caller: Caller;
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
  /** RFC 7523 §2.1: the JWT that proves the user. */
  readonly assertion?: string | undefined;
  /** Absent when not sent: the grant's full scope. */
  readonly scopes?: readonly string[] | undefined;
  /** Grants of which the dialect's documentation gives a client one at most; a client that has several gets nothing here. */
  readonly oneGrantOf?: readonly GrantType[] | undefined;
}

export interface TokenAnswer {
  readonly accessToken: string;
  readonly expiresIn: Seconds;
  readonly issuedAt: Seconds;
  readonly refreshToken?: string | undefined;
  /** OpenID Connect Core §3.1.3.3: when the scopes have `openid`. */
  readonly idToken?: string | undefined;
  readonly scopes: readonly string[];
  /** The id of the user it acts for; absent when the client acts for itself. */
  readonly subject?: string | undefined;
}

export interface RevocationRequest {
  readonly caller: Caller;
  readonly credentials?: ClientCredentials | undefined;
  readonly token: string;
}

export interface IntrospectionRequest {
  readonly caller: Caller;
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
  /** OpenID Connect Core §3.1.2.1. */
  readonly nonce?: string | undefined;
  readonly prompt?: string | undefined;
  readonly maxAge?: string | undefined;
  /** Who must use PKCE in this dialect; absent means everybody. Public clients must in any case (RFC 9700 §2.1.1). */
  readonly pkce?: 'everybody' | 'public_clients' | undefined;
}

/** The user's name and password, and in answer a code at once: a request that the documentation of older APIs has. */
export interface DirectAuthorizationRequest {
  readonly dialect: string;
  readonly caller: Caller;
  readonly credentials?: ClientCredentials | undefined;
  readonly responseType?: string | undefined;
  readonly redirectUri?: string | undefined;
  readonly scopes?: readonly string[] | undefined;
  readonly state?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
}

/** Asks for a one-time code. */
export interface CodeRequest {
  readonly caller: Caller;
  readonly clientId?: string | undefined;
  readonly connection?: string | undefined;
  /** A phone number or an e-mail address, as the connection takes it. */
  readonly recipient?: string | undefined;
}

/** Asks who the bearer of an access token is (OpenID Connect Core §5.3). */
export interface UserInfoRequest {
  readonly token?: string | undefined;
  /** Without it the token is not good enough; absent in dialects that answer every token of a user. */
  readonly requiredScope?: string | undefined;
}

/** Asks what an `id_token` of this gateway says. */
export interface TokenInfoRequest {
  readonly caller: Caller;
  readonly idToken?: string | undefined;
}

/** Asks for a new `id_token` for a refresh token. */
export interface DelegationRequest {
  readonly dialect: string;
  readonly caller: Caller;
  readonly credentials?: ClientCredentials | undefined;
  readonly grantType?: string | undefined;
  readonly refreshToken?: string | undefined;
  readonly scopes?: readonly string[] | undefined;
}

export interface DelegationAnswer {
  readonly idToken: string;
  readonly expiresIn: Seconds;
}

/** Statements about a user, by their registered names (OpenID Connect Core §5.1). */
export type Claims = Readonly<Record<string, unknown>>;

/** Public keys (RFC 7517 §5). */
export interface KeySet {
  readonly keys: readonly Readonly<Record<string, unknown>>[];
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
  /** Answers with the redirect URI, code and state added. */
  readonly authorize_directly: { readonly input: DirectAuthorizationRequest; readonly output: { readonly to: string } };
  readonly send_code: { readonly input: CodeRequest; readonly output: undefined };
  readonly userinfo: { readonly input: UserInfoRequest; readonly output: Claims };
  readonly tokeninfo: { readonly input: TokenInfoRequest; readonly output: Claims };
  readonly delegation: { readonly input: DelegationRequest; readonly output: DelegationAnswer };
  readonly jwks: { readonly input: undefined; readonly output: KeySet };
}
export type OperationName = keyof Operations;
