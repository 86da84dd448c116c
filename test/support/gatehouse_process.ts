import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

/** A gateway as a user runs it: a process of its own, on free ports, with a configuration file. */
export interface GatehouseProcess {
  readonly url: string;
  readonly admin: string;
  readonly pid: number;
  /** Everything it printed so far, standard output and standard error together. */
  output(): string;
  /** The same line by line, as it grows. */
  readonly lines: readonly string[];
  /** Resolves with the first line, past or future, that matches. */
  line(pattern: RegExp): Promise<string>;
  /** Sends the signal and waits for the end. @returns the exit code, null if the signal itself ended it. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
  /** Sends a signal without waiting. */
  signal(signal: NodeJS.Signals): void;
  readonly exited: Promise<number | null>;
}

const living = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});

/**
 * Starts `gatehouse start` with this YAML. `listen` and `admin` should ask for port 0; where they are is read from the log.
 * @param config the YAML text, or a path ending in `.yaml`
 * @param main what Node runs: from source unless told otherwise
 */
export async function startGatehouse(
  config: string,
  env: Record<string, string> = {},
  main = 'src/main.ts',
): Promise<GatehouseProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-'));
  const file = config.endsWith('.yaml') ? resolve(config) : join(folder, 'gatehouse.yaml');
  if (!config.endsWith('.yaml')) await writeFile(file, config);

  const child = spawn(process.execPath, [resolve(main), 'start', '--config', file], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  living.add(child);
  const exited = once(child, 'exit').then(async ([code]) => {
    living.delete(child);
    await rm(folder, { recursive: true, force: true });
    return code as number | null;
  });

  const lines: string[] = [];
  const waiting: { pattern: RegExp; resolve: (line: string) => void }[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      for (const each of waiting.filter(({ pattern }) => pattern.test(line))) {
        waiting.splice(waiting.indexOf(each), 1);
        each.resolve(line);
      }
    });
  }
  const line = (pattern: RegExp): Promise<string> => {
    const past = lines.find((each) => pattern.test(each));
    if (past !== undefined) return Promise.resolve(past);
    return new Promise((resolve) => waiting.push({ pattern, resolve }));
  };

  const output = () => lines.join('\n');
  const died = exited.then((code) => Promise.reject(new Error(`gatehouse ended with ${code}:\n${output()}`)));
  const listening = JSON.parse(await Promise.race([line(/"event":"listening"/), died])) as {
    url: string;
    admin: string;
  };
  died.catch(() => {}); // Once it listens, its end is for `exited` to tell.
  return {
    url: listening.url,
    admin: listening.admin,
    pid: child.pid ?? 0,
    output,
    lines,
    line,
    exited,
    signal: (signal) => void child.kill(signal),
    stop: (signal = 'SIGTERM') => {
      child.kill(signal);
      return exited;
    },
  };
}
