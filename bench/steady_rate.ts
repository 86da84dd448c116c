import { execFile } from 'node:child_process';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LOAD_CORE } from './contestant.ts';

/** What callers saw who asked at a steady rate, whether or not answers came. */
export interface Latencies {
  /** Milliseconds, from the question to the end of the answer. */
  readonly p50: number;
  readonly p99: number;
  /** Milliseconds between one question and the next: far above what was ordered, the generator itself was kept from its core. */
  readonly pauseP99: number;
}

/** Each asks 20 times a second on a connection of its own, so a slow answer delays no other call unless it takes 50 ms. */
const CALLERS = 100;
const EACH = 20;
/** They begin one after the other so far apart (milliseconds) that their questions spread evenly over those 50. */
const APART = 11;
/** Seconds until the last has begun, and a little more: nothing of that is told. */
const BEGINNING = 1.3;

/** Questions each second. */
export const RATE = CALLERS * EACH;

/**
 * Has h2load ask for `seconds`. A generator in JavaScript stands still whenever memory is collected, and its own pauses were longer
 * than anything that it was to see.
 * @param directory for a file with a line for each answer.
 * @throws Error when an answer was not a success.
 */
export async function steadyRate(
  { url, headers }: { readonly url: string; readonly headers: Readonly<Record<string, string>> },
  seconds: number,
  directory: string,
): Promise<Latencies> {
  const log = join(directory, 'answers');
  await mkdir(directory, { recursive: true });
  const count = Math.ceil(CALLERS * EACH * (BEGINNING + seconds + 0.1));
  const pace = ['--rps', String(EACH), '-r', '1', '--rate-period', `${APART}ms`];
  const lines = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const what = ['--h1', '-t1', '-c', String(CALLERS), '-n', String(count), `--log-file=${log}`, ...lines, url];
  try {
    await promisify(execFile)('taskset', ['-c', LOAD_CORE, 'h2load', ...pace, ...what], {
      timeout: (seconds + 30) * 1000,
    });
    return latencies(await readFile(log, 'utf8'), seconds, url);
  } finally {
    await rm(log, { force: true });
  }
}

/** h2load(1): when it was asked (µs), the status, and how long it took (µs), with tabs between them. */
function latencies(log: string, seconds: number, url: string): Latencies {
  const answers = log
    .trim()
    .split('\n')
    .map((line) => line.split('\t').map(Number))
    .map(([at = Number.NaN, status, took = Number.NaN]) => ({ at, status, took }))
    .toSorted((one, other) => one.at - other.at);
  const from = (answers[0]?.at ?? 0) + BEGINNING * 1e6;
  const told = answers.filter(({ at }) => at >= from && at < from + seconds * 1e6);
  const failed = told.find(({ status }) => status !== 200);
  if (failed) throw new Error(`${url}: a call was answered with ${failed.status}`);
  const took = told.map((answer) => answer.took);
  const pauses = told.slice(1).map(({ at }, before) => at - (told[before]?.at ?? at));
  return {
    p50: shareOf(took, 0.5) / 1000,
    p99: shareOf(took, 0.99) / 1000,
    pauseP99: shareOf(pauses, 0.99) / 1000,
  };
}

function shareOf(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).toSorted();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
