import type { Worker } from 'node:cluster';
import type { WorkerAnswers } from '../house.ts';
import { type Answered, isOurs, type Question } from './worker_messages.ts';

/** Milliseconds. Sums without one of the workers would fall, and rise again: then there is none. */
const ANSWER_LIMIT = 5_000;
/** JSON has no word for the last bound of a histogram. */
const INFINITE = '∞';

const written = (value: unknown): string =>
  JSON.stringify(value, (_, each) => (each === Number.POSITIVE_INFINITY ? INFINITE : each));
const read = (text: string): unknown =>
  JSON.parse(text, (_, each) => (each === INFINITE ? Number.POSITIVE_INFINITY : each));

/** In a worker: answers the supervisor's questions from now on. */
export function answerQuestions(answers: WorkerAnswers, channel: NodeJS.Process = process): void {
  channel.on('message', async (message: unknown) => {
    if (!isOurs(message) || message.gatehouse !== 'question') return;
    const { turn, about } = message;
    const answer = await answers[about]().then(written, () => undefined);
    const told: Answered = { gatehouse: 'answer', turn, answer };
    if (channel.connected) channel.send?.(told);
  });
}

/**
 * In the supervisor. What comes of it is rejected when a worker that lives does not answer in time.
 * @param workers those that serve. @param onMessage tells of their messages.
 */
export function createWorkerQuestions(
  workers: () => readonly Worker[],
  onMessage: (listener: (worker: Worker, message: unknown) => void) => void,
) {
  let turn = 0;
  /** Those that are waited for, by worker and turn. */
  const waiting = new Map<string, (answer: string | undefined) => void>();
  onMessage((worker, message) => {
    if (isOurs(message) && message.gatehouse === 'answer')
      waiting.get(`${worker.id} ${message.turn}`)?.(message.answer);
  });

  async function ask(worker: Worker, question: Question): Promise<readonly unknown[]> {
    const key = `${worker.id} ${question.turn}`;
    const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
    waiting.set(key, resolve);
    const gone = () => resolve(undefined);
    worker.once('exit', gone);
    const late = setTimeout(() => reject(new Error('a worker does not answer')), ANSWER_LIMIT);
    if (worker.isConnected()) worker.send(question);
    else gone();
    const answer = await promise.finally(() => {
      clearTimeout(late);
      worker.off('exit', gone);
      waiting.delete(key);
    });
    return answer === undefined ? [] : [read(answer)];
  }

  return async <About extends keyof WorkerAnswers>(
    about: About,
  ): Promise<readonly Awaited<ReturnType<WorkerAnswers[About]>>[]> => {
    turn += 1;
    const question: Question = { gatehouse: 'question', turn, about };
    const answers = await Promise.all(workers().map((worker) => ask(worker, question)));
    // A worker is the same program: what it answers is what its own `WorkerAnswers` told.
    return answers.flat() as Awaited<ReturnType<WorkerAnswers[About]>>[];
  };
}
