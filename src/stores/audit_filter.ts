import type { AuditEntry } from '../model/audit.ts';
import type { AuditFilter } from './audit_store.ts';

/** Whether an event is among those that are wanted. */
export function isWanted(entry: AuditEntry, { actor, action, target, from, until }: AuditFilter): boolean {
  return (
    (actor === undefined || entry.actor.id === actor) &&
    (action === undefined || entry.action === action || (action.endsWith('.') && entry.action.startsWith(action))) &&
    (target === undefined || entry.target?.id === target) &&
    (from === undefined || entry.at >= from) &&
    (until === undefined || entry.at < until)
  );
}
