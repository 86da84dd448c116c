import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The app's redirect URI as a real server on a free loopback port (RFC 8252 §7.3: any port is as good as the registered one). */
export interface CallbackServer {
  readonly redirectUri: string;
  /** Resolves with the next URL the browser is sent to. */
  next(): Promise<URL>;
  close(): Promise<void>;
}

export async function startCallbackServer(path = '/callback'): Promise<CallbackServer> {
  const seen: URL[] = [];
  const waiting: ((url: URL) => void)[] = [];
  const server = createServer((request, response) => {
    response.end('<!doctype html><title>Back in the app</title>');
    const url = new URL(request.url ?? '/', base);
    if (url.pathname !== path) return;
    const waiter = waiting.shift();
    if (waiter) waiter(url);
    else seen.push(url);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    redirectUri: `${base}${path}`,
    next: () => {
      const past = seen.shift();
      return past ? Promise.resolve(past) : new Promise((resolve) => waiting.push(resolve));
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
