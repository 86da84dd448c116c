import { type Contestant, serve, startProxyFile } from '../contestant.ts';

/** A framework's own proxy: Fastify routes, @fastify/reply-from and undici under it. */
export const fastifyHttpProxy: Contestant = {
  name: '@fastify/http-proxy',
  about: '@fastify/http-proxy with its undici pool, no authentication',
  start: (track) => startProxyFile(import.meta.filename, track),
};

if (import.meta.main) {
  const [{ default: createFastify }, { default: httpProxy }] = await Promise.all([
    import('fastify'),
    import('@fastify/http-proxy'),
  ]);
  const fastify = createFastify({ logger: false });
  await fastify.register(httpProxy, { upstream: process.argv[2] ?? '', undici: { connections: 256, pipelining: 1 } });
  await fastify.ready();
  serve(fastify.server);
}
