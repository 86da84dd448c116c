import type { Milliseconds } from './units.ts';

/** Who did something: a person, somebody at the command line of a machine, or Gatehouse itself. */
export interface Actor {
  readonly kind: 'user' | 'command_line' | 'system';
  /** The user's id, or the name that the machine knows them by. */
  readonly id: string;
  readonly name?: string | undefined;
}

/** Through which door; `system`: by itself. */
export type AuditVia = 'console' | 'api' | 'account' | 'command_line' | 'sign_in' | 'system';

export interface AuditTarget {
  readonly kind: 'client' | 'user' | 'grant' | 'session' | 'consent' | 'personal_token' | 'configuration';
  readonly id: string;
  readonly name?: string | undefined;
}

/** What is said of one thing that was done, or was tried and refused. Never holds a secret, a token or a hash of one. */
export interface AuditEntry {
  /** Milliseconds since the epoch. */
  readonly at: Milliseconds;
  readonly actor: Actor;
  readonly via: AuditVia;
  /** The id of the operation (`clients.create`), or what happened by itself (`user.sign_in`). */
  readonly action: string;
  readonly target?: AuditTarget | undefined;
  readonly outcome: 'done' | 'refused';
  /** Where the caller came from, and the request that an access log knows. */
  readonly address?: string | undefined;
  readonly requestId?: string | undefined;
  /** What else is worth knowing, such as which fields were changed. */
  readonly detail?: Readonly<Record<string, string | number | boolean>> | undefined;
}

/** An entry that is written down. Ids have the order of time. */
export interface AuditEvent extends AuditEntry {
  readonly id: string;
}
