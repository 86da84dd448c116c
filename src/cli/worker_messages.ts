import type { Worker } from 'node:cluster';
import type { Contents } from '../config/contents.ts';
import type { WorkerAnswers } from '../house.ts';

/*
 * What the supervisor and its workers say to each other: all of them read the same bytes, once, in the supervisor. So a worker that
 * is replaced starts with the configuration of the others, whatever the files hold by then.
 */

type Entries = readonly (readonly [string, string | null])[];

/** From a worker that has just started. */
interface Asked {
  readonly gatehouse: 'configuration?';
}
/** To it. */
interface Told {
  readonly gatehouse: 'configuration';
  readonly files: Entries;
}
/** To every worker. */
interface Reload {
  readonly gatehouse: 'reload';
  readonly turn: number;
  readonly files: Entries;
}
/** From each of them. */
interface Reloaded {
  readonly gatehouse: 'reloaded';
  readonly turn: number;
  readonly problems: readonly string[];
}
/** To a worker: what the admin listener is to tell of all of them. */
export interface Question {
  readonly gatehouse: 'question';
  readonly turn: number;
  readonly about: keyof WorkerAnswers;
}
/** From it; without an answer if it has none. */
export interface Answered {
  readonly gatehouse: 'answer';
  readonly turn: number;
  /** JSON, as `worker_questions.ts` writes it. */
  readonly answer?: string | undefined;
}
export type WorkerMessage = Asked | Told | Reload | Reloaded | Question | Answered;

/** Others use the channel too. */
export const isOurs = (message: unknown): message is WorkerMessage =>
  typeof message === 'object' && message !== null && 'gatehouse' in message;

export const entriesOf = (contents: Contents): Entries => [...contents].map(([path, text]) => [path, text ?? null]);
export const contentsOf = (files: Entries): Contents => new Map(files.map(([path, text]) => [path, text ?? undefined]));

/** In a worker: the other end of `createWorkerConfigurations`. */
export interface Supervisor {
  /** What the worker is to start with. */
  readonly contents: Promise<Contents>;
  /** @param reload puts these in the place of what runs; its answer is passed on. Those that came before are not lost. */
  onReload(reload: (contents: Contents) => Promise<readonly string[]>): void;
}

export function askSupervisor(channel: NodeJS.Process = process): Supervisor {
  const first = Promise.withResolvers<Contents>();
  const ready = Promise.withResolvers<(contents: Contents) => Promise<readonly string[]>>();
  const say = (message: WorkerMessage) => channel.send?.(message);
  channel.on('message', async (message: unknown) => {
    if (!isOurs(message)) return;
    if (message.gatehouse === 'configuration') first.resolve(contentsOf(message.files));
    if (message.gatehouse !== 'reload') return;
    const { turn, files } = message;
    const reload = await ready.promise;
    say({ gatehouse: 'reloaded', turn, problems: await reload(contentsOf(files)) });
  });
  say({ gatehouse: 'configuration?' });
  return { contents: first.promise, onReload: (reload) => ready.resolve(reload) };
}

export interface WorkerConfigurations {
  /** Has all workers take other contents, or none. @returns why one of them cannot. */
  pass(contents: Contents): Promise<readonly string[]>;
}

/** Milliseconds within which a worker must say what became of a reload. */
const ANSWER_LIMIT = 15_000;

/**
 * In the supervisor: hands every worker what it is to run with.
 * @param workers those that live. @param first what they start with. @param onMessage tells of their messages.
 */
export function createWorkerConfigurations(
  workers: () => readonly Worker[],
  first: Contents,
  onMessage: (listener: (worker: Worker, message: unknown) => void) => void,
): WorkerConfigurations {
  let good = first;
  let turn = 0;
  let passing: Promise<unknown> = Promise.resolve();
  /** Those that have asked, and so may have something else by now. */
  const served = new WeakSet<Worker>();
  const answers = new Map<Worker, (answer: Reloaded) => void>();
  const say = (worker: Worker, message: WorkerMessage) => worker.isConnected() && worker.send(message);

  onMessage(async (worker, message) => {
    if (!isOurs(message)) return;
    if (message.gatehouse === 'reloaded') answers.get(worker)?.(message);
    if (message.gatehouse !== 'configuration?') return;
    // Which of the two would be right is not known before a reload is over.
    await passing;
    served.add(worker);
    say(worker, { gatehouse: 'configuration', files: entriesOf(good) });
  });

  async function ask(worker: Worker, contents: Contents, mine: number): Promise<readonly string[]> {
    const { promise, resolve } = Promise.withResolvers<readonly string[]>();
    answers.set(worker, (answer) => answer.turn === mine && resolve(answer.problems));
    // Whoever replaces it starts with what is good then.
    const died = () => resolve([]);
    worker.once('exit', died);
    const late = setTimeout(() => resolve([`worker ${worker.process.pid} does not answer`]), ANSWER_LIMIT);
    say(worker, { gatehouse: 'reload', turn: mine, files: entriesOf(contents) });
    const problems = await promise;
    clearTimeout(late);
    worker.off('exit', died);
    answers.delete(worker);
    return problems;
  }

  async function tell(contents: Contents): Promise<readonly string[]> {
    turn += 1;
    const mine = turn;
    const all = await Promise.all(workers().map((worker) => (served.has(worker) ? ask(worker, contents, mine) : [])));
    return [...new Set(all.flat())];
  }

  async function passAll(contents: Contents): Promise<readonly string[]> {
    const problems = await tell(contents);
    if (problems.length === 0) good = contents;
    else await tell(good);
    return problems;
  }

  return {
    pass(contents) {
      const done = passAll(contents);
      passing = done.catch(() => {});
      return done;
    },
  };
}
