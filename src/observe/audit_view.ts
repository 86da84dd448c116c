import type { AuditEvent } from '../model/audit.ts';

/** An event as other servers see it: as the admin API tells it. */
export function eventView({ requestId, at, ...event }: AuditEvent): object {
  return { ...event, at: new Date(at).toISOString(), request_id: requestId };
}
