import { performance } from 'node:perf_hooks';

/**
 * A moment among the events that the event loop works off. What the system reports as readable it reports in batches: all of one
 * batch was so before the first of its events was handled.
 */
export interface ReadBatch {
  readonly loopCount: number;
  readonly events: number;
}

/** The batch that is being worked off. */
export function currentBatch(): ReadBatch {
  return performance.nodeTiming.uvMetricsInfo;
}

/** Whether it still is. Then whatever was readable now was readable then, and is no answer to anything written since. */
export function isCurrent(batch: ReadBatch): boolean {
  const now = performance.nodeTiming.uvMetricsInfo;
  return now.loopCount === batch.loopCount && now.events === batch.events;
}
