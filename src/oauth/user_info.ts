import { ProtocolError } from '../model/failure.ts';
import type { Claims, UserInfoRequest } from '../model/protocol.ts';
import type { ClientRegistry } from '../registry/clients.ts';
import type { TokenStore } from '../stores/token_store.ts';
import { refOf } from '../tokens/format.ts';
import { claimsOf } from './claims.ts';
import type { SignInDesk } from './sign_in.ts';

export interface UserInfoDependencies {
  readonly store: TokenStore;
  /** As in ProtocolDependencies. */
  readonly isForged?: ((token: string) => boolean) | undefined;
  readonly clients: Pick<ClientRegistry, 'find'>;
  readonly desk: Pick<SignInDesk, 'current'>;
}

/** OpenID Connect Core §5.3: what the scopes of an access token tell about its user, as they are today. */
export function createUserInfo(deps: UserInfoDependencies): (request: UserInfoRequest) => Promise<Claims> {
  const { store, clients, desk, isForged } = deps;

  return async ({ token, requiredScope }) => {
    if (token === undefined) throw missing();
    const ref = isForged?.(token) ? undefined : refOf(token);
    const record = ref && (await store.get('access', ref));
    if (!record) throw dead();
    if (requiredScope !== undefined && !record.scopes.includes(requiredScope)) throw insufficient(requiredScope);
    if (!record.user) throw nobody();
    const client = await clients.find(record.client);
    const user = client && !client.disabled ? await desk.current(client, record.user) : undefined;
    if (!user) throw dead();
    return claimsOf(user, record.scopes);
  };
}

const missing = () =>
  new ProtocolError('missing_token', 'Send an access token in the header: Authorization: Bearer and the token.');

const dead = () =>
  new ProtocolError('invalid_token', 'This access token is unknown, expired or revoked: get another one.');

const insufficient = (scope: string) =>
  new ProtocolError('insufficient_scope', `This needs an access token with the scope ${scope}.`, { scope: [scope] });

const nobody = () =>
  new ProtocolError(
    'insufficient_scope',
    'This access token is one of an app itself: use one that a user signed in for.',
  );
