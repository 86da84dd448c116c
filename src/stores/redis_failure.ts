import { CorruptRecord, DependencyUnavailable } from '../model/failure.ts';

/** How long any call may take, whatever it is made of. */
export const BUDGET_MS = 250;

/**
 * Waits for an answer within the budget. ioredis's errors carry the whole command, so none of them leaves this room:
 * what is thrown says only what kind of failure it was.
 * @throws DependencyUnavailable, or the CorruptRecord that the work itself threw.
 */
export async function answered<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const giveUp = (): void => reject(new DependencyUnavailable('redis', `no answer within ${BUDGET_MS} ms`));
    // What has arrived while this process was busy counts: it is read before the immediate runs.
    timer = setTimeout(() => setImmediate(giveUp), BUDGET_MS);
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
  if (message === 'Command timed out') return `no answer within ${BUDGET_MS} ms`;
  const code = error instanceof Error && error.name === 'ReplyError' ? /^[A-Z]{2,20}\b/.exec(message)?.[0] : undefined;
  return code === undefined ? 'no connection' : `it answered ${code}`;
}
