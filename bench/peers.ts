import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** The peers that Debian brings, and what drives them. */
export const PROGRAMS = {
  wrk: 'wrk',
  curl: 'curl',
  nginx: 'nginx',
  '/usr/lib/nginx/modules/ngx_http_lua_module.so': 'libnginx-mod-http-lua',
  '/usr/share/lua/5.1/resty/core.lua': 'lua-resty-core',
  '/usr/share/lua/5.1/resty/lrucache.lua': 'lua-resty-lrucache',
  haproxy: 'haproxy',
  'redis-server': 'redis-server',
  taskset: 'util-linux',
  h2load: 'nghttp2-client',
};

/** Brings what only the bench needs, from its own lock file: the product's dependencies stay the product's. */
export function installPeers(): void {
  const installed = join(import.meta.dirname, 'node_modules', '.package-lock.json');
  const locked = join(import.meta.dirname, 'package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(locked).mtimeMs) return;

  const { status } = spawnSync('npm', ['ci'], { cwd: import.meta.dirname, stdio: 'inherit' });
  if (status !== 0) throw new Error('npm ci failed in bench/');
}
