import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ensurePrograms } from '../test/support/ensure_dependencies.ts';
import { LOAD_CORE } from './contestant.ts';
import { startGatehouse } from './gatehouse_process.ts';
import { PROGRAMS } from './peers.ts';
import { startUpstream } from './upstream.ts';

/**
 * `node bench/connections.ts [SECONDS]`: 10,000 connections at once, by wrk for a time and by h2load for a number of requests, and
 * not one answer that is no success. Prints the counts; exit code 1 for any failure.
 */
const CONNECTIONS = 10_000;
const REQUESTS = 100_000;
/** Descriptors for as many connections, and for the rest of a process. */
const DESCRIPTORS = CONNECTIONS + 2_000;

const seconds = Math.min(60, Number(process.argv[2] ?? '10'));
ensurePrograms({ ...PROGRAMS, h2load: 'nghttp2-client', prlimit: 'util-linux' });
const directory = await mkdtemp(join(tmpdir(), 'gatehouse-connections-'));
const upstream = await startUpstream(join(directory, 'upstream'));
// Calls of as many callers at once wait for the upstream's connections; by default fewer may.
const waiting = { upstream: `queue: ${CONNECTIONS}, connect_timeout: 30s` };
const gateway = await startGatehouse({ upstream: upstream.url, redis: '', directory }, waiting);
const header = `authorization: ${gateway.headers['authorization']}`;

try {
  const wrk = await run('wrk', [
    '-t1',
    `-c${CONNECTIONS}`,
    `-d${seconds}s`,
    '--timeout',
    '30s',
    '-H',
    header,
    gateway.url,
  ]);
  const trouble = /^\s*(Non-2xx.*|Socket errors.*)$/m.exec(wrk)?.[1];
  console.log(`wrk:    ${/^\s*(\d+ requests in .*)$/m.exec(wrk)?.[1]}; ${trouble ?? 'no errors'}`);

  const counts = ['-c', String(CONNECTIONS), '-n', String(REQUESTS), '-t', '1'];
  const h2load = await run('h2load', ['--h1', ...counts, '-H', header, gateway.url]);
  const requests = /^requests: (.*)$/m.exec(h2load)?.[1] ?? 'nothing';
  console.log(`h2load: ${requests}`);

  const clean = trouble === undefined && requests.includes(` ${REQUESTS} succeeded, 0 failed, 0 errored, 0 timeout`);
  process.exitCode = clean ? 0 : 1;
} finally {
  await gateway.stop();
  await upstream.stop();
  await rm(directory, { recursive: true, force: true });
}

/** On the load's core, with as many descriptors as it needs. */
async function run(program: string, args: readonly string[]): Promise<string> {
  const command = ['-c', LOAD_CORE, 'prlimit', `--nofile=${DESCRIPTORS}`, program, ...args];
  const { stdout } = await promisify(execFile)('taskset', command, { timeout: (seconds + 240) * 1000 });
  return stdout;
}
