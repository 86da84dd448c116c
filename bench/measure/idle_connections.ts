import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LOAD_CORE, startProgram, type Track } from '../contestant.ts';
import type { Measurement } from '../figures.ts';
import { startGatehouse } from '../gatehouse_process.ts';
import { load } from '../load.ts';
import { residentBytes } from '../process_memory.ts';

const CONNECTIONS = 10_000;

/** What a caller costs who has called once and keeps the connection. */
export const idleConnections: Measurement = {
  name: 'idle connections',
  about: `${CONNECTIONS.toLocaleString('en')} connections, one call on each, then silence; memory of the process over that before, when it had been under load`,
  duration: 30,
  async measure(track: Track) {
    const gateway = await startGatehouse(track);
    try {
      await load(gateway, 2);
      await delay(2_000);
      const before = await residentBytes(gateway.pid);

      const file = join(import.meta.dirname, '..', 'hold_connections.ts');
      const headers = Object.entries(gateway.headers).flatMap(([name, value]) => [`${name}: ${value}`]);
      const holder = startProgram(LOAD_CORE, process.execPath, [file, gateway.url, String(CONNECTIONS), ...headers]);
      const [, held] = await holder.line(/^holding (\d+)$/);
      await delay(3_000);
      const after = await residentBytes(gateway.pid);
      await holder.stop();
      return [
        { what: 'connections answered and held', value: Number(held), atLeast: CONNECTIONS },
        { what: 'memory of each (KB)', value: (after - before) / CONNECTIONS / 1000, atMost: 15 },
      ];
    } finally {
      await gateway.stop();
    }
  },
};
