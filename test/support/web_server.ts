import { chmod, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './ports.ts';
import { startProgram, tryPorts } from './program.ts';

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

export async function startWebServer(name: WebServerName, role: Role): Promise<WebServer> {
  return tryPorts(async () => {
    const port = await freePort();
    const folder = await mkdtemp(join(tmpdir(), `${name}-`));
    // Its workers are another user's when root starts it.
    await chmod(folder, 0o755);
    await mkdir(join(folder, 'files'));
    const file = join(folder, 'server.conf');
    await writeFile(file, name === 'nginx' ? nginxConf(port, folder, role) : apacheConf(port, folder, role));
    const args = name === 'nginx' ? ['-e', 'stderr', '-p', folder, '-c', file] : ['-f', file, '-DFOREGROUND'];
    const { stop } = await startProgram({ program: name, args, folder, port, signal: 'SIGTERM' });
    return { name, port, origin: `http://127.0.0.1:${port}`, stop };
  });
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
