import { type CallerNotes, type CallNotes, TRACE_HEADERS, type Tracer } from '../model/exchange.ts';
import type { Decision } from './decide.ts';
import { callerAddress, trustedProxies } from './forwarded.ts';
import type { Gateway } from './gateway.ts';
import type { RequestHead } from './request_head.ts';

export interface NotesWanted {
  /** Absent: no call is traced. */
  readonly tracer?: Tracer | undefined;
  /** Whether the access log names what callers say of themselves. */
  readonly callers: boolean;
  /** CIDR ranges whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
}

/** Notes what is wanted of a call that has just come. */
export type TakeNotes = (head: RequestHead) => CallNotes;

/** @returns undefined if nothing is wanted: then no call pays for asking. */
export function createTakeNotes({ tracer, callers, trustedProxies: ranges }: NotesWanted): TakeNotes | undefined {
  if (tracer === undefined && !callers) return undefined;
  const isTrusted = trustedProxies(ranges);
  const addressOf = (head: RequestHead) => callerAddress(head, valuesOf(head, 'x-forwarded-for'), isTrusted);
  return (head) => ({
    trace: tracer?.begin(head, () => addressOf(head)),
    caller: callers ? callerOf(head, addressOf(head)) : undefined,
  });
}

/**
 * A gateway whose decisions carry notes along to the report. It decides nothing: what goes upstream differs by the trace context
 * alone, which then is ours instead of the caller's.
 */
export function notingGateway(gateway: Gateway, take: TakeNotes): Gateway {
  const noted = (decision: Decision, notes: CallNotes): Decision => ({ ...decision, notes });
  return {
    ...gateway,
    decide(head) {
      const notes = take(head);
      const conclude = (decision: Decision): Decision => {
        if (!('forward' in decision) || !notes.trace) return noted(decision, notes);
        traced(decision.forward.headers, notes.trace.forwarded());
        return noted({ ...decision, forward: { ...decision.forward, ours: undefined } }, notes);
      };
      const decision = gateway.decide(head);
      return decision instanceof Promise ? decision.then(conclude) : conclude(decision);
    },
    judge(head) {
      const notes = take(head);
      const decision = gateway.judge(head);
      return decision instanceof Promise ? decision.then((later) => noted(later, notes)) : noted(decision, notes);
    },
  };
}

/** Puts these in the place of whatever the caller sent under their names. */
function traced(headers: string[], ours: readonly string[]): void {
  let to = 0;
  for (let from = 0; from + 1 < headers.length; from += 2) {
    const name = headers[from] ?? '';
    if (isTraceHeader(name)) continue;
    headers[to++] = name;
    headers[to++] = headers[from + 1] ?? '';
  }
  headers.length = to;
  for (const line of ours) headers.push(line);
}

const isTraceHeader = (name: string): boolean =>
  (name.length === 11 || name.length === 10) && TRACE_HEADERS.has(name.toLowerCase());

function callerOf({ rawHeaders, httpVersion }: RequestHead, address: string): CallerNotes {
  let referer: string | undefined;
  let userAgent: string | undefined;
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    // The length first: it tells most names apart, and costs nothing.
    if (name.length === 7 && name.toLowerCase() === 'referer') referer ??= rawHeaders[at + 1];
    else if (name.length === 10 && name.toLowerCase() === 'user-agent') userAgent ??= rawHeaders[at + 1];
  }
  return { address, httpVersion, referer, userAgent };
}

const valuesOf = ({ rawHeaders }: RequestHead, name: string): readonly string[] =>
  rawHeaders.filter((_, at, all) => at % 2 === 1 && all[at - 1]?.toLowerCase() === name);
