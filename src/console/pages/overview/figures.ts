import type { z } from 'zod';
import type { liveStatsView } from '../../../admin/overview.ts';

/** Totals since the start, put together for charts: few, however many routes there are. */
export interface Figures {
  /** Seconds since the epoch. */
  readonly at: number;
  /** By class of status: `2xx`. */
  readonly requests: Readonly<Record<string, number>>;
  readonly refusals: Readonly<Record<string, number>>;
  readonly issued: Readonly<Record<string, number>>;
  readonly cache: { readonly hits: number; readonly misses: number; readonly entries: number };
  readonly times: Times;
  readonly storeUp: boolean;
}

/** How many calls ended within so many seconds, each count with those before it; the last has no bound (null in JSON). */
export type Times = readonly (readonly [within: number | null, count: number])[];

type Stats = z.output<typeof liveStatsView>;

export function figuresOf({ at, requests, refusals, issued, cache, durations, store_up }: Stats): Figures {
  return {
    at: Date.parse(at) / 1000,
    requests: totals(requests.map(({ status, count }) => [`${Math.floor(status / 100)}xx`, count])),
    refusals: totals(refusals.map(({ reason, count }) => [reason, count])),
    issued: totals(issued.map(({ grant, count }) => [grant.slice(grant.lastIndexOf(':') + 1), count])),
    cache: { ...cache },
    times: timesOf(durations),
    storeUp: store_up,
  };
}

function totals(pairs: readonly (readonly [name: string, count: number])[]): Record<string, number> {
  const sums = new Map<string, number>();
  for (const [name, count] of pairs) sums.set(name, (sums.get(name) ?? 0) + count);
  return Object.fromEntries([...sums].sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** Of several routes together: all of them have the same bounds. */
export function timesOf(durations: readonly Pick<Stats['durations'][number], 'buckets'>[]): Times {
  const bounds = durations[0]?.buckets ?? [];
  return bounds.map(({ within }, index) => [
    within ?? null,
    durations.reduce((sum, { buckets }) => sum + (buckets[index]?.count ?? 0), 0),
  ]);
}

/**
 * The time within which this share of the calls ended, in seconds: within its bucket as if they were spread evenly, as Prometheus
 * says it; the last bound for those beyond it. Undefined when there were no calls.
 * @param share 0 to 1.
 */
export function quantile(share: number, times: Times): number | undefined {
  const all = times.at(-1)?.[1] ?? 0;
  if (all === 0) return undefined;
  let [lower, before] = [0, 0];
  for (const [within, count] of times) {
    if (count >= share * all) {
      if (within === null) return lower;
      return lower + ((within - lower) * (share * all - before)) / (count - before || 1);
    }
    [lower, before] = [within ?? lower, count];
  }
  return lower;
}

export const sumOf = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

const NUMBER = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 1 });
export const numeral = (value: number): string => NUMBER.format(value);

/** @param seconds a time that somebody waits. */
export function span(seconds: number | undefined): string {
  if (seconds === undefined) return '–';
  if (seconds >= 1) return `${numeral(seconds)} s`;
  const inMilliseconds = seconds * 1000;
  return `${inMilliseconds < 10 ? Number(inMilliseconds.toPrecision(2)) : Math.round(inMilliseconds)} ms`;
}

/** @returns `98.5 %`, or a dash when there is nothing to have a share in. */
export const percent = (part: number, whole: number): string =>
  whole === 0 ? '–' : `${numeral((100 * part) / whole)} %`;
