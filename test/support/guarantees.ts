import type { MeasuredLine } from './measured.ts';

/** The table of SECURITY.md that `npm run guarantees` writes: promise → test → what it last saw. */

const BEGIN = '<!-- measured: written by npm run guarantees -->';
const END = '<!-- /measured -->';

/** How a test file ended, as far as the table says it. */
export interface TestFile {
  readonly file: string;
  readonly cases: number;
}

/** Under what circumstances the figures came about. */
export interface Circumstances {
  readonly date: Date;
  readonly node: string;
  readonly cores: number;
  readonly long: boolean;
}

/** Which test files hold which promise, from the paragraphs `**G1. …** … Held by …`, in their order. */
export function promisesIn(markdown: string): Map<string, string[]> {
  const before = markdown.split(BEGIN)[0] ?? '';
  const promises = new Map<string, string[]>();
  for (const [, name = '', text = ''] of before.matchAll(/^\*\*(G\d+)\. (.*?)(?=^\*\*G\d+\. |^#|(?![\s\S]))/gms)) {
    const files = [...text.matchAll(/\]\((test\/[\w/.-]+\.ts)\)/g)].map(([, file = '']) => file);
    promises.set(name, [...new Set([...(promises.get(name) ?? []), ...files])]);
  }
  return promises;
}

/** The table, one row for each figure; a file that measured nothing is counted by its cases. Files are in the order of their promises. */
export function tableOf(
  promises: ReadonlyMap<string, readonly string[]>,
  lines: readonly MeasuredLine[],
  results: readonly TestFile[],
): string {
  const files = [...new Set([...promises.values()].flat())];
  const rows = files.flatMap((file) => {
    const held = [...promises].filter(([, tests]) => tests.includes(file)).map(([promise]) => promise);
    const name = file.slice(file.lastIndexOf('/') + 1).replace(/(\.test)?\.ts$/, '');
    const start = `| ${held.join(', ')} | [\`${name}\`](${file}) |`;
    const figures = merged(lines.filter((line) => line.file === file));
    const cases = results.find((result) => result.file === file)?.cases;
    if (figures.length === 0) return cases === undefined ? [] : [`${start} cases | ${whole(cases)} | | |`];
    return figures.map(({ id, what, count, max, p99, unit }) => {
      const subject = id === name ? what : `${id}: ${what}`;
      return `${start} ${inCell(subject)} | ${whole(count)} | ${value(max, unit)} | ${value(p99, unit)} |`;
    });
  });
  return ['| promise | test | what | count | maximum | p99 |', '|---|---|---|---:|---:|---:|', ...rows].join('\n');
}

/** The document with the table in it. @throws Error when the two markers are not there, once each and in order. */
export function withTable(markdown: string, table: string, { date, node, cores, long }: Circumstances): string {
  const parts = markdown.split(BEGIN);
  const [inside, after, ...more] = parts[1]?.split(END) ?? [];
  if (parts.length !== 2 || inside === undefined || after === undefined || more.length > 0) {
    throw new Error(`SECURITY.md must have ${BEGIN} and ${END} once each`);
  }
  const form = long ? 'the long forms' : 'the short forms, as in `npm test`';
  const day = date.toISOString().slice(0, 10);
  const when = `Measured on ${day} with Node ${node} on ${cores} cores: ${form}.`;
  return `${parts[0]}${BEGIN}\n${when}\n\n${table}\n${END}${after}`;
}

/** What a file saw of one thing on several lanes is one figure: all tries, and the worst of them. */
function merged(lines: readonly MeasuredLine[]): MeasuredLine[] {
  const figures = new Map<string, MeasuredLine>();
  for (const line of lines) {
    const key = `${line.id}\n${line.what}`;
    const seen = figures.get(key);
    figures.set(key, seen === undefined ? line : worse(seen, line));
  }
  return [...figures.values()];
}

function worse(one: MeasuredLine, other: MeasuredLine): MeasuredLine {
  return {
    ...one,
    count: one.count + other.count,
    ...(one.max !== undefined && other.max !== undefined && { max: Math.max(one.max, other.max) }),
    ...(one.p99 !== undefined && other.p99 !== undefined && { p99: Math.max(one.p99, other.p99) }),
  };
}

const whole = (count: number) => count.toLocaleString('en-US');

function value(amount: number | undefined, unit: string | undefined): string {
  if (amount === undefined) return '';
  const digits = Math.abs(amount) >= 100 || Number.isInteger(amount) ? 0 : 1;
  return `${amount.toLocaleString('en-US', { maximumFractionDigits: digits })}${unit === undefined ? '' : ` ${inCell(unit)}`}`;
}

const inCell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
