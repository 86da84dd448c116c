import { type Contestant, type Entrant, freePort, PROXY_CORE, type Track } from '../contestant.ts';
import { startNginx } from '../nginx.ts';

/** What a proxy written in C does without asking who calls: the ceiling. */
export const nginx: Contestant = {
  name: 'nginx',
  about: 'proxy_pass over kept connections, no authentication',
  start: (track) => startNginxProxy(track),
};

export interface ProxyWords {
  readonly main?: string;
  readonly http?: string;
  readonly server?: string;
  readonly location?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An nginx that passes every path on to the upstream over kept connections, and whatever else it is told. */
export async function startNginxProxy(track: Track, words: ProxyWords = {}): Promise<Entrant> {
  const port = await freePort();
  const { pid, stop } = await startNginx(PROXY_CORE, track.directory, {
    ...(words.main !== undefined && { main: words.main }),
    http: `${words.http ?? ''}
  upstream api {
    server ${new URL(track.upstream).host};
    keepalive 256;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${port} backlog=16384;
    ${words.server ?? ''}
    location / {
      ${words.location ?? ''}
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_pass http://api;
    }
  }`,
  });
  return { url: `http://127.0.0.1:${port}/hello`, headers: words.headers ?? {}, pid, stop };
}
