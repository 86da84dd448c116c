import { once } from 'node:events';
import type { GatehouseProcess } from '../support/gatehouse_process.ts';

/** What a gateway must be started with, so that its heap can be weighed: a port for V8's inspector, which the system chooses. */
export const WEIGHED = { NODE_OPTIONS: '--inspect=127.0.0.1:0' };

/** What is in use of a heap, in megabytes. */
export interface KeptHeap {
  readonly objects: number;
  /** Compiled by V8, which goes on for hours with what is rarely run: 1 to 2 MB in each, until all of the program is compiled. */
  readonly code: number;
}

/**
 * Collects all garbage and weighs what is left: what a heap happens to be between two collections says little. All work stands still
 * meanwhile, so nobody should call.
 */
export async function keptHeap({ line }: GatehouseProcess): Promise<KeptHeap> {
  const told = await line(LISTENING);
  const inspector = new WebSocket(LISTENING.exec(told)?.[1] ?? '');
  try {
    await once(inspector, 'open', { signal: AbortSignal.timeout(PATIENCE) });
    await ask(inspector, 1, 'HeapProfiler.collectGarbage');
    const { result } = await ask(inspector, 2, 'Runtime.evaluate', { expression: SPACES, returnByValue: true });
    const spaces = result?.value as readonly { space_name: string; space_used_size: number }[];
    const sum = (ofCode: boolean) =>
      spaces.reduce(
        (bytes, { space_name: name, space_used_size: used }) => bytes + (CODE.test(name) === ofCode ? used : 0),
        0,
      ) /
      2 ** 20;
    return { objects: sum(false), code: sum(true) };
  } finally {
    inspector.close();
  }
}

/** Milliseconds for which the inspector may let us wait. */
const PATIENCE = 10_000;
const LISTENING = /^Debugger listening on (ws:\S+)$/;
const SPACES = "process.getBuiltinModule('node:v8').getHeapSpaceStatistics()";
/** Machine code, and in the trusted spaces bytecode and what belongs to either. */
const CODE = /^(code_|trusted_|shared_trusted_)/;

interface Answer {
  readonly id?: number;
  readonly result?: { readonly result?: { readonly value?: unknown } };
  readonly error?: { readonly message: string };
}

/** One call of the inspector's protocol, whose answer has the id of the call. */
async function ask(
  inspector: WebSocket,
  id: number,
  method: string,
  params = {},
): Promise<NonNullable<Answer['result']>> {
  inspector.send(JSON.stringify({ id, method, params }));
  for (;;) {
    const [{ data }] = (await once(inspector, 'message', { signal: AbortSignal.timeout(PATIENCE) })) as [
      { data: string },
    ];
    const answer = JSON.parse(data) as Answer;
    if (answer.error) throw new Error(`${method}: ${answer.error.message}`);
    if (answer.id === id) return answer.result ?? {};
  }
}
