import type { AuditEntry, AuditEvent } from '../model/audit.ts';
import type { AuditFilter, AuditPage } from './audit_store.ts';

/** Events that one call looks at, at most. */
export const MOST_LOOKED_AT = 5_000;

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

/**
 * @param found newest first; one more than the limit if there is more.
 * @param looked the last event that was looked at, if there may be more behind it.
 */
export function auditPage(found: readonly AuditEvent[], limit: number, looked: string | undefined): AuditPage {
  const items = found.slice(0, limit);
  const next = found.length > limit ? items.at(-1)?.id : looked;
  return next === undefined ? { items } : { items, next };
}
