import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';

it('adds up the counters of all workers', async () => {
  const child = spawn(process.execPath, [new URL('./cluster_metrics_fixture.ts', import.meta.url).pathname], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [page] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  expect(page).toContain('gatehouse_requests_total{route="orders",method="GET",status="200"} 3');
  expect(page).toContain('gatehouse_store_up 0');
});
