/**
 * The parts of the peers' packages that the contestants use. They are installed in this folder only when the bench runs, and the
 * type check must pass without them.
 */
declare module 'http-proxy' {
  import type { Agent, IncomingMessage, ServerResponse } from 'node:http';

  interface Proxy {
    web(request: IncomingMessage, response: ServerResponse): void;
    on(event: 'error', listener: (error: Error, request: IncomingMessage, response: ServerResponse) => void): this;
  }
  const httpProxy: { createProxyServer(options: { target: string | undefined; agent: Agent }): Proxy };
  export = httpProxy;
}

declare module 'fastify' {
  import type { Server } from 'node:http';

  interface Fastify {
    readonly server: Server;
    register(plugin: unknown, options: object): Promise<void>;
    ready(): Promise<unknown>;
  }
  const createFastify: (options: { logger: boolean }) => Fastify;
  export = createFastify;
}

declare module '@fastify/http-proxy' {
  const httpProxy: unknown;
  export = httpProxy;
}
