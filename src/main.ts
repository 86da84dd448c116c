#!/usr/bin/env node
/**
 * The process: argv, environment, signals and exit codes. Nothing else in the house reads or touches them.
 * Everything is imported late, so that an old Node gets a sentence instead of a stack trace.
 */
import { enableCompileCache } from 'node:module';
import { userInfo } from 'node:os';
import type { Terminal } from './cli/command.ts';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 24 || (major === 24 && minor < 7)) {
  process.stderr.write(`gatehouse needs Node.js 24.7 or newer; this is ${process.versions.node}\n`);
  process.exit(1);
}
enableCompileCache?.();

/**
 * A signal sent to a whole process group arrives again through npm, which forwards it. Repetitions within this time, in
 * milliseconds, are the same wish; a later one means "now".
 */
const SAME_SIGNAL = 300;

const terminated = new Promise<void>((resolve) => {
  let first: number | undefined;
  const onSignal = (): void => {
    if (first === undefined) {
      first = performance.now();
      resolve();
    } else if (performance.now() - first > SAME_SIGNAL) {
      process.exit(1);
    }
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
});

/** Only the class, the code and the frames are printed: a message may quote what it choked on, and that may be a secret. */
function dieOf(kind: string, error: unknown): void {
  const frames = error instanceof Error ? framesOf(error) : [];
  const name = error instanceof Error ? error.name : typeof error;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  process.stderr.write(`${JSON.stringify({ level: 'fatal', event: kind, error: name, code, stack: frames })}\n`);
  process.exit(1);
}
/** What follows the message, which may look like frames; nothing if the message is not the one that the stack begins with. */
function framesOf({ message, stack = '' }: Error): string[] {
  const [name = ''] = /^[^\n:]*(?:: )?/.exec(stack) ?? [];
  if (!stack.startsWith(`${message}\n`, name.length)) return [];
  const frames = stack.slice(name.length + message.length).split('\n');
  return frames.filter((line) => /^\s+at /.test(line));
}
process.on('uncaughtException', (error) => dieOf('uncaught_exception', error));
process.on('unhandledRejection', (error) => dieOf('unhandled_rejection', error));

/** Undefined where the system has no name for the user id. */
function nameOfUser(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}

const terminal: Terminal = {
  env: process.env,
  user: nameOfUser(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  terminated,
  onHangup: (listener) => void process.on('SIGHUP', listener),
};

const { runCommandLine } = await import('./cli/command_line.ts');
process.exitCode = await runCommandLine(process.argv.slice(2), terminal);
// Listeners and stores are closed by now; a stray handle must not keep a finished command alive.
process.stdout.write('', () => process.exit());
