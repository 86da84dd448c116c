import { ProtocolError } from '../model/failure.ts';
import type { IntrospectionAnswer, IntrospectionRequest } from '../model/protocol.ts';
import type { Authorization, TokenRef } from '../model/token.ts';
import type { TokenStore } from '../stores/token_store.ts';
import { familyRef, isLiveRefresh } from '../tokens/families.ts';
import { refOf } from '../tokens/format.ts';
import type { AuthenticateClient } from './client_authentication.ts';

export interface IntrospectionDependencies {
  readonly authenticate: AuthenticateClient;
  readonly store: TokenStore;
  /** As in ProtocolDependencies. */
  readonly isForged?: ((token: string) => boolean) | undefined;
}

const INACTIVE = { active: false } as const;

/** RFC 7662: what a token is worth now. Confidential clients only, and each sees its own tokens only (§4). */
export function createIntrospection(
  deps: IntrospectionDependencies,
): (request: IntrospectionRequest) => Promise<IntrospectionAnswer> {
  const { authenticate, store, isForged } = deps;

  return async ({ credentials, caller, token }) => {
    const client = await authenticate(credentials, caller);
    if (client.public) {
      throw new ProtocolError(
        'invalid_client',
        'A public client cannot introspect tokens: use a client that has a secret.',
      );
    }
    const ref = isForged?.(token) ? undefined : refOf(token);
    const answer = ref && ((await accessToken(ref)) ?? (await refreshToken(ref)));
    return answer?.client === client.id ? answer : INACTIVE;
  };

  async function accessToken(ref: TokenRef) {
    const record = await store.get('access', ref);
    return record && activeAnswer('access_token', record, record);
  }

  /** Only the live one of its family is active: one that was rotated out has no use but to give its holder away. */
  async function refreshToken(ref: TokenRef) {
    const record = await store.get('refresh', ref);
    const family = record && (await store.get('family', familyRef(ref.tag, record.family)));
    return family && isLiveRefresh(family, ref.hash)
      ? activeAnswer('refresh_token', family, { issuedAt: family.issuedAt, expiresAt: record.expiresAt })
      : undefined;
  }
}

type Active = Extract<IntrospectionAnswer, { active: true }>;

function activeAnswer(
  tokenType: Active['tokenType'],
  { client, user, scopes, audience }: Authorization,
  { issuedAt, expiresAt }: Pick<Active, 'issuedAt' | 'expiresAt'>,
): Active {
  return {
    active: true,
    tokenType,
    client,
    scopes,
    audience,
    issuedAt,
    expiresAt,
    ...(user && { subject: user.subject, username: user.username }),
  };
}
