import { cpus } from 'node:os';
import { type Figure, isMet } from './figures.ts';
import type { Result } from './race.ts';

/** What one row of the bench came to: a race with its results, or a measurement without. */
export interface Row {
  readonly name: string;
  readonly about: string;
  readonly results: readonly Result[];
  readonly figures: readonly Figure[];
}

/** The table of one row: medians of a race, and every figure beside its goal. */
export function table({ name, about, results, figures }: Row): string {
  const slowest = Math.min(...results.map(({ median: { requestsPerSecond } }) => requestsPerSecond));
  const lines = results.map(({ name: contestant, median: { requestsPerSecond, p50, p99, cpu, cpuEach } }) => [
    contestant,
    Math.round(requestsPerSecond).toLocaleString('en'),
    (requestsPerSecond / slowest).toFixed(2),
    `${p50.toFixed(2)} ms`,
    `${p99.toFixed(2)} ms`,
    `${Math.round(cpu * 100)} %`,
    `${cpuEach.toFixed(1)} µs`,
  ]);
  const header = results.length === 0 ? [] : [['medians', 'requests/s', 'ratio', 'p50', 'p99', 'core used', 'each']];
  const doubts = idle(results).map((each) => `DOUBT   the core was not the limit of ${each}: its figures say little`);
  return [`\n${name}: ${about}`, ...aligned([...header, ...lines]), ...figures.map(sentence), ...doubts].join('\n');
}

function sentence(figure: Figure): string {
  const { what, value, atLeast, atMost } = figure;
  const goals = [...(atLeast === undefined ? [] : [`≥ ${atLeast}`]), ...(atMost === undefined ? [] : [`≤ ${atMost}`])];
  const verdict = goals.length === 0 ? '      ' : isMet(figure) ? 'met   ' : 'MISSED';
  return `${verdict}  ${what}: ${rounded(value)}${goals.length > 0 ? `; the goal is ${goals.join(' and ')}` : ''}`;
}

/** Three digits that mean something. */
export const rounded = (value: number): string =>
  Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(Math.abs(value) >= 10 ? 1 : 2);

/** All goals of the run, the missed ones last, where they are seen. */
export function summary(rows: readonly Row[]): string {
  const judged = rows
    .flatMap(({ name, figures }) => figures.map((figure) => ({ ...figure, what: `${name}: ${figure.what}` })))
    .filter(({ atLeast, atMost }) => atLeast !== undefined || atMost !== undefined);
  const missed = judged.filter((figure) => !isMet(figure));
  return [`\n${judged.length - missed.length} of ${judged.length} goals met`, ...missed.map(sentence)].join('\n');
}

function aligned(lines: readonly (readonly string[])[]): string[] {
  const widths = (lines[0] ?? []).map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)));
  return lines.map((cells) =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '),
  );
}

/** Below this share of its core, a proxy was waiting for something else: a busy machine, or a load generator at its end. */
const BUSY = 0.9;

/** Who did not get or need the whole core. A race with one of them compares something else than the proxies. */
export function idle(results: readonly Result[]): string[] {
  return results.filter(({ median: { cpu } }) => cpu < BUSY).map(({ name }) => name);
}

/** What `results.json` keeps: enough to see how a number came about. */
export function record(rows: readonly Row[], pace: object): string {
  const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version };
  const judged = rows.map((row) => ({
    ...row,
    figures: row.figures.map((figure) => ({ ...figure, met: isMet(figure) })),
    doubts: idle(row.results),
  }));
  return `${JSON.stringify({ date: new Date().toISOString(), machine, pace, rows: judged }, null, 2)}\n`;
}
