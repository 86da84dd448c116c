import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { glob, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { z } from 'zod';
import { promisesIn, type TestFile, tableOf, withTable } from './guarantees.ts';
import type { MeasuredLine } from './measured.ts';

/**
 * `npm run guarantees`: runs the tests that SECURITY.md names for its promises and writes what they saw into its table;
 * `npm run guarantees -- --long` in their long forms. Exit code 1, and the table as it was, if a test fails, is not there,
 * or if an attack or fault has a test that no promise names.
 */

const DOCUMENT = 'SECURITY.md';

const REPORT = z.object({
  success: z.boolean(),
  testResults: z.array(
    z.object({ name: z.string(), status: z.string(), assertionResults: z.array(z.object({ status: z.string() })) }),
  ),
});

async function main(long: boolean): Promise<number> {
  const document = await readFile(DOCUMENT, 'utf8');
  const promises = promisesIn(document);
  const files = [...new Set([...promises.values()].flat())];

  const absent = files.filter((file) => !existsSync(file));
  for (const file of absent) console.error(`${DOCUMENT} names ${file}, which is not there`);
  if (absent.length > 0) return 1;

  const folder = await mkdtemp(join(tmpdir(), 'guarantees-'));
  try {
    const measured = join(folder, 'measured.jsonl');
    const report = join(folder, 'report.json');
    await writeFile(measured, '');
    const tests = files.filter((file) => file.endsWith('.test.ts'));
    const time = long ? ['--testTimeout=900000', '--hookTimeout=120000'] : [];
    const { status } = spawnSync(
      'vitest',
      ['run', ...tests, ...time, '--reporter=dot', '--reporter=json', `--outputFile.json=${report}`],
      { stdio: 'inherit', env: { ...process.env, GATEHOUSE_MEASURED: measured, GATEHOUSE_LONG: long ? '1' : '' } },
    );
    const results = await resultsIn(report);
    const unrun = tests.filter((file) => !results.some((result) => result.file === file));
    for (const file of unrun) console.error(`${file} did not run`);
    if (status !== 0 || unrun.length > 0) {
      console.error(`A promise is not held: ${DOCUMENT} is left as it was.`);
      return 1;
    }
    const table = tableOf(promises, await linesIn(measured), results);
    const circumstances = { date: new Date(), node: process.version, cores: availableParallelism(), long };
    // Read again: minutes have gone by.
    await writeFile(DOCUMENT, withTable(await readFile(DOCUMENT, 'utf8'), table, circumstances));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return reportUnnamed(await readFile(DOCUMENT, 'utf8'));
}

async function resultsIn(report: string): Promise<TestFile[]> {
  if (!existsSync(report)) return [];
  const cases = new Map<string, number>();
  for (const { name, assertionResults } of REPORT.parse(JSON.parse(await readFile(report, 'utf8'))).testResults) {
    const file = relative(resolve('.'), name);
    const passed = assertionResults.filter(({ status }) => status === 'passed').length;
    // A file that runs once on each lane is in the report once for each.
    cases.set(file, (cases.get(file) ?? 0) + passed);
  }
  return [...cases].map(([file, passed]) => ({ file, cases: passed }));
}

async function linesIn(measured: string): Promise<MeasuredLine[]> {
  const text = await readFile(measured, 'utf8');
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

/** An attack or a fault that is tested and not told of. */
async function reportUnnamed(document: string): Promise<number> {
  const unnamed: string[] = [];
  for await (const file of glob('test/{security,faults}/*.test.ts')) if (!document.includes(file)) unnamed.push(file);
  for (const file of unnamed.sort()) console.error(`${DOCUMENT} does not name ${file}`);
  return unnamed.length === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.includes('--long'));
