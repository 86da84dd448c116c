import { spawnSync } from 'node:child_process';
import { z } from 'zod';
import { type Releases, readManifest, readSupply, releaseProblem } from './supply.ts';

/**
 * `npm run supply`: what only the registry knows about our direct dependencies. Exit code 0: all is well, or the registry offers
 * no signatures and that was said; 1: a signature is wrong or a release too old; 2: something could not be checked.
 */

/** npm prints one value instead of an object where a package has a single release. */
const VIEW = z.object({ 'dist-tags.latest': z.string(), time: z.record(z.string(), z.string()) });

type Outcome = 'good' | 'bad' | 'unchecked';

/** npm's words for a registry that publishes no keys, or packages that are not signed by it. */
const NOT_OFFERED = /found no dependencies to audit that were installed from a supported registry/;

async function releases(): Promise<Outcome> {
  const { dependencies, devDependencies } = await readManifest('.');
  const supply = await readSupply();
  const names = Object.keys({ ...dependencies, ...devDependencies });
  const problems: string[] = [];
  for (const name of names) {
    const found = viewOf(name);
    if (typeof found === 'string') {
      console.error(`releases: not checked, the registry gave no answer about ${name}: ${found}`);
      return 'unchecked';
    }
    const problem = releaseProblem(name, found, supply, new Date());
    if (problem !== undefined) problems.push(problem);
  }
  for (const problem of problems) console.error(`releases: ${problem}`);
  if (problems.length > 0) return 'bad';
  console.log(
    `releases: ${names.length} direct dependencies had one in the last two years, or a reason why they are kept`,
  );
  return 'good';
}

function viewOf(name: string): Releases | string {
  const { status, stdout, stderr } = npm(['view', name, 'dist-tags.latest', 'time', '--json']);
  if (status !== 0) return lastError(stderr);
  const view = VIEW.parse(JSON.parse(stdout));
  return { latest: view['dist-tags.latest'], time: view.time };
}

function signatures(): Outcome {
  const { status, stdout, stderr } = npm(['audit', 'signatures']);
  if (status === 0) {
    console.log(`signatures: ${stdout.trim().split('\n').filter(Boolean).slice(1).join(' ')}`);
    return 'good';
  }
  if (NOT_OFFERED.test(stderr)) {
    console.log(
      'signatures: this registry offers none; what is installed is held by the hashes of package-lock.json alone',
    );
    return 'good';
  }
  // With findings npm prints them on its standard output; without any it did not get that far.
  if (stdout.trim() !== '') {
    console.error(`signatures: ${stdout.trim()}`);
    return 'bad';
  }
  console.error(`signatures: not checked: ${lastError(stderr)}`);
  return 'unchecked';
}

function npm(args: readonly string[]) {
  const { status, stdout, stderr, error } = spawnSync(
    'npm',
    [...args, '--fetch-retries=1', '--fetch-retry-mintimeout=1000', '--loglevel=error'],
    {
      encoding: 'utf8',
      timeout: 120_000,
    },
  );
  return { status, stdout, stderr: error === undefined ? stderr : `${stderr}\n${error.message}` };
}

/** What npm says went wrong, without its advice and the name of its log. */
function lastError(stderr: string): string {
  const said = stderr.split('\n').filter((line) => /^npm (error|ERR!)|^spawnSync/.test(line));
  const useful = said.map((line) => line.replace(/^npm (error|ERR!) ?/, '').replace(/^network /, ''));
  return useful.find((line) => /failed|reason|Not Found|ETIMEDOUT/i.test(line)) ?? useful[0] ?? 'npm did not say why';
}

const outcomes = [signatures(), await releases()];
process.exitCode = outcomes.includes('bad') ? 1 : outcomes.includes('unchecked') ? 2 : 0;
