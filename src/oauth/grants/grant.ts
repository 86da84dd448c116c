import type { Client, GrantType } from '../../model/client.ts';
import type { Clock } from '../../model/clock.ts';
import type { TokenRequest } from '../../model/protocol.ts';
import type { Authorization, Family, TokenRef } from '../../model/token.ts';
import type { PolicyOf } from '../../model/token_policy.ts';
import type { TokenStore } from '../../stores/token_store.ts';
import type { IdTokens } from '../id_tokens.ts';
import type { SignInDesk } from '../sign_in.ts';

/** What a grant has proved: that tokens may be issued, for whom and for what. */
export interface Proof {
  readonly authorization: Authorization;
  /** Whether a refresh token may be issued with it. */
  readonly refreshable: boolean;
  /** The id and tag the new family must take (codes fix them when they are issued); absent for fresh ones. */
  readonly family?: TokenRef | undefined;
  /** Set by the refresh grant: the family to rotate and the token that was presented. */
  readonly rotates?: { readonly ref: TokenRef; readonly family: Family; readonly presented: string } | undefined;
  readonly device?: string | undefined;
  /** The scopes were chosen when this was granted: a request that names none means all of them (RFC 6749 §6). */
  readonly chosen?: boolean | undefined;
  /** What the `id_token` must repeat (OpenID Connect Core §2). */
  readonly nonce?: string | undefined;
}

/**
 * Proves that tokens may be issued and for what. It never mints and never writes tokens. The token endpoint owns the steps every
 * grant shares (client, grant allowed, scope, identity, issue), so no grant can forget one.
 */
export interface Grant {
  /** The wire value of `grant_type`. */
  readonly type: GrantType;
  /** @throws ProtocolError when the request proves nothing. */
  authorize(request: TokenRequest, client: Client): Promise<Proof>;
}

/** What `create` of every grant is handed; each takes what it needs. */
export interface GrantDependencies {
  readonly store: TokenStore;
  /** Tells at once of a token that cannot be one of ours; absent: the store is asked about every one. */
  readonly isForged?: ((token: string) => boolean) | undefined;
  /** Told of a code that came twice, and of what it ended. */
  readonly reused?: ((family: Family, ref: TokenRef) => void) | undefined;
  readonly desk: SignInDesk;
  readonly clock: Clock;
  readonly idTokens: IdTokens;
  readonly policyOf: PolicyOf;
}
