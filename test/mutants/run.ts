/**
 * `npm run test:mutants`: plants one bug after the other in copies of the tree, and sees whether the tests that should tell do so.
 * Exit code 1 if a bug survives, if the text that it changes is not there any more, or if the tests fail without any bug.
 * `-- --only TEXT` takes the bugs with this text in their words or file; `-- --full` runs every test on what the named ones miss.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { MUTANTS } from './all_mutants.ts';
import { changesOf, type Mutant, planted } from './mutant.ts';
import { privateTree, removeTree } from './private_tree.ts';
import { type Outcome, runTests } from './run_tests.ts';

/** Two cores: real servers run beside the tests. */
const AT_ONCE = 2;
/** Milliseconds. */
const LIMIT = 180_000;
const LIMIT_OF_ALL = 900_000;

type Verdict = 'killed' | 'SURVIVED' | 'BROKEN';

const { values } = parseArgs({
  options: { only: { type: 'string' }, full: { type: 'boolean', default: false } },
});
const wanted = MUTANTS.filter(({ bug, file }) => values.only === undefined || `${bug} ${file}`.includes(values.only));

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Plants a bug in a tree. @returns what takes it out again. */
async function plant(mutant: Mutant, tree: string): Promise<() => Promise<void>> {
  const originals = new Map<string, string>();
  for (const change of changesOf(mutant)) {
    const file = join(tree, change.file);
    const source = await readFile(file, 'utf8');
    if (!originals.has(file)) originals.set(file, source);
    await writeFile(file, planted(change, source));
  }
  return async () => {
    for (const [file, source] of originals) await writeFile(file, source);
  };
}

/** All bugs are planted once before any test runs: a list that is stale is told at once. */
async function tryAll(tree: string): Promise<void> {
  for (const mutant of wanted) await (await plant(mutant, tree))();
}

/** Without a bug every named test must pass, or it proves nothing when it fails. */
async function areSound(tree: string): Promise<boolean> {
  for (const lane of [undefined, 'fast'] as const) {
    const files = [...new Set(wanted.filter((mutant) => mutant.lane === lane).flatMap(({ tests }) => tests))];
    if (files.length === 0) continue;
    const outcome = await runTests(tree, { files, lane, workers: AT_ONCE, hasty: false, limit: LIMIT_OF_ALL });
    if (outcome.passed) continue;
    print(`Without any bug these fail, so that nothing can be said:\n${outcome.failed.join('\n')}\n${outcome.trouble}`);
    return false;
  }
  return true;
}

async function judge(mutant: Mutant, tree: string): Promise<[Verdict, Outcome]> {
  const takeOut = await plant(mutant, tree);
  try {
    const { tests: files, lane } = mutant;
    const outcome = await runTests(tree, { files, lane, workers: 1, hasty: true, limit: LIMIT });
    if (!outcome.passed) return [outcome.failed.length > 0 ? 'killed' : 'BROKEN', outcome];
    if (!values.full) return ['SURVIVED', outcome];
    const all = await runTests(tree, { files: [], lane: undefined, workers: 1, hasty: true, limit: LIMIT_OF_ALL });
    return [all.failed.length > 0 ? 'killed' : 'SURVIVED', all];
  } finally {
    await takeOut();
  }
}

function row(mutant: Mutant, verdict: Verdict, { failed, trouble }: Outcome, began: number): string {
  const time = `${((performance.now() - began) / 1_000).toFixed(0)} s`;
  const why =
    failed[0] ?? (verdict === 'BROKEN' ? (trouble.split('\n')[0] ?? '') : `not told by ${mutant.tests.join(', ')}`);
  const cells = [verdict.padEnd(8), mutant.breaks.padEnd(3), time.padStart(5), mutant.bug.padEnd(62), why];
  return `| ${cells.map((cell) => cell.replaceAll('|', '/')).join(' | ')} |`;
}

async function main(): Promise<number> {
  const trees = await Promise.all(Array.from({ length: AT_ONCE }, privateTree));
  try {
    await tryAll(trees[0] ?? '');
    const began = performance.now();
    if (!(await areSound(trees[0] ?? ''))) return 1;
    print(`Every named test passes without a bug (${((performance.now() - began) / 1_000).toFixed(0)} s).\n`);
    print('| verdict | of | time | bug | told by |\n|---|---|---:|---|---|');
    const left = [...wanted];
    let killed = 0;
    await Promise.all(
      trees.map(async (tree) => {
        for (let mutant = left.shift(); mutant !== undefined; mutant = left.shift()) {
          const start = performance.now();
          const [verdict, outcome] = await judge(mutant, tree);
          if (verdict === 'killed') killed++;
          print(row(mutant, verdict, outcome, start));
        }
      }),
    );
    print(`\n${killed} of ${wanted.length} bugs were told (${((performance.now() - began) / 60_000).toFixed(1)} min).`);
    return killed === wanted.length && killed > 0 ? 0 : 1;
  } finally {
    await Promise.all(trees.map(removeTree));
  }
}

process.exitCode = await main();
