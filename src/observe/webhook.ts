import { Buffer } from 'node:buffer';
import { createHmac } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { WebhookSettings } from '../model/config.ts';
import type { Milliseconds } from '../model/units.ts';
import type { EventDetail, EventLevel } from './log.ts';

/** `retried`: an attempt failed, and there will be another one. `lost`: there will be none. */
export type WebhookOutcome = 'delivered' | 'retried' | 'lost';

export interface WebhookMessage {
  /** The same in each attempt; without a dot. */
  readonly id: string;
  readonly type: string;
  readonly at: Milliseconds;
  readonly data: object;
}

export interface Webhook {
  /** Returns at once; messages are delivered one after the other. */
  send(message: WebhookMessage): void;
  /** Tries what is waiting once more, for three seconds at most. */
  close(): Promise<void>;
}

export interface WebhookDependencies extends WebhookSettings {
  readonly event: (level: EventLevel, name: string, detail?: EventDetail) => void;
  readonly told?: ((outcome: WebhookOutcome) => void) | undefined;
  /** Milliseconds before each attempt after the first; their number is how many there are. */
  readonly pauses?: readonly number[] | undefined;
}

/** Together some ten minutes. */
const PAUSES = [1_000, 5_000, 15_000, 60_000, 180_000, 360_000];
/** Attempts for a message that the receiver refuses: trying for longer would not change its mind, and holds up all others. */
const MOST_REFUSALS = 3;
/** Messages that wait while the receiver is away: what comes then is lost, as nobody knows for how long that will be. */
const MOST_WAITING = 1_000;
/** Milliseconds for one attempt, and for all that are left at the end. */
const ATTEMPT_LIMIT = 5_000;
const CLOSE_LIMIT = 3_000;

/**
 * Posts messages as Standard Webhooks says: `Webhook-Id`, `Webhook-Timestamp` and `Webhook-Signature` (HMAC-SHA256 over both and the
 * body). Nobody waits for it, redirects are not followed, and nothing of an answer is read but its status.
 */
export function createWebhook({ url, secret, event, told = () => {}, pauses = PAUSES }: WebhookDependencies): Webhook {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const waiting: WebhookMessage[] = [];
  const closing = new AbortController();
  let delivering: Promise<void> | undefined;

  /** @returns undefined if it was taken. */
  async function attempt(message: WebhookMessage): Promise<Failure | undefined> {
    const { id, type, at, data } = message;
    const body = JSON.stringify({ type, timestamp: new Date(at).toISOString(), data });
    const timestamp = String(Math.floor(Date.now() / 1000));
    const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
    try {
      const answer = await fetch(url, {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          'User-Agent': 'gatehouse',
          'Webhook-Id': id,
          'Webhook-Timestamp': timestamp,
          'Webhook-Signature': `v1,${signature}`,
        },
        body,
        redirect: 'manual',
        signal: AbortSignal.timeout(ATTEMPT_LIMIT),
      });
      await answer.body?.cancel();
      return answer.ok ? undefined : { reason: `status ${answer.status}`, isRefusal: isRefusal(answer.status) };
    } catch (error) {
      return { reason: nameOf(error), isRefusal: false };
    }
  }

  async function deliver(message: WebhookMessage): Promise<void> {
    let failure = await attempt(message);
    let refusals = Number(failure?.isRefusal === true);
    for (const pause of pauses) {
      if (!failure || closing.signal.aborted || refusals >= MOST_REFUSALS) break;
      told('retried');
      // Cut short when the process is to end: then this was the last pause.
      await setTimeout(pause, undefined, { signal: closing.signal, ref: false }).catch(() => {});
      failure = await attempt(message);
      refusals += Number(failure?.isRefusal === true);
    }
    if (failure) lose(message, failure.reason);
    else told('delivered');
  }

  function lose({ type }: WebhookMessage, reason: string): void {
    told('lost');
    event('error', 'audit_webhook_lost', { action: type, reason });
  }

  async function deliverAll(): Promise<void> {
    for (let message = waiting.shift(); message !== undefined; message = waiting.shift()) await deliver(message);
    delivering = undefined;
  }

  return {
    send(message) {
      if (waiting.length >= MOST_WAITING) lose(message, 'too many are waiting');
      else waiting.push(message);
      delivering ??= deliverAll();
    },
    async close() {
      closing.abort();
      await Promise.race([delivering, setTimeout(CLOSE_LIMIT, undefined, { ref: false })]);
      for (const message of waiting.splice(0)) lose(message, 'the process ended');
    },
  };
}

/** Why a message was not taken. */
interface Failure {
  readonly reason: string;
  /** The receiver has read it and does not want it. */
  readonly isRefusal: boolean;
}

/** Too slow (408) and too much (429) say nothing of the message; what is not there (404) or forbidden (401) is set up wrongly. */
const isRefusal = (status: number): boolean => status >= 400 && status < 500 && status !== 408 && status !== 429;

/** The class or code of what went wrong; what it says may quote an address. */
function nameOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return 'unknown';
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name;
}
