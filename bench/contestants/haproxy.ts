import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Contestant, freePort, PROXY_CORE, startProgram, type Track } from '../contestant.ts';

/** The other proxy written in C, in one thread and with its most eager reuse of connections. */
export const haproxy: Contestant = {
  name: 'haproxy',
  about: 'one thread, http-reuse always, no authentication',
  async start(track) {
    const port = await freePort();
    const file = join(track.directory, 'haproxy.cfg');
    await writeFile(file, configuration(port, track));
    const { pid, stop } = startProgram(PROXY_CORE, 'haproxy', ['-db', '-q', '-f', file]);
    return { url: `http://127.0.0.1:${port}/hello`, headers: {}, pid, stop };
  },
};

const configuration = (port: number, { upstream }: Track): string => `
global
  nbthread 1
  maxconn 8000
defaults
  mode http
  option http-keep-alive
  http-reuse always
  timeout connect 5s
  timeout client 1h
  timeout server 60s
  timeout http-keep-alive 1h
frontend callers
  bind 127.0.0.1:${port}
  default_backend api
backend api
  server api ${new URL(upstream).host} pool-max-conn 256
`;
