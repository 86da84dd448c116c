import type { Cluster, Redis } from 'ioredis';
import { CorruptRecord, DependencyUnavailable } from '../model/failure.ts';
import { budgetOf } from './redis_budget.ts';

/**
 * Waits for an answer of this connection within its budget. ioredis's errors carry the whole command, so none of them leaves this room:
 * what is thrown says only what kind of failure it was.
 * @throws DependencyUnavailable, or the CorruptRecord that the work itself threw.
 */
export async function answered<T>(on: Redis | Cluster, work: Promise<T>): Promise<T> {
  const budget = budgetOf(on);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const giveUp = (): void => reject(new DependencyUnavailable('redis', `no answer within ${budget} ms`));
    // What has arrived while this process was busy counts: it is read before the immediate runs.
    timer = setTimeout(() => setImmediate(giveUp), budget);
  });
  try {
    return await Promise.race([work, late]);
  } catch (error) {
    throw error instanceof CorruptRecord ? error : unavailable(error);
  } finally {
    clearTimeout(timer);
  }
}

export function unavailable(error: unknown): DependencyUnavailable {
  return error instanceof DependencyUnavailable ? error : new DependencyUnavailable('redis', reasonOf(error));
}

/** The leading word of an error reply (`OOM`, `READONLY`, `CLUSTERDOWN`, …) or our own words; never the server's sentence. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : '';
  if (message === 'Command timed out') return 'no answer in time';
  const code = error instanceof Error && error.name === 'ReplyError' ? /^[A-Z]{2,20}\b/.exec(message)?.[0] : undefined;
  return code === undefined ? 'no connection' : `it answered ${code}`;
}
