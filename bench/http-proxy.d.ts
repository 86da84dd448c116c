/** The little of http-proxy that the bench uses; the package has no types, and is not there when the product is checked. */
declare module 'http-proxy' {
  import type { Agent, IncomingMessage, ServerResponse } from 'node:http';

  interface Proxy {
    web(request: IncomingMessage, response: ServerResponse): void;
    on(event: 'error', listener: (error: Error, request: IncomingMessage, response: ServerResponse) => void): this;
  }
  const httpProxy: { createProxyServer(options: { target: string | undefined; agent: Agent }): Proxy };
  export = httpProxy;
}
