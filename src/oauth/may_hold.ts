import { PERSONAL_TOKENS_CLIENT } from '../model/client.ts';
import type { Authorization } from '../model/token.ts';
import type { ClientRegistry } from '../registry/clients.ts';
import type { UserRegistry } from '../registry/users.ts';

export interface MayHoldDependencies {
  readonly clients: Pick<ClientRegistry, 'find'>;
  readonly users: Pick<UserRegistry, 'find'>;
  /** The connections whose users the registry knows. Of all others only the connection itself could tell, and was asked before. */
  readonly databases: readonly string[];
}

/** Whether an app and its user are neither disabled nor gone by now, as far as the registry knows. */
export function createMayHold({ clients, users, databases }: MayHoldDependencies) {
  return async ({ client: id, user }: Authorization): Promise<boolean> => {
    const isKept = user !== undefined && databases.includes(user.connection);
    const [client, kept] = await Promise.all([
      id === PERSONAL_TOKENS_CLIENT ? OURS : clients.find(id),
      isKept ? users.find(user.subject) : undefined,
    ]);
    if (!client || client.disabled) return false;
    return !isKept || (kept !== undefined && !kept.disabled && kept.connection === user.connection);
  };
}

/** Tokens that users gave themselves are of no app. */
const OURS = { disabled: false };
