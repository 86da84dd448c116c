/**
 * Loaded into a gateway with `--import`: how long its event loop was busy with one thing, and what it holds. Counted in time on the
 * processor, because the clock also runs while a busy machine gives the processor to others. With each SIGUSR2 the file that STALL_FILE
 * names gets the figures since the one before.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What one SIGUSR2 gave. */
export interface StallReport {
  /** Which signal it was, from 1. */
  readonly signal: number;
  /** Milliseconds of the longest turns, the longest first; a few more than they really took. */
  readonly longest: readonly number[];
  /** Bytes that are in use when all garbage is gone. */
  readonly used: number;
}

const EVERY_MS = 5;
const TOLD = 10;
const file = process.env['STALL_FILE'];
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
let signal = 0;
let longest: number[] = [];
let last = { used: process.threadCpuUsage(), at: performance.now() };

setInterval(() => {
  const now = { used: process.threadCpuUsage(), at: performance.now() };
  const busy = (now.used.user - last.used.user + now.used.system - last.used.system) / 1000;
  // Some systems count the processor's time in coarse steps.
  const turn = Math.min(busy, now.at - last.at);
  if (turn > (longest[TOLD - 1] ?? 0)) longest = [...longest, turn].sort((a, b) => b - a).slice(0, TOLD);
  last = now;
}, EVERY_MS).unref();

process.on('SIGUSR2', () => {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  signal += 1;
  const report: StallReport = { signal, longest, used: heapUsed + external };
  if (file) {
    writeFileSync(`${file}.new`, JSON.stringify(report));
    renameSync(`${file}.new`, file);
  }
  longest = [];
  last = { used: process.threadCpuUsage(), at: performance.now() };
});
