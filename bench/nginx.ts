import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Program, startProgram } from './contestant.ts';

/** What one nginx is to do. All are single processes without a log of requests, and write nothing outside their folder. */
export interface NginxTask {
  /** Outside of `http`: modules to load. */
  readonly main?: string;
  readonly http: string;
}

/** Where Debian keeps what `load_module` names. */
const MODULES = '/usr/lib/nginx/modules';
export const LUA_MODULES = ['ndk_http_module.so', 'ngx_http_lua_module.so']
  .map((file) => `load_module ${MODULES}/${file};`)
  .join('\n');

/** Runs an nginx on one core. It listens shortly afterwards: ask it until it answers. */
export async function startNginx(core: string, directory: string, task: NginxTask): Promise<Program> {
  const file = join(directory, 'nginx.conf');
  await mkdir(directory, { recursive: true });
  await writeFile(file, configuration(directory, task));
  return startProgram(core, 'nginx', ['-c', file, '-e', 'stderr']);
}

const configuration = (directory: string, { main = '', http }: NginxTask): string => `
${main}
daemon off;
master_process off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid ${directory}/nginx.pid;
error_log stderr error;
events { worker_connections 16384; }
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
  ${http}
}
`;
