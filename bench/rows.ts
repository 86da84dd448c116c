import type { Contestant } from './contestant.ts';
import { bareHttpProxy } from './contestants/bare_http_proxy.ts';
import { bareUndici } from './contestants/bare_undici.ts';
import { gatehouse } from './contestants/gatehouse.ts';

/** Who runs. */
export const CONTESTANTS: readonly Contestant[] = [gatehouse, bareUndici, bareHttpProxy];

/** At least this many times the throughput of another contestant in the same run, or the bench fails. */
export interface Goal {
  readonly contestant: string;
  readonly over: string;
  readonly atLeast: number;
}

export const GOALS: readonly Goal[] = [{ contestant: gatehouse.name, over: bareUndici.name, atLeast: 0.9 }];
