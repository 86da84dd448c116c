/** Metrics of several workers as one page: each worker keeps its own counters, and the first process asks all of them and adds them up. */
import { AggregatorRegistry, type MetricObject, Registry } from 'prom-client';
import type { MetricsText } from './metrics.ts';
import { type Collected, type CollectedValue, type Exemplar, OPENMETRICS, openMetricsText } from './openmetrics.ts';

export interface ClusterMetrics {
  /** What the first process counts itself. */
  readonly own: Registry;
  /** @param open whether as OpenMetrics. The promise is rejected when a worker does not answer in time. */
  text(open: boolean): Promise<MetricsText>;
}

/** @param ask has every worker collect its metrics. */
export function createClusterMetrics(
  ask: (what: 'metrics' | 'openMetrics') => Promise<readonly (readonly Collected[])[]>,
): ClusterMetrics {
  const own = new Registry();
  return {
    own,
    async text(open) {
      const workers = await ask(open ? 'openMetrics' : 'metrics');
      const mine = (await own.getMetricsAsJSON()) as readonly Collected[];
      const all = [...workers, mine];
      // It only reads them; its type says the classes that a registry would collect.
      const sum = AggregatorRegistry.aggregate(all as unknown as object[]);
      if (!open) return { contentType: sum.contentType, body: await sum.metrics() };
      const collected = (await sum.getMetricsAsJSON()) as unknown as readonly (MetricObject & Collected)[];
      return { contentType: OPENMETRICS, body: openMetricsText(withExemplars(collected, all)) };
    },
  };
}

/** Adding up leaves them out: of several for one bucket the latest one stays. */
function withExemplars(sums: readonly Collected[], parts: readonly (readonly Collected[])[]): readonly Collected[] {
  const latest = new Map<string, Exemplar>();
  for (const value of parts.flat().flatMap(({ values }) => values)) {
    const { exemplar } = value;
    const key = keyOf(value);
    if (exemplar && exemplar.at >= (latest.get(key)?.at ?? 0)) latest.set(key, exemplar);
  }
  return sums.map((sum) => ({
    ...sum,
    values: sum.values.map((value) => ({ ...value, exemplar: latest.get(keyOf(value)) })),
  }));
}

const keyOf = ({ metricName, labels }: CollectedValue): string =>
  JSON.stringify([metricName, ...Object.entries(labels).flat()]);
