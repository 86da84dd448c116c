import type { ErrorCode } from './failure.ts';
import type { Milliseconds } from './units.ts';

/** What the log and the metrics are told of one proxied request, once, when it is over. Holds no header, no query, no token. */
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
}
