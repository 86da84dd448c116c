import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { GatehouseProcess } from './gatehouse_process.ts';

/** What a gateway must be started with, so that it can be asked for its heap. @param folder where it writes it. */
export const snapshotsInto = (folder: string): Record<string, string> => ({
  NODE_OPTIONS: `--heapsnapshot-signal=SIGUSR2 --diagnostic-dir=${folder}`,
});

/** Every text that is alive in the process: the file that V8 writes. */
export async function heapOf(gatehouse: GatehouseProcess, folder: string): Promise<string> {
  const before = await readdir(folder);
  gatehouse.signal('SIGUSR2');
  let text = '';
  await expect
    .poll(
      async () => {
        const file = (await readdir(folder)).find((name) => name.endsWith('.heapsnapshot') && !before.includes(name));
        text = file === undefined ? '' : await readFile(join(folder, file), 'latin1');
        return text.trimEnd().endsWith('}');
      },
      { timeout: 60_000, interval: 250 },
    )
    .toBe(true);
  return text;
}
