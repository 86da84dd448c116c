import { Counter, type Registry } from 'prom-client';
import type { AuditCounts } from './audit_trail.ts';
import type { WebhookOutcome } from './webhook.ts';

const OUTCOMES: readonly WebhookOutcome[] = ['delivered', 'retried', 'lost'];

/** @returns counts what becomes of audit events. All series are there from the beginning, so that the first loss is a rise. */
export function countAudit(registry: Registry): { readonly counts: AuditCounts; withheld(): void } {
  const registers = [registry];
  const lost = new Counter({
    name: 'gatehouse_audit_lost_total',
    help: 'Audit events that the store did not take.',
    registers,
  });
  const deliveries = new Counter({
    name: 'gatehouse_audit_webhook_total',
    help: 'Audit events that were sent to the webhook, by outcome.',
    labelNames: ['outcome'],
    registers,
  });
  for (const outcome of OUTCOMES) deliveries.inc({ outcome }, 0);
  const withheld = new Counter({
    name: 'gatehouse_audit_withheld_total',
    help: 'Sign-ins, and refused operations, that are not in the audit log, because the same happened less than a minute before or too many did.',
    registers,
  });
  return {
    counts: { lost: () => lost.inc(), delivery: (outcome) => deliveries.inc({ outcome }) },
    withheld: () => withheld.inc(),
  };
}
