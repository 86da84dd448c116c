import { cpus } from 'node:os';
import type { Round } from './load.ts';
import type { Goal } from './rows.ts';

/** One contestant's race: every round, and the medians that are compared. */
export interface Result {
  readonly name: string;
  readonly about: string;
  readonly median: Round;
  readonly rounds: readonly Round[];
}

export interface Verdict extends Goal {
  readonly ratio: number;
  readonly met: boolean;
}

export function summarize(name: string, about: string, rounds: readonly Round[]): Result {
  const of = (key: keyof Round) => median(rounds.map((round) => round[key]));
  const middle = { requestsPerSecond: of('requestsPerSecond'), p50: of('p50'), p99: of('p99'), cpu: of('cpu') };
  return { name, about, median: middle, rounds };
}

/** Only ratios taken in one run count: absolute figures move from machine to machine. */
export function judge(goals: readonly Goal[], results: readonly Result[]): Verdict[] {
  const throughput = new Map(results.map((result) => [result.name, result.median.requestsPerSecond]));
  return goals.map((goal) => {
    const ratio = (throughput.get(goal.contestant) ?? 0) / (throughput.get(goal.over) ?? Number.POSITIVE_INFINITY);
    return { ...goal, ratio, met: ratio >= goal.atLeast };
  });
}

export function table(results: readonly Result[], verdicts: readonly Verdict[]): string {
  const slowest = Math.min(...results.map(({ median: { requestsPerSecond } }) => requestsPerSecond));
  const lines = results.map(({ name, median: { requestsPerSecond, p50, p99, cpu } }) => [
    name,
    Math.round(requestsPerSecond).toLocaleString('en'),
    (requestsPerSecond / slowest).toFixed(2),
    `${p50.toFixed(2)} ms`,
    `${p99.toFixed(2)} ms`,
    `${Math.round(cpu * 100)} %`,
  ]);
  const header = ['medians', 'requests/s', 'ratio', 'p50', 'p99', 'core used'];
  const widths = header.map((title, i) => Math.max(title.length, ...lines.map((line) => line[i]?.length ?? 0)));
  const row = (cells: readonly string[]) =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  ');

  const goals = verdicts.map(
    ({ contestant, over, atLeast, ratio, met }) =>
      `${met ? 'met   ' : 'MISSED'}  ${contestant} is ${ratio.toFixed(2)} × ${over}; the goal is ${atLeast} ×`,
  );
  const doubts = idle(results).map((name) => `DOUBT   the core was not the limit of ${name}: these figures say little`);
  return [row(header), ...lines.map(row), '', ...goals, ...doubts].join('\n').trimEnd();
}

/** Below this share of its core, a proxy was waiting for something else: a busy machine, or a load generator at its end. */
const BUSY = 0.9;

/** Who did not get or need the whole core. A run with one of them compares something else than the proxies. */
export function idle(results: readonly Result[]): string[] {
  return results.filter(({ median: { cpu } }) => cpu < BUSY).map(({ name }) => name);
}

/** What `results.json` keeps: enough to see how a number came about. */
export function record(results: readonly Result[], verdicts: readonly Verdict[], seconds: number): string {
  const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version };
  return `${JSON.stringify({ date: new Date().toISOString(), machine, seconds, goals: verdicts, results }, null, 2)}\n`;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.ceil((sorted.length - 1) / 2)]];
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2;
}
