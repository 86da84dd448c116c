import type { Clock } from '../model/clock.ts';
import type { Route } from '../model/route.ts';
import type { Attempts } from '../oauth/attempts.ts';
import type { ClientRegistry } from '../registry/clients.ts';
import type { ConsentRegistry } from '../registry/consents.ts';
import type { UserRegistry } from '../registry/users.ts';
import type { AuditStore } from '../stores/audit_store.ts';
import type { TokenAdministration } from '../tokens/administration.ts';
import type { Live } from './live.ts';

/** What operations work on: the registries and the store, and the gateway where one runs. A reload makes another. */
export interface Administration {
  readonly clients: ClientRegistry;
  readonly users: UserRegistry;
  readonly consents: ConsentRegistry;
  readonly tokens: TokenAdministration;
  readonly attempts: Attempts;
  readonly audit: AuditStore;
  readonly passwords: { hash(password: string): Promise<string> };
  readonly clock: Clock;
  readonly routes: readonly Route[];
  /** What a client or a user can be given. */
  readonly choices: {
    readonly grants: readonly string[];
    readonly dialects: readonly string[];
    readonly connections: readonly { readonly name: string; readonly type: string }[];
    /** The connections whose users the store can hold. */
    readonly databases: readonly string[];
  };
  /** Absent at the command line. */
  readonly live?: Live | undefined;
}
