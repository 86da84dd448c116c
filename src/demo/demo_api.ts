import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { echoSocket } from './echo_socket.ts';

/*
 * The built-in demo API: what `upstream: demo` leads to. It shows callers what an upstream sees, so that a new gateway has
 * something to protect. It owns its listener and must not know the gateway.
 */

export interface DemoApi {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
  /** Ends its connections, open streams too. */
  close(): Promise<void>;
}

/** As much of a body as is shown. */
const SHOWN_BYTES = 1024 * 1024;
const SLOW_MS = 300;
const SLOWEST_MS = 60_000;
const EVENT_EVERY_MS = 1000;

// Exclusive: in a worker of node:cluster, port 0 would be one port shared by all workers.
const LISTEN = { host: '127.0.0.1', port: 0, exclusive: true };

/** Starts the demo API on a free port of the loopback interface. */
export async function startDemoApi(): Promise<DemoApi> {
  const stopping = new AbortController();
  const switched = new Set<Duplex>();
  // An exception here would end the process, so nothing is parsed.
  const shouldUpgradeCallback = ({ url = '' }: IncomingMessage) => /\/socket(\?|$)/.test(url);
  const server = createServer({ shouldUpgradeCallback }, (request, response) => {
    answer(request, response, stopping.signal).catch(() => response.destroy());
  });
  server.on('upgrade', (request, socket, first) => {
    switched.add(socket);
    socket.once('close', () => switched.delete(socket));
    echoSocket(request, socket, first);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(LISTEN, resolve);
  });
  // A TCP server's address is always the object form.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      stopping.abort();
      server.closeAllConnections();
      for (const socket of switched) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, stopping: AbortSignal): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://demo');
  if (pathname.endsWith('/events')) return streamEvents(response, stopping);
  if (pathname.endsWith('/slow')) await delay(slowness(searchParams.get('ms')), undefined, { signal: stopping });
  const seen = { method: request.method, path: request.url, headers: request.headers, body: await bodyOf(request) };
  const json = `${JSON.stringify(seen, null, 2)}\n`;
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(json) });
  response.end(json);
}

function slowness(ms: string | null): number {
  return ms !== null && /^\d{1,5}$/.test(ms) ? Math.min(Number(ms), SLOWEST_MS) : SLOW_MS;
}

/** Server-sent events, one a second, until someone hangs up. */
async function streamEvents(response: ServerResponse, stopping: AbortSignal): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  for (let count = 1; !response.destroyed && !stopping.aborted; count++) {
    response.write(`id: ${count}\ndata: ${new Date().toISOString()}\n\n`);
    await delay(EVENT_EVERY_MS, undefined, { signal: stopping });
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size <= SHOWN_BYTES) chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
