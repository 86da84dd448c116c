import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, LOAD_CORE, type Program, startProgram } from './contestant.ts';

/** The API behind every contestant: an nginx that answers 135 bytes of JSON from memory and keeps connections open. */
export interface Upstream {
  readonly url: string;
  stop(): Promise<void>;
}

export const BODY = JSON.stringify({ hello: 'world', padding: 'x'.repeat(105) });

export async function startUpstream(directory: string): Promise<Upstream> {
  const port = await freePort();
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'nginx.conf'), configuration(directory, port));
  const program: Program = startProgram(LOAD_CORE, 'nginx', ['-c', join(directory, 'nginx.conf'), '-e', 'stderr']);
  return { url: `http://127.0.0.1:${port}`, stop: program.stop };
}

const configuration = (directory: string, port: number): string => `
daemon off;
master_process off;
worker_processes 1;
pid ${directory}/nginx.pid;
error_log stderr error;
events { worker_connections 4096; }
http {
  access_log off;
  keepalive_timeout 3600s;
  keepalive_requests 1000000000;
  client_body_temp_path ${directory}/body;
  proxy_temp_path ${directory}/proxy;
  fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi;
  scgi_temp_path ${directory}/scgi;
  default_type application/json;
  server {
    listen 127.0.0.1:${port};
    location / { return 200 '${BODY}'; }
  }
}
`;
