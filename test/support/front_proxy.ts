import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './ports.ts';
import { startProgram, tryPorts } from './program.ts';

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
  return tryPorts(async () => {
    const port = await freePort();
    const folder = await mkdtemp(join(tmpdir(), `${program}-`));
    for (const file of files) {
      const text = await readFile(join('config/behind', file), 'utf8');
      await writeFile(join(folder, file), placed(text, port, folder, behind));
    }
    const env = { XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
    const running = await startProgram({ program, args: argv(folder), folder, port, env });
    return { port, origin: `http://127.0.0.1:${port}`, ...running };
  });
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
