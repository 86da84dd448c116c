import { readdir, readFile } from 'node:fs/promises';
import { get } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Node } from './stage.ts';

/** One look at one process while it works. */
export interface Sample {
  readonly heapMb: number;
  readonly rssMb: number;
  readonly descriptors: number;
}

/** @returns how many descriptors the process has open, as the system counts them. */
export async function descriptorsOf({ gatehouse }: Node): Promise<number> {
  return (await readdir(`/proc/${gatehouse.pid}/fd`)).length;
}

/** One look at a process: its heap by its own metrics, the rest by the system. */
export async function look(node: Node): Promise<Sample> {
  const [metrics, status, descriptors] = await Promise.all([
    read(`${node.gatehouse.admin}/metrics`),
    readFile(`/proc/${node.gatehouse.pid}/status`, 'utf8'),
    descriptorsOf(node),
  ]);
  const heap = Number(/^nodejs_heap_size_used_bytes (\S+)$/m.exec(metrics)?.[1]);
  const rss = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]);
  if (Number.isNaN(heap + rss)) throw new Error(`${node.name} does not say how large it is`);
  return { heapMb: heap / 2 ** 20, rssMb: rss / 1_024, descriptors };
}

function read(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    // A connection for each look, so that looking leaves no descriptor behind.
    get(url, { agent: false, timeout: 5_000 }, (answer) => text(answer).then(resolve, reject)).on('error', reject);
  });
}
