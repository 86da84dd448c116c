import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { DependencyUnavailable } from '../model/failure.ts';

/*
 * bcrypt is computed in JavaScript, in slices of 100 ms during which nothing else would be answered. So it has threads of its own, as
 * argon2 and scrypt have those of Node. Like those, they belong to the process.
 */

/** As many as verifiers run at once by default. */
const THREADS = 2;
const WAITING = 100;
/** A thread costs some ten megabytes, and is started in a few milliseconds. */
const IDLE_MS = 30_000;
/** Megabytes. Without limits V8 lets garbage grow to a multiple of what a comparison needs. */
const MEMORY = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 64 };
/** In the package this file is the part `password_bcrypt_threads.js`, and the thread's code lies beside it. */
const CODE = new URL(`./password_bcrypt_worker${extname(import.meta.url)}`, import.meta.url);

interface Job {
  readonly hash: string;
  readonly password: string;
  resolve(matches: boolean): void;
  reject(error: unknown): void;
}

interface Thread {
  readonly worker: Worker;
  job: Job | undefined;
  idle: NodeJS.Timeout | undefined;
}

const threads = new Set<Thread>();
const waiting: Job[] = [];

/** Compares beside the event loop. @throws DependencyUnavailable when too many wait already, or the thread has ended. */
export function compareInThread(hash: string, password: string): Promise<boolean> {
  if (waiting.length >= WAITING) throw new DependencyUnavailable('password hashing', 'too many sign-ins are waiting');
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const job = { hash, password, resolve, reject };
  const free = [...threads].find((thread) => thread.job === undefined);
  if (free) start(free, job);
  else if (threads.size < THREADS) start(newThread(), job);
  else waiting.push(job);
  return promise;
}

function newThread(): Thread {
  // It needs nothing of the environment, and no option of this process.
  const worker = new Worker(CODE, { env: {}, execArgv: [], resourceLimits: MEMORY });
  const thread: Thread = { worker, job: undefined, idle: undefined };
  threads.add(thread);
  worker.on('message', (matches: boolean) => {
    thread.job?.resolve(matches);
    thread.job = undefined;
    const next = waiting.shift();
    if (next) start(thread, next);
    else rest(thread);
  });
  // What it says may quote what it was given.
  worker.on('error', () => {});
  worker.on('exit', () => {
    threads.delete(thread);
    clearTimeout(thread.idle);
    thread.job?.reject(new DependencyUnavailable('password hashing', 'the thread has ended'));
    const next = threads.size < THREADS ? waiting.shift() : undefined;
    if (next) start(newThread(), next);
  });
  return thread;
}

function start(thread: Thread, job: Job): void {
  clearTimeout(thread.idle);
  thread.job = job;
  thread.worker.ref();
  thread.worker.postMessage([job.hash, job.password]);
}

function rest(thread: Thread): void {
  thread.worker.unref();
  thread.idle = setTimeout(() => {
    threads.delete(thread);
    void thread.worker.terminate();
  }, IDLE_MS).unref();
}
