import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { freePort } from './ports.ts';

/**
 * Real Redis servers for tests: started on free ports with a folder of their own, stopped, killed, frozen and brought back.
 *
 * They cannot outlive the test process, however it ends: each has a watcher whose standard input is a pipe from us. When we
 * die the pipe closes, and the watcher kills the server and removes its folder.
 */
export interface RedisServer {
  readonly host: string;
  readonly port: number;
  readonly url: string;
  readonly directory: string;
  /** The process id; undefined while it is not running. */
  readonly pid: number | undefined;
  /** A plain client for looking inside, made on first use and closed with the server. */
  client(): Redis;
  /** Freezes the process: connections stay open, nothing answers. */
  pause(): void;
  resume(): void;
  /** SIGKILL. What was answered before is on disk and comes back with `restart`. */
  kill(): Promise<void>;
  /** Starts again on the same port, after `kill` or while running. @param how `empty` forgets the data. */
  restart(how?: { empty: boolean }): Promise<void>;
  /** Ends the process and removes its folder. Safe to call twice. */
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';
const READY_MS = 10_000;
const ATTEMPTS = 5;

/** @param config lines of redis.conf as arguments, such as `['--maxmemory', '2mb']`. */
export async function startRedis(config: readonly string[] = []): Promise<RedisServer> {
  return startServer((port) => [
    // The append-only file is written before a command is answered: a killed server comes back with what it promised.
    ...['--port', String(port), '--save', '', '--appendonly', 'yes', '--appendfsync', 'everysec'],
    ...config,
  ]);
}

/** Starts a process of redis-server, on another port if the first choice was taken meanwhile. */
export async function startServer(settings: (port: number, directory: string) => string[]): Promise<RedisServer> {
  for (let attempt = 1; ; attempt += 1) {
    const server = new Server(await freePort(), settings);
    try {
      await server.start();
      return server;
    } catch (error) {
      await server.stop();
      if (attempt === ATTEMPTS || !String(error).includes('Address already in use')) throw error;
    }
  }
}

class Server implements RedisServer {
  readonly host = HOST;
  readonly port: number;
  readonly url: string;
  readonly directory: string;
  readonly #settings: (port: number, directory: string) => string[];
  #process: ChildProcess | undefined;
  #watcher: ChildProcess | undefined;
  #client: Redis | undefined;

  constructor(port: number, settings: (port: number, directory: string) => string[]) {
    this.port = port;
    this.url = `redis://${HOST}:${port}`;
    this.directory = mkdtempSync(join(tmpdir(), 'gatehouse-redis-'));
    this.#settings = settings;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  async start(): Promise<void> {
    const args = this.#settings(this.port, this.directory);
    const child = spawn('redis-server', [...args, '--bind', HOST, '--dir', this.directory, '--daemonize', 'no'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const keep = (chunk: Buffer): void => {
      output = (output + chunk).slice(-4000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    await once(child, 'spawn'); // throws ENOENT when redis-server is not installed
    this.#process = child;
    this.#watch(child);
    const deadline = performance.now() + READY_MS;
    while (!(await answers(this.port))) {
      if (child.exitCode !== null) throw new Error(`redis-server exited with ${child.exitCode}:\n${output}`);
      if (performance.now() > deadline) throw new Error(`redis-server on ${this.port} does not answer:\n${output}`);
      await delay(10);
    }
  }

  /** See the top of the file. The watcher goes with its server, so that it never kills a process id used anew. */
  #watch(child: ChildProcess): void {
    const watcher = spawn(
      'sh',
      ['-c', 'cat >/dev/null; kill -9 "$0"; rm -rf "$1"', String(child.pid), this.directory],
      {
        stdio: ['pipe', 'ignore', 'ignore'],
        // Its own process group: a Ctrl-C in the terminal must reach the tests, not the watcher before it has done its work.
        detached: true,
      },
    );
    this.#watcher = watcher;
    child.once('exit', () => watcher.kill('SIGKILL'));
    for (const it of [child, watcher]) it.unref();
  }

  client(): Redis {
    if (this.#client === undefined) {
      this.#client = new Redis(this.port, HOST, { retryStrategy: () => 50, maxRetriesPerRequest: null });
      this.#client.on('error', () => {}); // it waits for the server to come back
    }
    return this.#client;
  }

  pause(): void {
    this.#process?.kill('SIGSTOP');
  }

  resume(): void {
    this.#process?.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.ref(); // somebody waits for its end now
    child.kill('SIGKILL'); // also ends a frozen process
    await exit;
  }

  async restart(how?: { empty: boolean }): Promise<void> {
    await this.kill();
    if (how?.empty) {
      for (const file of readdirSync(this.directory)) rmSync(join(this.directory, file), { recursive: true });
    }
    await this.start();
  }

  async stop(): Promise<void> {
    this.#client?.disconnect();
    this.#client = undefined;
    await this.kill();
    this.#watcher?.kill('SIGKILL');
    // A child that Redis had forked to write a snapshot may still be writing.
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 });
  }
}

/** Whether a server answers PING (also when it wants a password, or is still loading its data: then not). */
async function answers(port: number): Promise<boolean> {
  const probe = new Redis(port, HOST, {
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    enableReadyCheck: false,
    connectTimeout: 500,
    protocol: 2,
    disableClientInfo: true,
  });
  probe.on('error', () => {});
  try {
    await probe.connect();
    return (await probe.ping()) === 'PONG';
  } catch (error) {
    return String(error).includes('NOAUTH');
  } finally {
    probe.disconnect();
  }
}
