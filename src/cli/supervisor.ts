import cluster, { type Address, type Worker } from 'node:cluster';
import { once } from 'node:events';
import type { Config } from '../model/config.ts';
import { composeSupervisorDesk } from '../supervisor_desk.ts';
import { type ExitCode, print, type Terminal } from './command.ts';
import { type ConfigSource, reloadOnChange } from './config_source.ts';
import { demoLines } from './demo_lines.ts';
import { createWorkerConfigurations } from './worker_messages.ts';
import { createWorkerQuestions } from './worker_questions.ts';

/** A worker that dies young is not restarted faster than this, in milliseconds, doubling up to the second number. */
const RESTART_DELAY = [100, 5_000] as const;
/** Milliseconds for which a worker must have run for its death to count as the first again. */
const HEALTHY_RUN = 60_000;
/** Milliseconds after which a worker that does not finish draining is killed: its own drain limit and some slack. */
const DRAIN_LIMIT = 35_000;

/**
 * The parent of the workers: reads the configuration for them, forks them, replaces the dead, answers the admin listener for all of them, and passes the wish to
 * stop on. It serves no traffic itself.
 */
export async function supervise(
  file: string,
  config: Config,
  source: ConfigSource,
  count: number,
  terminal: Terminal,
): Promise<ExitCode> {
  const listening = new Set<Worker>();
  const missing = (): number => count - listening.size;
  let url: string | undefined;
  const desk = await composeSupervisorDesk(config, {
    url: () => url,
    output: terminal.stdout,
    notReady: () => (missing() === 0 ? [] : [`${missing()} of ${count} workers are not listening`]),
    askWorkers: createWorkerQuestions(
      () => [...listening],
      (listener) => cluster.on('message', listener),
    ),
  });

  const forked = new Map<Worker, number>();
  let draining = false;
  let delay: number = RESTART_DELAY[0];
  const fork = (): void => {
    if (!draining) forked.set(cluster.fork(), performance.now());
  };
  const configurations = createWorkerConfigurations(
    () => [...forked.keys()],
    source.contents,
    (listener) => cluster.on('message', listener),
  );
  const stopLooking = reloadOnChange(file, source, terminal, () =>
    desk.reload(
      (running) => source.load(running),
      () => configurations.pass(source.contents),
    ),
  );
  const all = Promise.withResolvers<Address>();
  cluster.on('listening', (worker, address) => {
    listening.add(worker);
    if (missing() === 0) all.resolve(address);
  });
  cluster.on('exit', (worker, code, signal) => {
    const ran = performance.now() - (forked.get(worker) ?? 0);
    forked.delete(worker);
    listening.delete(worker);
    if (draining) return;
    delay = ran > HEALTHY_RUN ? RESTART_DELAY[0] : Math.min(delay * 2, RESTART_DELAY[1]);
    desk.log.event('error', 'worker_died', { worker: worker.process.pid, code, signal, restart_in_ms: delay });
    setTimeout(fork, delay);
  });

  const admin = await desk.listen();
  for (let started = 0; started < count; started++) fork();
  void all.promise.then(({ port }) => {
    const { tls, host, path } = config.listen;
    url = path === undefined ? `http${tls ? 's' : ''}://${host}:${port}` : `unix:${path}`;
    desk.log.event('info', 'listening', { url, admin, workers: count, pid: process.pid });
    desk.log.flush();
    print(terminal.stdout, ...demoLines(config, url, admin));
  });

  await terminal.terminated;
  draining = true;
  stopLooking();
  desk.drain();
  desk.log.event('info', 'draining');
  await endAll([...forked.keys()]);
  await desk.close();
  return 0;
}

/** Passes the wish to stop on, and waits. */
async function endAll(workers: readonly Worker[]): Promise<void> {
  const ended = workers.map((worker) => once(worker, 'exit'));
  for (const worker of workers) worker.process.kill('SIGTERM');
  const kill = setTimeout(() => {
    for (const worker of workers) worker.process.kill('SIGKILL');
  }, DRAIN_LIMIT);
  await Promise.all(ended);
  clearTimeout(kill);
}
