/** The package as it is published: whoever wants traces installs what sends them, and nobody else has it. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTraceCollector } from '../observe/trace_collector.ts';
import { until } from '../observe/until.ts';
import { startGatehouse } from '../support/gatehouse_process.ts';

const run = promisify(execFile);

const config = (otlp: string) => `
listen: { host: 127.0.0.1, port: 0 }
admin: { host: 127.0.0.1, port: 0 }
store: { type: memory }
tracing: { otlp: '${otlp}', sample: 1 }
routes: [ { name: demo, path: /demo/*, auth: none, upstream: demo } ]
clients: []
connections: []
`;

describe('the built package', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gatehouse-built-'));
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    const rolldown = resolve('node_modules/rolldown/bin/cli.mjs');
    await run(process.execPath, [rolldown, '-c', 'rolldown.config.ts', '--dir', join(folder, 'dist')]);
  }, 120_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('says what to install for traces, and does not start without it', async () => {
    const file = join(folder, 'gatehouse.yaml');
    await writeFile(file, config('http://127.0.0.1:4318'));
    const started = run(process.execPath, [join(folder, 'dist', 'main.js'), 'start', '--config', file], {
      cwd: folder,
    });
    await expect(started).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining(
        'tracing.otlp needs packages that are not installed: npm install @opentelemetry/sdk-trace-node',
      ),
    });
  });

  it('sends traces with what is installed beside it', async () => {
    const collector = await startTraceCollector();
    await mkdir(join(folder, 'node_modules'));
    await symlink(resolve('node_modules/@opentelemetry'), join(folder, 'node_modules', '@opentelemetry'));
    const gatehouse = await startGatehouse(config(collector.url), {}, join(folder, 'dist', 'main.js'));
    await fetch(`${gatehouse.url}/demo/1`);
    expect(await gatehouse.stop()).toBe(0);
    await until(() => collector.spans.find(({ name }) => name === 'GET demo'));
    await collector.close();
  });
});
