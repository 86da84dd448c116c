/**
 * Metrics of several workers as one page: each worker keeps its own counters, the primary asks all of them over the channel
 * that node:cluster keeps open anyway, and adds them up.
 */
import { AggregatorRegistry } from 'prom-client';
import type { Metrics, MetricsText } from './metrics.ts';

/** In a worker: answer the primary's questions with these metrics from now on. */
export function shareMetrics(metrics: Metrics): void {
  AggregatorRegistry.setRegistries([metrics.registry]);
  // Constructing one is what makes a worker listen for the question.
  new AggregatorRegistry();
}

/**
 * In the primary: how `/metrics` is answered. Create it once, before the first worker is forked.
 * The promise is rejected when a worker has not answered within five seconds.
 */
export function createClusterMetrics(): () => Promise<MetricsText> {
  const all = new AggregatorRegistry();
  return async () => ({ contentType: all.contentType, body: await all.clusterMetrics() });
}
