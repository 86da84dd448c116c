import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { Terminal } from '../../src/cli/command.ts';
import { runCommandLine } from '../../src/cli/command_line.ts';

/** Runs one command line in this process. @param stdin what it can read. */
export async function runCommand(argv: readonly string[], stdin = '', env: Terminal['env'] = {}) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const never = new Promise<void>(() => {});
  const terminal: Terminal = { env, stdin: Readable.from([stdin]), stdout, stderr, terminated: never };
  const written = Promise.all([text(stdout), text(stderr)]);
  const code = await runCommandLine(argv, terminal);
  stdout.end();
  stderr.end();
  const [output, errors] = await written;
  return { code, output, errors };
}
