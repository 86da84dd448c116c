/**
 * Metrics of several workers as one page: each worker keeps its own counters, the primary asks all of them over the channel
 * that node:cluster keeps open anyway, and adds them up.
 */
import { AggregatorRegistry, Registry } from 'prom-client';
import type { Metrics, MetricsText } from './metrics.ts';

/** In a worker: answer the primary's questions with these metrics from now on. */
export function shareMetrics(metrics: Metrics): void {
  AggregatorRegistry.setRegistries([metrics.registry]);
  // Constructing one is what makes a worker listen for the question.
  new AggregatorRegistry();
}

export interface ClusterMetrics {
  /** What the primary counts itself, under names that no worker has. */
  readonly own: Registry;
  /** The promise is rejected when a worker has not answered within five seconds. */
  text(): Promise<MetricsText>;
}

/** In the primary: how `/metrics` is answered. Create it once, before the first worker is forked. */
export function createClusterMetrics(): ClusterMetrics {
  const all = new AggregatorRegistry();
  const own = new Registry();
  return {
    own,
    async text() {
      const [workers, mine] = await Promise.all([all.clusterMetrics(), own.metrics()]);
      return { contentType: all.contentType, body: `${workers.trimEnd()}\n\n${mine}` };
    },
  };
}
