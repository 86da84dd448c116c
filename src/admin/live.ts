import type { ErrorCode } from '../model/failure.ts';
import type { Milliseconds } from '../model/units.ts';

/** What is happening now, over all workers of this machine. Counts are totals since the start: whoever draws takes differences. */
export interface LiveStats {
  /** Milliseconds since the epoch. */
  readonly at: Milliseconds;
  readonly requests: readonly { readonly route: string; readonly status: number; readonly count: number }[];
  /** How many calls of a route ended within so many seconds; the last bound is infinite. */
  readonly durations: readonly {
    readonly route: string;
    readonly buckets: readonly (readonly [within: number, count: number])[];
    readonly sum: number;
    readonly count: number;
  }[];
  readonly refusals: readonly { readonly reason: string; readonly count: number }[];
  readonly cache: { readonly hits: number; readonly misses: number; readonly entries: number };
  readonly issued: readonly { readonly grant: string; readonly count: number }[];
  readonly storeUp: boolean;
}

/** A call that the gateway answered itself. */
export interface RefusedCall {
  readonly at: Milliseconds;
  readonly requestId: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly reason: ErrorCode;
  readonly route?: string | undefined;
  readonly client?: string | undefined;
  readonly user?: string | undefined;
}

export interface TargetHealth {
  /** The name of the route. */
  readonly route: string;
  readonly target: string;
  readonly healthy: boolean;
  readonly failures: number;
}

/** Asks the gateways that run on this machine. */
export interface Live {
  stats(): Promise<LiveStats>;
  /** The latest ones, newest first; at most 200. */
  refusals(): Promise<readonly RefusedCall[]>;
  targets(): Promise<readonly TargetHealth[]>;
}
