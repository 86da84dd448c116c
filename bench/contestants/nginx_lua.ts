import { createHash, randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import type { Contestant, Entrant, Track } from '../contestant.ts';
import { LUA_MODULES } from '../nginx.ts';
import { startNginxProxy } from './nginx.ts';

/** The shape of Kong and APISIX: LuaJIT inside nginx, a cache of tokens in the worker, Redis behind it. */
export const nginxLuaCached: Contestant = {
  name: 'nginx + Lua LRU',
  about: 'SHA-256 of the token, resty.lrucache, three identity headers; Redis on a miss',
  start: (track) => start(track, 'cached'),
};

/** The same without its cache. */
export const nginxLuaRedis: Contestant = {
  name: 'nginx + Lua + Redis',
  about: 'SHA-256 of the token, Redis asked each time over kept connections, three identity headers',
  start: (track) => start(track, 'every_call'),
};

const LUA = fileURLToPath(new URL('../lua', import.meta.url));
const SCOPE = 'bench:read';

async function start(track: Track, mode: 'cached' | 'every_call'): Promise<Entrant> {
  const redis = new URL(track.redis);
  const token = randomBytes(32).toString('base64url');
  await remember(track.redis, token);
  return startNginxProxy(track, {
    main: LUA_MODULES,
    http: `lua_package_path "${LUA}/?.lua;/usr/share/lua/5.1/?.lua;;";
  lua_code_cache on;
  init_by_lua_block { require("resty.core") require("gate") }`,
    location: `access_by_lua_block { require("gate").${mode}("${redis.hostname}", ${redis.port}, "${SCOPE}") }`,
    headers: { authorization: `Bearer ${token}` },
  });
}

/** The record that the Lua code looks for: client, user and scopes by the hash of the token. */
async function remember(url: string, token: string): Promise<void> {
  const redis = new Redis(url);
  const hash = createHash('sha256').update(token).digest('hex');
  await redis.set(`lua:${hash}`, ['bench', 'u-alice', SCOPE].join('\n'));
  redis.disconnect();
}
