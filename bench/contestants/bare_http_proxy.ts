import { Agent, createServer } from 'node:http';
import { type Contestant, serve, startProxyFile } from '../contestant.ts';

/** What most Node gateways are built on, in its fastest setting: connections to the upstream are kept. */
export const bareHttpProxy: Contestant = {
  name: 'bare http-proxy',
  about: 'http-proxy 1.18.1 with a keep-alive agent, no authentication',
  start: (track) => startProxyFile(import.meta.filename, track),
};

if (import.meta.main) {
  // It calls `util._extend`, and Node says so each time.
  process.noDeprecation = true;
  const { default: httpProxy } = await import('http-proxy');
  const proxy = httpProxy.createProxyServer({ target: process.argv[2], agent: new Agent({ keepAlive: true }) });
  proxy.on('error', (_error, _request, response) => response.destroy());
  serve(createServer((request, response) => proxy.web(request, response)));
}
