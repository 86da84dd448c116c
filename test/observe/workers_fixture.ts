/** A primary with two workers, of which the first has refused one call and the second two; prints what it hears of them. */
import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { answerQuestions, createWorkerQuestions } from '../../src/cli/worker_questions.ts';
import type { Exchange } from '../../src/model/exchange.ts';
import { milliseconds } from '../../src/model/units.ts';
import { createClusterMetrics } from '../../src/observe/cluster_metrics.ts';
import { createLive, mergedLive } from '../../src/observe/live.ts';
import { createMetrics } from '../../src/observe/metrics.ts';
import { createRecentRefusals } from '../../src/observe/recent_refusals.ts';

if (cluster.isPrimary) {
  const workers = [cluster.fork(), cluster.fork()];
  const ask = createWorkerQuestions(
    () => workers,
    (listener) => cluster.on('message', listener),
  );
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  const live = mergedLive(ask, () => milliseconds(Date.now()));
  const page = createClusterMetrics(ask);
  const told = {
    ...{ stats: await live.stats(), refusals: await live.refusals(), targets: await live.targets() },
    plain: await page.text(false),
    open: [await page.text(true), await again(workers), await page.text(true)],
  };
  process.stdout.write(JSON.stringify(told, (_, value) => (value === Number.POSITIVE_INFINITY ? 'infinite' : value)));
  for (const worker of workers) worker.process.kill();
} else {
  const { id } = cluster.worker ?? { id: 0 };
  const metrics = createMetrics();
  metrics.watch({ store: () => (id === 1 ? Promise.resolve() : Promise.reject(new Error('away'))) });
  let now = id * 10;
  const refusals = createRecentRefusals({ now: () => milliseconds(now++) });
  const refused = (which: string): Exchange => ({
    ...{ requestId: `worker-${id}-${which}`, method: 'GET', path: '/', route: 'orders', status: 401 },
    refused: 'missing_token',
    duration: milliseconds(1),
  });
  for (let count = 0; count < id; count++) {
    const exchange = refused(`${count}`);
    metrics.request(exchange);
    refusals.add(exchange);
  }
  const targets = () => [{ upstream: 'orders', target: 'http://a', healthy: id === 1, failures: id }];
  answerQuestions({
    ...createLive({ metrics, refusals, targets }),
    metrics: () => metrics.collect(),
    openMetrics: () => metrics.collect(true),
  });
  process.on('message', (message) => {
    if (message !== 'again') return;
    metrics.request(refused('again'));
    process.send?.('done');
  });
  process.send?.('ready');
}

/** Has each of them refuse one more. */
async function again(workers: readonly Worker[]): Promise<void> {
  const done = workers.map((worker) => once(worker, 'message'));
  for (const worker of workers) worker.send('again');
  await Promise.all(done);
}
