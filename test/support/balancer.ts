import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './ports.ts';
import { startProgram } from './program.ts';

/** A real HAProxy in front of several nodes, with the configuration that docs/operations.md shows. */
export interface Balancer {
  readonly origin: string;
  stop(): Promise<void>;
}

/** A node's two ports. */
export interface NodePorts {
  readonly port: number;
  readonly admin: number;
}

/** @param nodes three, as in the document. */
export async function startBalancer(nodes: readonly NodePorts[]): Promise<Balancer> {
  const [, shown = ''] = /```haproxy\n(.*?)```/s.exec(await readFile('docs/operations.md', 'utf8')) ?? [];
  const port = await freePort();
  const text = nodes.reduce(
    (config, { port, admin }, index) =>
      config.replace(`127.0.0.1:808${index + 1} port 908${index + 1}`, `127.0.0.1:${port} port ${admin}`),
    shown.replace('127.0.0.1:8000', `127.0.0.1:${port}`),
  );
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-balancer-'));
  await writeFile(join(folder, 'haproxy.cfg'), text);
  const program = await startProgram({ program: 'haproxy', args: ['-db', '-f', 'haproxy.cfg'], folder, port });
  return { origin: `http://127.0.0.1:${port}`, stop: () => program.stop() };
}
