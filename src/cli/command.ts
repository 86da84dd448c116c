import type { Readable, Writable } from 'node:stream';

/** 0 done, 1 failed, 2 wrong usage or wrong configuration. */
export type ExitCode = 0 | 1 | 2;

/** The outside world as a command sees it. Only `main.ts` touches the real one, so tests can hand in another. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whom the machine knows as whoever runs the command: what the audit log says. */
  readonly user?: string | undefined;
  readonly stdin: Readable & { readonly isTTY?: boolean; setRawMode?(raw: boolean): unknown };
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** Resolves at the first SIGTERM or SIGINT. */
  readonly terminated: Promise<void>;
  /** Calls the listener at each SIGHUP, which ends the process as long as nobody listens; absent where there are no signals. */
  readonly onHangup?: (listener: () => void) => void;
}

/** One `gatehouse <command>`: one file, one line in `commands.ts`. */
export interface Command {
  readonly name: string;
  /** One line for `gatehouse --help`. */
  readonly summary: string;
  /** The full help text: usage lines first. */
  readonly usage: string;
  /**
   * @param args what follows the command's name.
   * @throws UsageError for arguments that make no sense; `main.ts` prints it with the usage and exits with 2.
   */
  run(args: readonly string[], terminal: Terminal): Promise<ExitCode>;
}

export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export function print(stream: Writable, ...lines: readonly string[]): void {
  stream.write(`${lines.join('\n')}\n`);
}
