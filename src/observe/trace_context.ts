import { createTraceState, type SpanContext, TraceFlags } from '@opentelemetry/api';

/** W3C Trace Context §3.2: version, trace, parent and flags; a later version may go on behind another dash. */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const NO_TRACE = '0'.repeat(32);
const NO_SPAN = '0'.repeat(16);
/** Longer lists may be dropped (§3.3.1.5). */
const MOST_STATE = 512;

/**
 * What the headers of a call say of the trace that it is a part of.
 * @param rawHeaders names and values in turn, as sent. @returns undefined if they say nothing, or more than one thing.
 */
export function readTraceContext(rawHeaders: readonly string[]): SpanContext | undefined {
  let parent: string | undefined;
  let state: string | undefined;
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    const value = rawHeaders[at + 1] ?? '';
    if (name.length === 11 && name.toLowerCase() === 'traceparent') {
      if (parent !== undefined) return undefined;
      parent = value;
    } else if (name.length === 10 && name.toLowerCase() === 'tracestate') {
      state = state === undefined ? value : `${state},${value}`;
    }
  }
  const [, version, traceId = NO_TRACE, spanId = NO_SPAN, flags = '', more] = TRACEPARENT.exec(parent ?? '') ?? [];
  if (version === undefined || version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  if (traceId === NO_TRACE || spanId === NO_SPAN) return undefined;
  // The other flags are not ours to pass on (§3.2.2.5.2).
  const traceFlags = Number.parseInt(flags, 16) & TraceFlags.SAMPLED;
  const traceState = state !== undefined && state.length <= MOST_STATE ? createTraceState(state) : undefined;
  return { traceId, spanId, traceFlags, isRemote: true, ...(traceState && { traceState }) };
}

/** @returns the headers that say it, names and values in turn. */
export function traceHeaders({ traceId, spanId, traceFlags, traceState }: SpanContext): readonly string[] {
  const flags = (traceFlags & TraceFlags.SAMPLED).toString(16).padStart(2, '0');
  const state = traceState?.serialize() ?? '';
  return ['traceparent', `00-${traceId}-${spanId}-${flags}`, ...(state === '' ? [] : ['tracestate', state])];
}
