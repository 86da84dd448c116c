import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { z } from 'zod';

/** What became of some test files. */
export interface Outcome {
  readonly passed: boolean;
  /** The names of the tests that failed. */
  readonly failed: readonly string[];
  /** How the run ended when no test can be blamed for it. */
  readonly trouble: string;
}

export interface Tests {
  /** Paths, or none for all. */
  readonly files: readonly string[];
  readonly lane: 'fast' | undefined;
  readonly workers: number;
  /** Stops at the first failure. */
  readonly hasty: boolean;
  /** Milliseconds. */
  readonly limit: number;
}

const REPORT = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string().optional(),
      assertionResults: z.array(z.object({ status: z.string(), fullName: z.string() })),
    }),
  ),
});

/** Runs test files in a tree. A test that fails is tried once more: what a busy machine did to it once tells no bug. */
export async function runTests(tree: string, { files, lane, workers, hasty, limit }: Tests): Promise<Outcome> {
  const report = join(tree, 'report.json');
  await rm(report, { force: true });
  const bin = join(tree, 'node_modules', '.bin');
  const child = spawn(
    join(bin, 'vitest'),
    [
      ...['run', ...files, `--project=${lane === 'fast' ? 'fast lane' : 'gatehouse'}`, '--exclude=test/mutants/**'],
      ...[
        `--maxWorkers=${workers}`,
        '--retry=1',
        '--reporter=json',
        `--outputFile=${report}`,
        // What a bug leaves open is not waited for for long.
        ...(hasty ? ['--bail=1', '--hookTimeout=15000'] : []),
      ],
    ],
    {
      cwd: tree,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {
        ...process.env,
        PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}`,
        GATEHOUSE_MEASURED: '',
      },
    },
  );
  let said = '';
  child.stderr.on('data', (chunk) => {
    said = `${said}${chunk}`.slice(-4_000);
  });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill('SIGTERM');
  }, limit);
  const [code] = await once(child, 'close');
  clearTimeout(timer);
  if (late) return { passed: false, failed: [], trouble: `no end after ${limit / 1_000} s` };
  if (!existsSync(report)) return { passed: false, failed: [], trouble: said.trim() || 'no report' };
  const { testResults } = REPORT.parse(JSON.parse(await readFile(report, 'utf8')));
  const failed = testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName),
  );
  const unloaded = testResults.filter(({ status }) => status === 'failed').map(({ message }) => message ?? '');
  const absent = files.filter((file) => !hasty && !testResults.some(({ name }) => name.endsWith(file)));
  const trouble = [...unloaded, ...absent.map((file) => `${file} did not run`), ...(code === 0 ? [] : [said])];
  return { passed: code === 0 && absent.length === 0, failed, trouble: trouble.join('\n').trim() };
}
