import type { AuditEntry } from '../model/audit.ts';
import type { Clock } from '../model/clock.ts';
import type { Family, TokenRef } from '../model/token.ts';

export interface ReuseNotesDependencies {
  readonly note: (entry: AuditEntry) => void;
  readonly clock: Clock;
}

/** A refresh token or a code that comes a second time was seen by somebody else: the audit log tells operators which grant it ended. */
export const createReuseNotes =
  ({ note, clock }: ReuseNotesDependencies) =>
  (presented: 'refresh_token' | 'code') =>
  ({ client, user }: Family, { tag, hash }: TokenRef): void =>
    note({
      at: clock.now(),
      actor: { kind: 'system', id: 'gatehouse' },
      via: 'system',
      action: 'token.reuse_detected',
      target: { kind: 'grant', id: `${tag}.${hash}` },
      outcome: 'done',
      detail: { presented, client, ...(user && { user: user.subject }) },
    });
