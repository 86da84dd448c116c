import type { AuditEntry } from '../model/audit.ts';
import type { Clock } from '../model/clock.ts';
import type { Visit } from './visits.ts';

export interface RecordDependencies {
  /** Writes an event into the audit log, without anybody waiting for it. */
  readonly note: (entry: AuditEntry) => void;
  readonly clock: Clock;
}

/** Writes down what a user changed, or tried to. */
export type TakeDown = (
  visit: Pick<Visit, 'user' | 'request'>,
  done: Pick<AuditEntry, 'action' | 'outcome' | 'detail' | 'target'>,
) => void;

export function createTakeDown({ note, clock }: RecordDependencies): TakeDown {
  return ({ user, request }, done) =>
    note({
      at: clock.now(),
      actor: { kind: 'user', id: user.subject, name: user.username },
      via: 'account',
      address: request.callerAddress,
      requestId: request.requestId,
      ...done,
    });
}
