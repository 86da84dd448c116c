import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';

/** One proxy in the race. Adding one: a file in `contestants/` that exports this, and its line in `rows.ts`. */
export interface Contestant {
  /** As it appears in tables, goals and results. */
  readonly name: string;
  /** One sentence: what exactly is measured. */
  readonly about: string;
  /** Starts it, pinned to the proxies' core, in front of `upstream` (`http://127.0.0.1:port`). */
  start(track: Track): Promise<Entrant>;
}

/** What a contestant is given to run on. */
export interface Track {
  readonly upstream: string;
  /** `redis://127.0.0.1:port`, empty at the start of the run and shared by its contestants: each keeps to keys of its own. */
  readonly redis: string;
  /** A folder of its own for configuration and data; it is there, and removed after the run. */
  readonly directory: string;
  /** Where to write a V8 CPU profile when it ends; absent: do not profile. */
  readonly profile?: string | undefined;
}

/** A contestant that is running and answers. */
export interface Entrant {
  /** What the load generator asks for. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** For anything but a GET of `url`: a Lua script for wrk, and what it is given after `--`. */
  readonly script?: { readonly file: string; readonly args?: readonly string[] };
  /** Whose CPU time counts. */
  readonly pid: number;
  stop(): Promise<void>;
}

/** The proxies run on the first core, one at a time; load generator and upstream share the second. */
export const PROXY_CORE = '0';
export const LOAD_CORE = '1';

/** A child process that is stopped with SIGTERM, and killed if it does not listen. */
export interface Program {
  readonly pid: number;
  /** Resolves with the first line of output that `pattern` matches; throws if the program ends before. */
  line(pattern: RegExp): Promise<RegExpExecArray>;
  stop(): Promise<void>;
}

/** No program outlives the bench, however that ends. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Runs a command on one core. Its standard error goes to ours, because a failing contestant must say why. */
export function startProgram(core: string, command: string, args: readonly string[], cwd?: string): Program {
  const child = spawn('taskset', ['-c', core, command, ...args], { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const lines = createInterface({ input: child.stdout });
  running.add(child);

  return {
    // `taskset` replaces itself with the command, so this is the command's own id.
    pid: child.pid ?? 0,
    line: (pattern) =>
      new Promise((resolve, reject) => {
        lines.on('line', (text) => {
          const match = pattern.exec(text);
          if (match) resolve(match);
        });
        lines.once('close', () => reject(new Error(`${command} ${args.join(' ')} ended before it was ready`)));
      }),
    stop: async () => {
      const kill = setTimeout(() => child.kill('SIGKILL'), 10_000);
      child.kill('SIGTERM');
      await ended;
      clearTimeout(kill);
      running.delete(child);
    },
  };
}

/** Starts a contestant whose file is itself the proxy: run as a program, it calls `serve`. */
export async function startProxyFile(file: string, track: Track): Promise<Entrant> {
  const program = startProgram(PROXY_CORE, process.execPath, [file, track.upstream]);
  const [, port] = await program.line(/^listening on (\d+)$/);
  return { url: `http://127.0.0.1:${port}/hello`, headers: {}, pid: program.pid, stop: program.stop };
}

/** The other end of `startProxyFile`: listens on a free loopback port and says which. */
export function serve(server: Server): void {
  server.listen(0, '127.0.0.1', () => {
    // A TCP server that listens has an address of this shape.
    console.log(`listening on ${(server.address() as AddressInfo).port}`);
  });
  process.once('SIGTERM', () => process.exit(0));
}

/** A loopback port that was free a moment ago, for programs that cannot say which one they took. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
