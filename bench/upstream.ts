import { freePort, LOAD_CORE } from './contestant.ts';
import { LUA_MODULES, startNginx } from './nginx.ts';

/** The API behind every contestant: an nginx that answers 135 bytes of JSON from memory and keeps connections open. */
export interface Upstream {
  readonly url: string;
  stop(): Promise<void>;
}

export const BODY = JSON.stringify({ hello: 'world', padding: 'x'.repeat(105) });

export async function startUpstream(directory: string): Promise<Upstream> {
  const port = await freePort();
  const { stop } = await startNginx(LOAD_CORE, directory, {
    main: LUA_MODULES,
    // `return` answers before the body is there, which a proxy must take for a refusal.
    http: `server {
    listen 127.0.0.1:${port} backlog=16384;
    location / { return 200 '${BODY}'; }
    location /upload { content_by_lua_block { ngx.req.read_body() ngx.print('${BODY}') } }
  }`,
  });
  return { url: `http://127.0.0.1:${port}`, stop };
}
