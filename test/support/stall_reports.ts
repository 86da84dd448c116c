import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect } from 'vitest';
import type { GatehouseProcess } from './gatehouse_process.ts';
import type { StallReport } from './stall_watch.ts';

/** What stall_watch.ts sees in one gateway. */
export interface StallReports {
  /** What the gateway is to be started with. */
  readonly env: Record<string, string>;
  /** @returns what there is to say of the time since it was asked last; garbage is gone when it returns. */
  report(gatehouse: GatehouseProcess): Promise<StallReport>;
  /** Takes its folder away. */
  remove(): Promise<void>;
}

export async function stallReports(): Promise<StallReports> {
  const folder = await mkdtemp(join(tmpdir(), 'stalls-'));
  const file = join(folder, 'stall');
  let signals = 0;
  return {
    env: { NODE_OPTIONS: `--import ${resolve('test/support/stall_watch.ts')}`, STALL_FILE: file },
    async report(gatehouse) {
      signals += 1;
      gatehouse.signal('SIGUSR2');
      const read = async (): Promise<StallReport> => JSON.parse(await readFile(file, 'utf8').catch(() => '{}'));
      await expect.poll(async () => (await read()).signal, { timeout: 10_000 }).toBe(signals);
      return read();
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
