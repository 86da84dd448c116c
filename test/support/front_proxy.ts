import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** A real proxy in front, with its file of config/behind/ on other ports. */
export interface FrontProxy {
  readonly port: number;
  readonly origin: string;
  /** Everything it printed so far. */
  output(): string;
  stop(): Promise<void>;
}

export interface Behind {
  /** `http://127.0.0.1:port` of the gateway and of the app. */
  readonly gateway: string;
  readonly app: string;
  /** nginx: whether the lines that begin with `#cache` count. */
  readonly cached?: boolean;
  /** nginx: how its variables are worded otherwise, for measurements. */
  readonly edit?: (text: string) => string;
}

export type StartProxy = (behind: Behind) => Promise<FrontProxy>;

const living = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});

export const startNginx: StartProxy = (behind) =>
  start('nginx', ['nginx.conf'], behind, (folder) => {
    const user = process.getuid?.() === 0 ? 'user root;' : '';
    // One process: a worker would outlive a master that is killed.
    const global = `daemon off; master_process off; pid ${folder}/pid; error_log stderr warn; ${user}`;
    return ['-e', 'stderr', '-p', folder, '-c', join(folder, 'nginx.conf'), '-g', global];
  });

export const startHaproxy: StartProxy = (behind) =>
  start('haproxy', ['haproxy.cfg', 'gatehouse.lua'], behind, () => ['-db', '-f', 'haproxy.cfg']);

export const startCaddy: StartProxy = (behind) =>
  start('caddy', ['Caddyfile'], behind, () => ['run', '--config', 'Caddyfile', '--adapter', 'caddyfile']);

async function start(
  program: string,
  files: readonly string[],
  behind: Behind,
  argv: (folder: string) => readonly string[],
): Promise<FrontProxy> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const folder = await mkdtemp(join(tmpdir(), `${program}-`));
    for (const file of files) {
      const text = await readFile(join('config/behind', file), 'utf8');
      await writeFile(join(folder, file), placed(text, port, folder, behind));
    }
    const child = spawn(program, [...argv(folder)], {
      cwd: folder,
      // Debian keeps servers in sbin, which an ordinary user's PATH lacks.
      env: {
        PATH: `${process.env['PATH'] ?? ''}:/usr/sbin`,
        HOME: folder,
        XDG_DATA_HOME: folder,
        XDG_CONFIG_HOME: folder,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    living.add(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
    const exited = once(child, 'exit').then(async () => {
      living.delete(child);
      await rm(folder, { recursive: true, force: true });
    });
    if (await listens(port, () => child.exitCode === null && child.signalCode === null)) {
      return {
        port,
        origin: `http://127.0.0.1:${port}`,
        output: () => output,
        stop: () => {
          child.kill('SIGKILL');
          return exited;
        },
      };
    }
    child.kill('SIGKILL');
    await exited;
    if (attempt === 3) throw new Error(`${program} does not start:\n${output}`);
  }
}

/** The shipped file with other ports, and with folders of its own where the system's would be used. */
function placed(text: string, port: number, folder: string, { gateway, app, cached, edit }: Behind): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (of) => `${of}_temp_path ${folder}/${of};`,
  );
  const moved = (cached === true ? text.replaceAll('#cache ', '') : text)
    .replaceAll('127.0.0.1:8080', new URL(gateway).host)
    .replaceAll('127.0.0.1:9000', new URL(app).host)
    .replaceAll('127.0.0.1:8000', `127.0.0.1:${port}`)
    .replace('listen 8000', `listen 127.0.0.1:${port}`)
    .replace('http://:8000', `http://:${port}`)
    .replace('/dev/shm/', `${folder}/`)
    .replace('http {', `http { access_log off; ${temporary.join(' ')}`);
  return edit ? edit(moved) : moved;
}

/** Below the range that the system takes for outgoing connections. */
async function freePort(): Promise<number> {
  while (true) {
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

async function listens(port: number, alive: () => boolean): Promise<boolean> {
  const deadline = performance.now() + 10_000;
  while (alive() && performance.now() < deadline) {
    const socket = connect(port, '127.0.0.1');
    const there = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    socket.destroy();
    if (there) return true;
    await delay(20);
  }
  return false;
}
