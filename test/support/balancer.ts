import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

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

const living = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});

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
  const child = spawn('haproxy', ['-db', '-f', join(folder, 'haproxy.cfg')], {
    env: { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin` },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  living.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece) => (output += piece));
  const exited = once(child, 'exit').then(async () => {
    living.delete(child);
    await rm(folder, { recursive: true, force: true });
  });
  while (!(await listens(port))) {
    if (child.exitCode !== null) throw new Error(`haproxy does not start:\n${output}\n${text}`);
    await delay(20);
  }
  return {
    origin: `http://127.0.0.1:${port}`,
    stop() {
      child.kill('SIGKILL');
      return exited;
    },
  };
}

/** Below the range that the system takes for outgoing connections, so that it is still free when its node is started again. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!free) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const there = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
  });
  socket.destroy();
  return there;
}
