import type { Exchange } from '../model/exchange.ts';
import type { Milliseconds } from '../model/units.ts';
import type { Decision, DecisionFacts, Forward, Refusal, Reply } from './decide.ts';
import type { Gateway } from './gateway.ts';
import type { Admission } from './limits.ts';
import type { RequestHead } from './request_head.ts';

/*
 * What every exchange has in common, whichever way it came in: decided, then admitted, and reported once. How it is carried and
 * answered is its lane's.
 */

/** nginx's word for "the caller left before it was answered". */
export const CALLER_LEFT = 499;

/** An exchange, as far as its beginning goes. */
export interface Beginning {
  /** @returns what is to be counted against its limits; undefined if it goes no further. */
  onDecision(decision: Decision): Forward | undefined;
  /** The caller may have left meanwhile. */
  onAdmission(forward: Forward, admitted: Admission | Refusal): void;
  /** An error that nobody foresaw: it is answered and told, and harms no other exchange. */
  onUnforeseen(error: unknown): void;
}

/** Has an exchange decided and admitted: at once, if store and limiter answer at once. Never throws. */
export function begin(gateway: Gateway, head: RequestHead, it: Beginning): void {
  try {
    const decision = gateway.decide(head);
    if (decision instanceof Promise) {
      decision.then((later) => admit(gateway, later, it)).catch((error) => it.onUnforeseen(error));
    } else {
      admit(gateway, decision, it);
    }
  } catch (error) {
    it.onUnforeseen(error);
  }
}

function admit(gateway: Gateway, decision: Decision, it: Beginning): void {
  const forward = it.onDecision(decision);
  if (forward === undefined) return;
  const admitted = gateway.admit(forward);
  if (admitted instanceof Promise) {
    admitted.then((later) => it.onAdmission(forward, later)).catch((error) => it.onUnforeseen(error));
  } else {
    it.onAdmission(forward, admitted);
  }
}

/** What the lane alone knows of an exchange that is over. */
export interface Outcome {
  readonly method: string;
  readonly status: number;
  readonly duration: Milliseconds;
  readonly fault: string | undefined;
  readonly upstream: string | undefined;
  readonly bytesIn: number | undefined;
  readonly bytesOut: number | undefined;
  readonly cut: boolean;
}

/** What the log and the metrics are told of it. */
export function exchangeOf(
  facts: DecisionFacts | undefined,
  forward: Forward | undefined,
  reply: Reply | undefined,
  { method, status, duration, fault, upstream, bytesIn, bytesOut, cut }: Outcome,
): Exchange {
  const record = forward?.record ?? reply?.record;
  return {
    requestId: facts?.requestId ?? '',
    method,
    path: facts?.path ?? '',
    route: forward?.route.name ?? reply?.route?.name,
    client: record?.client,
    user: record?.user?.subject,
    status,
    duration,
    refused: reply?.failure?.code,
    fault: fault ?? reply?.fault,
    upstream,
    cache: facts?.cache,
    bytesIn,
    bytesOut,
    cut: cut || undefined,
    notes: facts?.notes,
  };
}
