/**
 * Where audit events go: into the store and, if the configuration says so, into the log and to another server. What is done does not
 * wait for the others, and what is lost on the way is told.
 */
import { randomUUID } from 'node:crypto';
import type { AuditEntry, AuditEvent } from '../model/audit.ts';
import type { AuditSettings, WebhookSettings } from '../model/config.ts';
import type { AuditStore } from '../stores/audit_store.ts';
import { eventView } from './audit_view.ts';
import type { EventDetail, EventLevel } from './log.ts';
import { createWebhook, type Webhook, type WebhookOutcome } from './webhook.ts';

export interface AuditTrail extends AuditStore {
  /** Appends without anybody waiting for it; what is lost is told in the log. */
  note(entry: AuditEntry): void;
  /** Goes by other settings from now on. */
  use(settings: Pick<AuditSettings, 'log' | 'webhook'>): void;
  /** Resolves when everything is written and delivered that can be, in a few seconds at most. */
  close(): Promise<void>;
}

/** What is counted of it. */
export interface AuditCounts {
  /** An event that the store did not take. */
  lost(): void;
  delivery(outcome: WebhookOutcome): void;
}

export interface AuditTrailDependencies {
  readonly store: AuditStore;
  readonly settings: Pick<AuditSettings, 'log' | 'webhook'>;
  readonly event: (level: EventLevel, name: string, detail?: EventDetail) => void;
  readonly counts?: AuditCounts | undefined;
}

const NO_COUNTS: AuditCounts = { lost: () => {}, delivery: () => {} };

export function createAuditTrail({ store, settings, event, counts = NO_COUNTS }: AuditTrailDependencies): AuditTrail {
  let current = settings;
  const writing = new Set<Promise<unknown>>();
  const former: Webhook[] = [];
  const webhookOf = (to: WebhookSettings | undefined) =>
    to && createWebhook({ ...to, event, told: (outcome) => counts.delivery(outcome) });
  let webhook = webhookOf(settings.webhook);

  function sendOut(written: AuditEvent): void {
    if (current.log) event('info', 'audit', lineOf(written));
    webhook?.send({ id: written.id, type: written.action, at: written.at, data: eventView(written) });
  }

  async function append(entry: AuditEntry): Promise<AuditEvent> {
    try {
      const written = await store.append(entry);
      sendOut(written);
      return written;
    } catch (error) {
      counts.lost();
      event('error', 'audit_lost', { action: entry.action, outcome: entry.outcome });
      // The others may still hear of it.
      sendOut({ ...entry, id: `unwritten-${randomUUID()}` });
      throw error;
    }
  }

  return {
    append,
    page: (filter, limit, before) => store.page(filter, limit, before),
    note(entry) {
      const written = append(entry).catch(() => {});
      writing.add(written);
      void written.finally(() => writing.delete(written));
    },
    use(next) {
      const { url, secret } = next.webhook ?? {};
      if (url !== current.webhook?.url || secret !== current.webhook?.secret) {
        if (webhook) former.push(webhook);
        webhook = webhookOf(next.webhook);
      }
      current = next;
    },
    async close() {
      await Promise.all(writing);
      await Promise.all([...former, ...(webhook ? [webhook] : [])].map((each) => each.close()));
    },
  };
}

function lineOf(written: AuditEvent): EventDetail {
  const { actor, target, detail, requestId, at, ...event } = written;
  return {
    ...event,
    at: new Date(at).toISOString(),
    actor: actor.id,
    actor_kind: actor.kind,
    actor_name: actor.name,
    target: target?.id,
    target_kind: target?.kind,
    target_name: target?.name,
    request_id: requestId,
    ...Object.fromEntries(Object.entries(detail ?? {}).map(([name, value]) => [`detail_${name}`, value])),
  };
}
