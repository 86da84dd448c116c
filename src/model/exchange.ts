import type { ErrorCode } from './failure.ts';
import type { Milliseconds } from './units.ts';

/** What the log and the metrics are told of one proxied request, once, when it is over. Holds no query and no token. */
export interface Exchange {
  readonly requestId: string;
  readonly method: string;
  /** The canonical path, without the query; empty when the target was refused before it had one. */
  readonly path: string;
  /** The names of the route and the client and the id of the user, as far as the request came to them. */
  readonly route?: string | undefined;
  readonly client?: string | undefined;
  readonly user?: string | undefined;
  /** What the caller was sent; 499 when the caller left first. */
  readonly status: number;
  /** From the request head to the last byte, or to the moment it broke. */
  readonly duration: Milliseconds;
  /** Why the gateway itself answered. */
  readonly refused?: ErrorCode | undefined;
  /** The class of error behind a refusal (`DependencyUnavailable`, `ECONNREFUSED`); never a message. */
  readonly fault?: string | undefined;
  /** The origin that the call was sent to. */
  readonly upstream?: string | undefined;
  /**
   * `hit`: the token was known at once; `miss`: the store was asked; `stale`: it gave no answer, and what had been known served.
   * Absent when no token was looked up.
   */
  readonly cache?: 'hit' | 'miss' | 'stale' | undefined;
  /** Body bytes received from and sent to the caller. */
  readonly bytesIn?: number | undefined;
  readonly bytesOut?: number | undefined;
  /** The upstream broke off after its head was passed on, so the caller's connection was cut. */
  readonly cut?: boolean | undefined;
  /** What was noted when it came. The caller's own words among it are for the access log alone. */
  readonly notes?: CallNotes | undefined;
}

/** What was noted of a call when it came, for whoever is told of its end. Nothing is noted that nobody has asked for. */
export interface CallNotes {
  readonly trace?: Trace | undefined;
  /** For access logs that name it. */
  readonly caller?: CallerNotes | undefined;
}

/** What a caller says of itself, as it says it: any text. */
export interface CallerNotes {
  /** Where the call is from; behind trusted proxies what they say. */
  readonly address: string;
  readonly httpVersion: string;
  readonly referer?: string | undefined;
  readonly userAgent?: string | undefined;
}

/** One call in a distributed trace. */
export interface Trace {
  /** 32 hexadecimal digits. */
  readonly id: string;
  /** Whether it can be looked up later. */
  readonly sampled: boolean;
  /** The call goes on. @returns the headers that tell the upstream of the trace: lower-case names and values in turn. */
  forwarded(): readonly string[];
  /** The call is over. */
  end(exchange: Exchange): void;
}

/** A call that has just come, as far as a trace must know it. */
export interface TracedCall {
  readonly method: string;
  readonly httpVersion: string;
  readonly secure: boolean;
  /** Names and values in turn, as sent. */
  readonly rawHeaders: readonly string[];
}

export interface Tracer {
  /** @param address where the call is from; asked only if somebody will see it. */
  begin(call: TracedCall, address: () => string): Trace;
}

/** The headers of W3C Trace Context. */
export const TRACE_HEADERS: ReadonlySet<string> = new Set(['traceparent', 'tracestate']);
