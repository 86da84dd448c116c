import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { accepts } from './ports.ts';

/** A server of Debian's with a folder of its own; it does not outlive us. */
export interface Program {
  /** Everything it printed so far. */
  output(): string;
  /** Ends it, and takes its folder away. */
  stop(): Promise<void>;
}

export interface Start {
  readonly program: string;
  readonly args: readonly string[];
  readonly folder: string;
  /** Where it will listen. */
  readonly port: number;
  readonly env?: Readonly<Record<string, string>>;
  /** What ends it, workers included. */
  readonly signal?: 'SIGKILL' | 'SIGTERM';
}

const living = new Map<ChildProcess, NodeJS.Signals>();
process.on('exit', () => {
  for (const [child, signal] of living) child.kill(signal);
});

const READY_MS = 15_000;

/** @throws Error with what it printed, when it ends or does not listen within 15 s; its folder is gone then. */
export async function startProgram(start: Start): Promise<Program> {
  const { program, args, folder, port, env = {}, signal = 'SIGKILL' } = start;
  const child = spawn(program, args, {
    cwd: folder,
    // Debian keeps servers in sbin, which an ordinary user's PATH lacks.
    env: { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin`, HOME: folder, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  living.set(child, signal);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
  const exited = once(child, 'exit').then(async () => {
    living.delete(child);
    await rm(folder, { recursive: true, force: true });
  });
  const stop = () => {
    child.kill(signal);
    return exited;
  };
  const deadline = performance.now() + READY_MS;
  while (!(await accepts(port))) {
    if (child.exitCode !== null || child.signalCode !== null || performance.now() > deadline) {
      await stop();
      throw new Error(`${program} does not start:\n${output}`);
    }
    await delay(20);
  }
  return { output: () => output, stop };
}

/** Starts on another port when the first choice was taken meanwhile. */
export async function tryPorts<T>(start: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start();
    } catch (error) {
      if (attempt === 3) throw error;
    }
  }
}
