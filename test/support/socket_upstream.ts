import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

/** An API that speaks WebSocket: echoes what it gets, and remembers who shook hands with it. */
export interface SocketUpstream {
  /** `http://127.0.0.1:<port>`, or what was asked for. */
  readonly origin: string;
  readonly server: Server;
  readonly handshakes: readonly IncomingMessage[];
  readonly sockets: ReadonlySet<WebSocket>;
  /** Every value of a header of the latest handshake, whatever its spelling. */
  values(name: string): string[];
  /** Resolves with the server's end of the next handshake. */
  next(): Promise<WebSocket>;
  close(): Promise<void>;
}

export interface SocketUpstreamOptions {
  /** PEM texts. */
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer; readonly ca?: Buffer; readonly requestCert?: boolean };
  /** The path of a unix socket. */
  readonly path?: string;
  readonly echo?: boolean;
  readonly protocol?: string;
}

export async function startSocketUpstream(options: SocketUpstreamOptions = {}): Promise<SocketUpstream> {
  const { tls, path, echo = true, protocol } = options;
  const server = tls ? createTlsServer(tls) : createServer();
  const speaking = new WebSocketServer({
    server,
    maxPayload: 64 * 1024 * 1024,
    perMessageDeflate: true,
    ...(protocol !== undefined && { handleProtocols: () => protocol }),
  });
  const handshakes: IncomingMessage[] = [];
  speaking.on('connection', (socket, request) => {
    handshakes.push(request);
    socket.on('error', () => {});
    if (echo) socket.on('message', (message, binary) => socket.send(message, { binary }));
  });
  server.listen(path ?? { port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const port = path === undefined ? (server.address() as AddressInfo).port : 0;
  return {
    origin: path === undefined ? `${tls ? 'https' : 'http'}://127.0.0.1:${port}` : `unix:${path}`,
    server,
    handshakes,
    sockets: speaking.clients,
    values(name) {
      const raw = handshakes.at(-1)?.rawHeaders ?? [];
      return raw.filter((_, at) => at % 2 === 1 && raw[at - 1]?.toLowerCase() === name.toLowerCase());
    },
    async next() {
      const [socket] = (await once(speaking, 'connection')) as [WebSocket];
      return socket;
    },
    async close() {
      for (const socket of speaking.clients) socket.terminate();
      speaking.close();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
