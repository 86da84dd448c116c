import { join } from 'node:path';
import type { Track } from '../contestant.ts';
import { nginx } from '../contestants/nginx.ts';
import type { Measurement } from '../figures.ts';
import { startGatehouse } from '../gatehouse_process.ts';
import { median } from '../race.ts';
import { type Latencies, RATE, steadyRate } from '../steady_rate.ts';

const SECONDS = 3;
const ROUNDS = 5;
/** With longer pauses than this (milliseconds) between questions, the generator was kept from its core and the figures say little. */
const PAUSE = 5;

/** What a caller waits longer because the gateway is in between, far from its limit. */
export const addedLatency: Measurement = {
  name: 'added latency',
  about: `${RATE.toLocaleString('en')} calls/s at a steady rate by h2load, answered or not; straight to the upstream, through the gateway and through an nginx in turn`,
  duration: ROUNDS * 3 * (SECONDS + 2),
  async measure(track: Track) {
    const gateway = await startGatehouse(track);
    const other = await nginx.start(track);
    const direct: Latencies[] = [];
    const through: Latencies[] = [];
    const throughOther: Latencies[] = [];
    const ask = (whom: { readonly url: string; readonly headers: Readonly<Record<string, string>> }) =>
      steadyRate(whom, SECONDS, join(track.directory, 'answers'));
    try {
      // Compiled code first, and nothing of that is told.
      await ask(gateway);
      await ask(other);
      for (let round = 0; round < ROUNDS; round++) {
        direct.push(await ask({ url: `${track.upstream}/hello`, headers: {} }));
        through.push(await ask(gateway));
        throughOther.push(await ask(other));
      }
    } finally {
      await gateway.stop();
      await other.stop();
    }
    const added = (key: 'p50' | 'p99', by = through) =>
      median(by.map((each, i) => each[key] - (direct[i]?.[key] ?? Number.NaN)));
    return [
      { what: 'straight to the upstream, median (ms)', value: median(direct.map(({ p50 }) => p50)) },
      { what: 'added by nginx, which asks nobody, median (ms)', value: added('p50', throughOther) },
      { what: 'added, median (ms)', value: added('p50'), atMost: 0.15 },
      { what: 'added, 99th percentile (ms)', value: added('p99'), atMost: 1 },
      {
        what: 'between two questions, 99th percentile (ms)',
        value: pause(direct, through, throughOther),
        atMost: PAUSE,
      },
    ];
  },
};

const pause = (...runs: readonly (readonly Latencies[])[]): number =>
  median(runs.flat().map(({ pauseP99 }) => pauseP99));
