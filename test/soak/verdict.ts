/** What a soak is judged by. Pure, so that a test can show it runs that must fail. */

/** What a process kept of objects when all garbage was collected. */
export interface Weight {
  /** Minutes since the load began. */
  readonly at: number;
  readonly heapMb: number;
}

/** Something that went wrong. */
export interface Failure {
  readonly kind: string;
  readonly what: string;
  /** It happened while a dependency was broken, or within the time that the gateway has to recover. */
  readonly excused: boolean;
  /** No fault excuses it: a good token refused, or a dead one let in. */
  readonly always: boolean;
}

export interface Run {
  /** Length of the load, in minutes. */
  readonly minutes: number;
  readonly nodes: readonly {
    readonly name: string;
    /** One after the warm-up, one at the end, and some between. */
    readonly weights: readonly Weight[];
    /** Open descriptors while nobody called: after the warm-up, and after the load. */
    readonly quiet: readonly number[];
    readonly exit: { readonly code: number | null; readonly seconds: number };
  }[];
  readonly failures: readonly Failure[];
  /** Reloads that did not come into force. */
  readonly reloadsMissed: number;
  /** For how long the machine gave the callers themselves no time. */
  readonly stalledMinutes: number;
}

export const BOUNDS = { heapMbPerHour: 1, descriptors: 5, exitSeconds: 30, stalled: 0.02 };
/** Below this many minutes between the first and the last weighing, chance is larger than any leak that matters. */
export const SLOPE_NEEDS = 30;
/** The first sixth: caches fill, code is compiled, pools grow to what the load needs. */
export const warmUp = (minutes: number): number => Math.min(10, minutes / 6);

/** @returns what the run broke; empty if it kept everything. */
export function complaints(run: Run): string[] {
  const found: string[] = [];
  for (const { name, weights, quiet, exit } of run.nodes) {
    const slope = heapSlope(weights);
    if (slope === undefined && run.minutes - warmUp(run.minutes) >= SLOPE_NEEDS)
      found.push(`${name}: heap not weighed`);
    if (slope !== undefined && !(slope <= BOUNDS.heapMbPerHour))
      found.push(`${name}: heap grows by ${slope.toFixed(2)} MB/h`);
    const [first = Number.NaN, last = Number.NaN] = [quiet[0], quiet.at(-1)];
    // Written so that a number that is missing is a complaint.
    if (!(Math.abs(last - first) <= BOUNDS.descriptors))
      found.push(`${name}: ${last} descriptors without load, ${first} before`);
    if (exit.code !== 0) found.push(`${name}: ended with ${exit.code}`);
    if (!(exit.seconds <= BOUNDS.exitSeconds)) found.push(`${name}: took ${exit.seconds.toFixed(1)} s to end`);
  }
  const wrong = run.failures.filter(({ always }) => always);
  if (wrong.length > 0) found.push(`${wrong.length} wrong verdicts: ${inWords(wrong)}`);
  const errors = run.failures.filter(({ always, excused }) => !always && !excused);
  if (errors.length > 0) found.push(`${errors.length} errors while nothing was broken: ${inWords(errors)}`);
  if (run.reloadsMissed > 0) found.push(`${run.reloadsMissed} reloads did not come into force`);
  // Errors of such times are excused, so that many of them would excuse everything.
  if (!(run.stalledMinutes <= BOUNDS.stalled * run.minutes))
    found.push(`the machine stood still for ${run.stalledMinutes.toFixed(1)} minutes: too busy to judge anything`);
  return found;
}

/**
 * Megabytes per hour by which what is kept rises: the line with the least squares through all weighings.
 * @returns undefined if they are too close together to tell.
 */
export function heapSlope(weights: readonly Weight[]): number | undefined {
  const [first, last] = [weights[0], weights.at(-1)];
  if (first === undefined || last === undefined || last.at - first.at < SLOPE_NEEDS) return undefined;
  const mean = (pick: keyof Weight) => weights.reduce((sum, weight) => sum + weight[pick], 0) / weights.length;
  const [at, heapMb] = [mean('at'), mean('heapMb')];
  const above = weights.reduce((sum, weight) => sum + (weight.at - at) * (weight.heapMb - heapMb), 0);
  return (60 * above) / weights.reduce((sum, weight) => sum + (weight.at - at) ** 2, 0);
}

/** The kinds of failure, the most frequent first. */
export function inWords(failures: readonly Failure[]): string {
  const counts = new Map<string, number>();
  for (const { kind, what } of failures) counts.set(`${kind} ${what}`, (counts.get(`${kind} ${what}`) ?? 0) + 1);
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  return sorted.map(([text, count]) => `${count} × ${text}`).join(', ');
}
