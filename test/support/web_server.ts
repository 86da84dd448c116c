import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** A web server of Debian's, where an upstream would be: what it takes a request for is what many real upstreams take it for. */
export interface WebServer {
  readonly name: WebServerName;
  readonly port: number;
  readonly origin: string;
  stop(): Promise<void>;
}

export type WebServerName = 'nginx' | 'apache2';

/**
 * What it does with requests. `paths`: tells by `X-Path` (base64) which path it would serve. `scgi`: runs an app that sees headers
 * as CGI variables. `proxy`: hands on to another HTTP server what it takes for a request.
 */
export type Role = { readonly does: 'paths' } | { readonly does: 'scgi' | 'proxy'; readonly port: number };

const living = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of living) child.kill('SIGTERM');
});

export async function startWebServer(name: WebServerName, role: Role): Promise<WebServer> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const folder = await mkdtemp(join(tmpdir(), `${name}-`));
    // Its workers are another user's when root starts it.
    await chmod(folder, 0o755);
    await mkdir(join(folder, 'files'));
    const file = join(folder, 'server.conf');
    await writeFile(file, name === 'nginx' ? nginxConf(port, folder, role) : apacheConf(port, folder, role));
    const args = name === 'nginx' ? ['-e', 'stderr', '-p', folder, '-c', file] : ['-f', file, '-DFOREGROUND'];
    // Debian keeps servers in sbin, which an ordinary user's PATH lacks.
    const env = { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin`, HOME: folder };
    const child = spawn(name, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    living.add(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
    const exited = once(child, 'exit').then(async () => {
      living.delete(child);
      await rm(folder, { recursive: true, force: true });
    });
    const stop = () => {
      child.kill('SIGTERM');
      return exited;
    };
    if (await listens(port, () => child.exitCode === null && child.signalCode === null)) {
      return { name, port, origin: `http://127.0.0.1:${port}`, stop };
    }
    await stop();
    if (attempt === 3) throw new Error(`${name} does not start:\n${output}`);
  }
}

function nginxConf(port: number, folder: string, role: Role): string {
  const behind = `127.0.0.1:${'port' in role ? role.port : 0}`;
  const location = {
    paths: 'return 204;',
    scgi: `scgi_param REQUEST_METHOD $request_method; scgi_param REQUEST_URI $request_uri; scgi_param PATH_INFO $uri;
      scgi_param SCGI 1; scgi_param CONTENT_LENGTH $content_length; scgi_pass ${behind};`,
    proxy: `proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://${behind};`,
  }[role.does];
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (of) => `${of}_temp_path ${folder}/${of};`,
  );
  // One process: a worker would outlive a master that is killed.
  return `daemon off; master_process off; pid ${folder}/pid; error_log /dev/null;
    ${process.getuid?.() === 0 ? 'user root;' : ''}
    events { worker_connections 512; }
    http {
      access_log off; ${temporary.join(' ')}
      keepalive_requests 1000000; large_client_header_buffers 8 32k; underscores_in_headers on;
      server { listen 127.0.0.1:${port}; ${role.does === 'paths' ? 'add_header X-Path $uri always;' : ''}
        location / { ${location} } }
    }`;
}

function apacheConf(port: number, folder: string, role: Role): string {
  const modules = ['mpm_event', 'authz_core', 'headers', 'proxy', 'proxy_http', 'proxy_scgi'];
  const target = `127.0.0.1:${'port' in role ? role.port : 0}/`;
  return `ServerRoot ${folder}
    ServerName localhost
    Listen 127.0.0.1:${port}
    PidFile ${folder}/pid
    ErrorLog /dev/null
    DefaultRuntimeDir ${folder}
    DocumentRoot ${folder}/files
    ${modules.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join('\n')}
    ${process.getuid?.() === 0 ? 'User nobody\nGroup nogroup' : ''}
    StartServers 1
    ServerLimit 1
    ThreadsPerChild 48
    MaxRequestWorkers 48
    MinSpareThreads 1
    KeepAlive On
    MaxKeepAliveRequests 0
    LimitRequestLine 16384
    ${
      role.does === 'paths'
        ? `Header always set X-Path "expr=%{base64:%{REQUEST_URI}}"`
        : `ProxyPass / ${role.does === 'proxy' ? 'http' : 'scgi'}://${target}`
    }
  `;
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
  const deadline = performance.now() + 15_000;
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
