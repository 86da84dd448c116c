import { appendFileSync } from 'node:fs';
import { relative } from 'node:path';
import { expect } from 'vitest';

/** What a test of a promise saw. `npm run guarantees` prints it beside the promise in SECURITY.md. */
export interface Figure {
  /** Which test of the table of promises this is: `A1`, `E1`, `R2`; the file's own name if it has no letter. */
  readonly id: string;
  /** What was counted or timed, in a few words that make sense without the test: `revocations seen by every node`. */
  readonly what: string;
  /** How many were tried. */
  readonly count: number;
  /** The largest value seen, in `unit`. */
  readonly max?: number;
  /** The value that 99 of 100 stayed below, in `unit`. */
  readonly p99?: number;
  /** Unit of `max` and `p99`: `ms`, `MB`, `let in`, `%`. */
  readonly unit?: string;
}

/** A figure as one line of the file that GATEHOUSE_MEASURED names. */
export interface MeasuredLine extends Figure {
  /** The test file, from the root of the repository. */
  readonly file: string;
  /** The lane that the file ran on (`fast`, `full`), where it matters. */
  readonly lane?: string;
  readonly long: boolean;
}

const ROOT = new URL('../../', import.meta.url).pathname;

/** Hands a figure to `npm run guarantees`; does nothing when nobody collects. Call it inside a test, after its assertions. */
export function measured(figure: Figure): void {
  const into = process.env['GATEHOUSE_MEASURED'];
  if (into === undefined || into === '') return;
  const { testPath } = expect.getState();
  const lane = process.env['LANE'];
  const line: MeasuredLine = {
    ...figure,
    file: testPath === undefined ? '?' : relative(ROOT, testPath),
    ...(lane === undefined ? {} : { lane }),
    long: isLong(),
  };
  // One short write in append mode: lines of workers that run at the same time do not mix.
  appendFileSync(into, `${JSON.stringify(line)}\n`);
}

/** Whether the long form was asked for (`npm run test:long`). */
export function isLong(): boolean {
  return process.env['GATEHOUSE_LONG'] === '1';
}

/** The value that `share` (0 to 1) of `values` stay at or below; NaN for no values. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
