import type { Connection, PasswordVerifier } from '../connections/connection.ts';
import type { Clock } from '../model/clock.ts';
import type { TokenSettings } from '../model/config.ts';
import type { OperationName, Operations, ServerFacts } from '../model/protocol.ts';
import type { PolicyOf } from '../model/token_policy.ts';
import type { ClientRegistry } from '../registry/clients.ts';
import type { ConsentRegistry } from '../registry/consents.ts';
import type { Denials, TokenStore } from '../stores/token_store.ts';
import type { Issuer } from '../tokens/issuing.ts';
import type { SigningKeys } from '../tokens/signing_keys.ts';
import type { Attempts } from './attempts.ts';
import { createAuthorization } from './authorization.ts';
import type { AuthorizationFlow } from './authorization_flow.ts';
import { createClientAuthentication } from './client_authentication.ts';
import { createDelegation } from './delegation.ts';
import { createDirectAuthorization } from './direct_authorization.ts';
import type { Grant } from './grants/grant.ts';
import type { IdTokens } from './id_tokens.ts';
import { createIntrospection } from './introspection.ts';
import type { OneTimeCodes } from './one_time_codes.ts';
import { createRevocation } from './revocation.ts';
import { createSendCode } from './send_code.ts';
import type { SignInDesk } from './sign_in.ts';
import type { SignInNotes } from './sign_in_notes.ts';
import { createTokenEndpoint } from './token_endpoint.ts';
import { createTokenInfo } from './token_info.ts';
import { createUserInfo } from './user_info.ts';

/**
 * The protocol core. This room owns what OAuth decides: who the client is, what a grant proves, which scopes are given,
 * what a redirect may say. It must not know HTTP, cookies or HTML (http/), nor how a parameter is spelled (dialects/).
 */
export interface Protocol {
  readonly operations: { readonly [O in OperationName]: Operation<O> };
  readonly authorization: AuthorizationFlow;
}

/** @throws ProtocolError for the caller, DependencyUnavailable and CorruptRecord when the gateway cannot tell. */
export type Operation<O extends OperationName> = (input: Operations[O]['input']) => Promise<Operations[O]['output']>;

export interface ProtocolDependencies {
  readonly grants: readonly Grant[];
  readonly clients: ClientRegistry;
  readonly consents: ConsentRegistry;
  readonly connections: readonly Connection[];
  readonly passwords: PasswordVerifier;
  readonly attempts: Attempts;
  /** For revocations while the store is away: what counts wrong secrets on this node alone, and what denies here. */
  readonly alone?: { readonly attempts: Pick<Attempts, 'clientSecret'>; readonly denials: Denials } | undefined;
  readonly codes: OneTimeCodes;
  /** What the audit log is told of who signs in. */
  readonly notes?: SignInNotes | undefined;
  readonly desk: SignInDesk;
  readonly store: TokenStore;
  /** Tells at once of a token that cannot be one of ours; absent: the store is asked about every one. */
  readonly isForged?: ((token: string) => boolean) | undefined;
  readonly issuer: Issuer;
  readonly idTokens: IdTokens;
  readonly signingKeys: Pick<SigningKeys, 'published'>;
  readonly clock: Clock;
  readonly settings: TokenSettings;
  readonly facts: ServerFacts;
  /** How the tokens of each dialect look and live. */
  readonly policyOf: PolicyOf;
}

export function createProtocol(deps: ProtocolDependencies): Protocol {
  const authenticate = createClientAuthentication(deps);
  const alone = deps.alone && {
    denials: deps.alone.denials,
    authenticate: createClientAuthentication({ ...deps, attempts: deps.alone.attempts }),
  };
  return {
    operations: {
      token: createTokenEndpoint({ ...deps, authenticate }),
      revoke: createRevocation({ ...deps, authenticate, alone }),
      introspect: createIntrospection({ ...deps, authenticate }),
      // RFC 8414: the facts of the configuration; the dialect adds its own URLs.
      metadata: async () => deps.facts,
      userinfo: createUserInfo(deps),
      tokeninfo: createTokenInfo(deps),
      delegation: createDelegation({ ...deps, authenticate }),
      send_code: createSendCode(deps),
      jwks: async () => ({ keys: await deps.signingKeys.published() }),
      authorize_directly: createDirectAuthorization({ ...deps, authenticate }),
    },
    authorization: createAuthorization(deps),
  };
}
