import type { Track } from './contestant.ts';

/** One number that was measured and, where there is a goal for it, the goal. */
export interface Figure {
  /** What it is, with its unit at the end if it has one: `added latency, median (ms)`. */
  readonly what: string;
  readonly value: number;
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** At least this many times the throughput of another contestant in the same race. */
export interface Goal {
  readonly contestant: string;
  readonly over: string;
  readonly atLeast: number;
}

/** A measurement that is not a race: its own file in `measure/`. */
export interface Measurement {
  readonly name: string;
  /** One sentence: how it is measured. */
  readonly about: string;
  /** Seconds it takes if nothing hangs. */
  readonly duration: number;
  measure(track: Track): Promise<readonly Figure[]>;
}

/** A figure that is not a number is a goal missed. */
export function isMet({ value, atLeast, atMost }: Figure): boolean {
  return (atLeast === undefined || value >= atLeast) && (atMost === undefined || value <= atMost);
}
