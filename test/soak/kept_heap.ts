import { once } from 'node:events';
import type { GatehouseProcess } from '../support/gatehouse_process.ts';

/** What a gateway must be started with, so that its heap can be weighed: a port for V8's inspector, which the system chooses. */
export const WEIGHED = { NODE_OPTIONS: '--inspect=127.0.0.1:0' };

/**
 * Collects all garbage, compiled code that was not run for a while included, and weighs what is left. What a heap happens to be between
 * two collections says little: V8 goes on compiling for hours what is rarely run, at 2 MB an hour. All work stands still meanwhile, so
 * nobody should call.
 * @returns megabytes.
 */
export async function keptHeap({ line }: GatehouseProcess): Promise<number> {
  const told = await line(LISTENING);
  const inspector = new WebSocket(LISTENING.exec(told)?.[1] ?? '');
  try {
    await once(inspector, 'open', { signal: AbortSignal.timeout(PATIENCE) });
    await ask(inspector, 1, 'HeapProfiler.collectGarbage');
    const { usedSize } = await ask(inspector, 2, 'Runtime.getHeapUsage');
    if (typeof usedSize !== 'number') throw new Error('the inspector does not say how large the heap is');
    return usedSize / 2 ** 20;
  } finally {
    inspector.close();
  }
}

/** Milliseconds for which the inspector may let us wait. */
const PATIENCE = 10_000;
const LISTENING = /^Debugger listening on (ws:\S+)$/;

/** One call of the inspector's protocol, whose answer has the id of the call. */
async function ask(inspector: WebSocket, id: number, method: string): Promise<{ usedSize?: unknown }> {
  inspector.send(JSON.stringify({ id, method }));
  for (;;) {
    const [{ data }] = (await once(inspector, 'message', { signal: AbortSignal.timeout(PATIENCE) })) as [
      { data: string },
    ];
    const answer = JSON.parse(data) as { id?: number; result?: { usedSize?: unknown }; error?: { message: string } };
    if (answer.error) throw new Error(`${method}: ${answer.error.message}`);
    if (answer.id === id) return answer.result ?? {};
  }
}
