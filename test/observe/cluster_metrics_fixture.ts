/** A primary with two workers, of which the first has seen one request and the second two; prints the page of all of them. */
import cluster from 'node:cluster';
import { once } from 'node:events';
import { milliseconds } from '../../src/model/units.ts';
import { createClusterMetrics, shareMetrics } from '../../src/observe/cluster_metrics.ts';
import { createMetrics } from '../../src/observe/metrics.ts';

if (cluster.isPrimary) {
  const page = createClusterMetrics();
  const workers = [cluster.fork(), cluster.fork()];
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  process.stdout.write((await page.text()).body);
  for (const worker of workers) worker.process.kill();
} else {
  const { id } = cluster.worker ?? { id: 0 };
  const metrics = createMetrics();
  metrics.watch({ store: () => (id === 1 ? Promise.resolve() : Promise.reject(new Error('away'))) });
  for (let count = 0; count < id; count++)
    metrics.request({
      requestId: 'r',
      method: 'GET',
      path: '/',
      route: 'orders',
      status: 200,
      duration: milliseconds(1),
    });
  shareMetrics(metrics);
  process.send?.('ready');
}
