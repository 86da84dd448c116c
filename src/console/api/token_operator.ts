import type { Administration } from '../../admin/administration.ts';
import { PERSONAL_TOKENS_CLIENT } from '../../model/client.ts';
import type { AdminSettings } from '../../model/config.ts';
import type { AccessToken } from '../../model/token.ts';
import { isPersonal } from '../../oauth/claims.ts';
import type { SignInDesk } from '../../oauth/sign_in.ts';
import type { TokenStore } from '../../stores/token_store.ts';
import { refOf } from '../../tokens/format.ts';
import { roleOf } from '../operators.ts';
import type { OperatorOfToken } from './authentication.ts';

export interface TokenOperatorDependencies {
  /** The store itself, not what a cache remembers of it. */
  readonly store: Pick<TokenStore, 'get'>;
  readonly desk: () => Pick<SignInDesk, 'current' | 'asks'>;
  readonly clients: () => Administration['clients'];
  readonly settings: () => Pick<AdminSettings, 'bearerScope' | 'publicUrl'>;
}

/** Looks an access token up, and asks anew whether its user still has a role: what the token remembers of that is not believed. */
export function createOperatorOfToken({ store, desk, clients, settings }: TokenOperatorDependencies): OperatorOfToken {
  return async (token) => {
    const { bearerScope, publicUrl } = settings();

    // 1. Is it one, and one for this?
    const ref = refOf(token);
    const record = ref && (await store.get('access', ref));
    if (!record || !isFor(record, publicUrl)) return { refused: 'unknown' };
    if (bearerScope !== undefined && !record.scopes.includes(bearerScope)) {
      return { refused: 'scope', scope: bearerScope };
    }
    if (!record.user) return { refused: 'no_user' };
    // An app that only asked who somebody is was given nothing to do for them.
    if (record.scopes.every(isPersonal)) return { refused: 'sign_in_only' };

    // 2. May its app still serve its user?
    const client = record.client === PERSONAL_TOKENS_CLIENT ? OURS : await clients().find(record.client);
    if (!client || client.disabled) return { refused: 'unknown' };

    // 3. Who is the user now? A directory that only speaks when somebody signs in cannot say.
    if (!desk().asks(record.user)) return { refused: 'no_role' };
    const user = await desk().current(client, record.user);
    if (!user) return { refused: 'unknown' };
    const role = roleOf(user.roles);
    return role ? { user, role } : { refused: 'no_role' };
  };
}

/** Tokens that users gave themselves are of no app. */
const OURS = { connections: undefined, disabled: false };

/** A token that was made out for others is not for this listener, whoever holds it. */
const isFor = ({ audience }: AccessToken, publicUrl: string | undefined): boolean =>
  audience.length === 0 || (publicUrl !== undefined && audience.includes(publicUrl));
