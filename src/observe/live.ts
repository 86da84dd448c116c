/** What is happening now: told by each process for itself, and put together by the one that answers the admin listener for all. */
import type { Live, LiveStats, RefusedCall, TargetHealth } from '../admin/live.ts';
import { type Milliseconds, milliseconds } from '../model/units.ts';
import type { Metrics } from './metrics.ts';
import type { Collected } from './openmetrics.ts';
import { MOST_REFUSALS, type RecentRefusals } from './recent_refusals.ts';
import type { UpstreamStats } from './upstream_metrics.ts';

export interface LiveSources {
  readonly metrics: Pick<Metrics, 'stats'>;
  readonly refusals: Pick<RecentRefusals, 'list'>;
  readonly targets: () => readonly UpstreamStats[];
}

/** Of this process alone. */
export function createLive({ metrics, refusals, targets }: LiveSources): Live {
  return {
    stats: () => metrics.stats(),
    refusals: async () => refusals.list(),
    targets: async () =>
      targets().map(({ upstream, target, healthy, failures }) => ({ route: upstream, target, healthy, failures })),
  };
}

/** What a worker can be asked. */
export interface WorkerAnswers extends Live {
  metrics(): Promise<readonly Collected[]>;
  /** With exemplars. */
  openMetrics(): Promise<readonly Collected[]>;
}

/** Asks every worker of this machine the same. Those that are gone before they answer are left out. */
export type AskWorkers = <Question extends keyof WorkerAnswers>(
  question: Question,
) => Promise<readonly Awaited<ReturnType<WorkerAnswers[Question]>>[]>;

/** Of all workers together. @param now milliseconds since the epoch. */
export function mergedLive(ask: AskWorkers, now: () => Milliseconds): Live {
  return {
    stats: async () => mergedStats(await ask('stats'), now()),
    refusals: async () => mergedRefusals(await ask('refusals')),
    targets: async () => mergedTargets(await ask('targets')),
  };
}

function mergedStats(all: readonly LiveStats[], at: Milliseconds): LiveStats {
  const sum = (read: (from: LiveStats) => number) => all.reduce((total, each) => total + read(each), 0);
  const durations = Map.groupBy(
    all.flatMap((each) => each.durations),
    ({ route }) => route,
  );
  return {
    at: milliseconds(at),
    requests: counted(
      all.flatMap((each) => each.requests),
      ({ route, status }) => `${status} ${route}`,
    ),
    durations: [...durations].map(([route, parts]) => ({
      route,
      // All processes have the same bounds.
      buckets: (parts[0]?.buckets ?? []).map(
        ([within], at) => [within, parts.reduce((total, { buckets }) => total + (buckets[at]?.[1] ?? 0), 0)] as const,
      ),
      sum: parts.reduce((total, part) => total + part.sum, 0),
      count: parts.reduce((total, part) => total + part.count, 0),
    })),
    refusals: counted(
      all.flatMap((each) => each.refusals),
      ({ reason }) => reason,
    ),
    cache: {
      hits: sum(({ cache }) => cache.hits),
      misses: sum(({ cache }) => cache.misses),
      entries: sum(({ cache }) => cache.entries),
    },
    issued: counted(
      all.flatMap((each) => each.issued),
      ({ grant }) => grant,
    ),
    // One worker that cannot reach it is enough to look into it, as in `gatehouse_store_up`.
    storeUp: all.length > 0 && all.every(({ storeUp }) => storeUp),
  };
}

/** Adds up what has the same key. */
function counted<Each extends { readonly count: number }>(all: readonly Each[], keyOf: (of: Each) => string): Each[] {
  const groups = [...Map.groupBy(all, keyOf).values()];
  return groups.flatMap(([first, ...others]) =>
    first === undefined ? [] : [{ ...first, count: others.reduce((total, { count }) => total + count, first.count) }],
  );
}

function mergedRefusals(all: readonly (readonly RefusedCall[])[]): readonly RefusedCall[] {
  return all
    .flat()
    .sort((one, other) => other.at - one.at)
    .slice(0, MOST_REFUSALS);
}

/** A target that gets no calls of one worker is not well, as in `gatehouse_upstream_healthy`. */
function mergedTargets(all: readonly (readonly TargetHealth[])[]): readonly TargetHealth[] {
  const groups = Map.groupBy(all.flat(), ({ route, target }) => `${route} ${target}`);
  return [...groups.values()].flatMap((each) => {
    const [first] = each;
    if (first === undefined) return [];
    const healthy = each.every((it) => it.healthy);
    return [{ ...first, healthy, failures: each.reduce((total, { failures }) => total + failures, 0) }];
  });
}
