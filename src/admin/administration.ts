import type { Clock } from '../model/clock.ts';
import type { AskedCall, Explanation } from '../model/explanation.ts';
import type { Route } from '../model/route.ts';
import type { Milliseconds } from '../model/units.ts';
import type { Attempts } from '../oauth/attempts.ts';
import type { ClientRegistry } from '../registry/clients.ts';
import type { ConsentRegistry } from '../registry/consents.ts';
import type { UserRegistry } from '../registry/users.ts';
import type { AuditStore } from '../stores/audit_store.ts';
import type { TokenAdministration } from '../tokens/administration.ts';
import type { AuditBound } from './audit_bound.ts';
import type { Live } from './live.ts';

/** What operations work on: the registries and the store, and the gateway where one runs. A reload makes another. */
export interface Administration {
  readonly clients: ClientRegistry;
  readonly users: UserRegistry;
  readonly consents: ConsentRegistry;
  readonly tokens: TokenAdministration;
  readonly attempts: Attempts;
  readonly audit: AuditStore;
  /** Asked before an event is written that people can cause who may change nothing. */
  readonly mayNote: AuditBound;
  readonly passwords: Passwords;
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
  /** Tells what would become of a call. Absent where no gateway can tell. */
  readonly explain?: ((call: AskedCall) => Promise<Explanation>) | undefined;
  /** Makes a call through the main listener. Absent at the command line. */
  readonly tryCall?: ((call: TriedCall) => Promise<TriedAnswer>) | undefined;
}

export interface Passwords {
  /** @throws RangeError for what is no password. */
  hash(password: string): Promise<string>;
  /** Whether a text is a hash that sign-ins can be compared with. */
  isHash(text: string): boolean;
}

/** A call that an operator wants to see made. */
export interface TriedCall {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly host?: string | undefined;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body?: string | undefined;
}

export interface TriedAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The beginning of it. */
  readonly body: Uint8Array;
  readonly truncated: boolean;
  readonly duration: Milliseconds;
}
