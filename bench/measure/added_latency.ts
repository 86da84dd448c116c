import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LOAD_CORE, type Track } from '../contestant.ts';
import type { Measurement } from '../figures.ts';
import { startGatehouse } from '../gatehouse_process.ts';
import type { Latencies } from '../open_loop.ts';
import { median } from '../race.ts';

const RATE = 2_000;
const SECONDS = 4;
const ROUNDS = 3;
/** Further behind its own timetable than this (milliseconds), the generator was kept from its core and its figures say little. */
const LATE = 5;

/** What a caller waits longer because the gateway is in between, far from its limit. */
export const addedLatency: Measurement = {
  name: 'added latency',
  about: `${RATE.toLocaleString('en')} calls/s at a steady rate, answered or not; through the gateway and straight to the upstream in turn`,
  duration: ROUNDS * 2 * (SECONDS + 2),
  async measure(track: Track) {
    const gateway = await startGatehouse(track);
    const direct: Latencies[] = [];
    const through: Latencies[] = [];
    try {
      for (let round = 0; round < ROUNDS; round++) {
        direct.push(await steady(`${track.upstream}/hello`, {}));
        through.push(await steady(gateway.url, gateway.headers));
      }
    } finally {
      await gateway.stop();
    }
    const added = (key: 'p50' | 'p99') =>
      median(through.map((each, i) => each[key] - (direct[i]?.[key] ?? Number.NaN)));
    return [
      { what: 'straight to the upstream, median (ms)', value: median(direct.map(({ p50 }) => p50)) },
      { what: 'added, median (ms)', value: added('p50'), atMost: 0.15 },
      { what: 'added, 99th percentile (ms)', value: added('p99'), atMost: 1 },
      { what: 'the generator behind its timetable, 99th percentile (ms)', value: late(direct, through), atMost: LATE },
    ];
  },
};

async function steady(url: string, headers: Readonly<Record<string, string>>): Promise<Latencies> {
  const lines = Object.entries(headers).flatMap(([name, value]) => ['--header', `${name}: ${value}`]);
  const program = [process.execPath, join(import.meta.dirname, '..', 'open_loop.ts'), url, ...lines];
  const load = ['--rate', String(RATE), '--seconds', String(SECONDS)];
  const { stdout } = await promisify(execFile)('taskset', ['-c', LOAD_CORE, ...program, ...load], { timeout: 60_000 });
  // Our own program's output.
  const latencies = JSON.parse(stdout) as Latencies;
  if (latencies.failed > 0) throw new Error(`${url}: ${latencies.failed} of ${latencies.count} calls failed`);
  return latencies;
}

const late = (...runs: readonly (readonly Latencies[])[]): number =>
  Math.max(...runs.flat().map(({ lateP99 }) => lateP99));
