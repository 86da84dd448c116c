import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** An app behind a web server, which sees the headers of a call as CGI variables (RFC 3875 §4.1.18), as PHP, Perl and WSGI apps do. */
export interface ScgiApp {
  readonly port: number;
  /** The variables of each call, in order, repetitions included. */
  readonly calls: readonly (readonly (readonly [name: string, value: string])[])[];
  close(): Promise<void>;
}

/** Speaks SCGI (python.ca/scgi/protocol.txt): a netstring of names and values, then the body. Answers every call with 200. */
export async function startScgiApp(): Promise<ScgiApp> {
  const calls: (readonly [string, string])[][] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let bytes = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      const colon = bytes.indexOf(':');
      const size = Number(bytes.subarray(0, Math.max(0, colon)).toString('latin1'));
      if (colon < 0 || bytes.length < colon + 1 + size + 1) return;
      const words = bytes
        .subarray(colon + 1, colon + 1 + size)
        .toString('latin1')
        .split('\0');
      const pairs = words.flatMap((name, at) =>
        at % 2 === 0 && at + 1 < words.length ? [[name, words[at + 1] ?? ''] as const] : [],
      );
      const length = Number(pairs.find(([name]) => name === 'CONTENT_LENGTH')?.[1] || 0);
      if (bytes.length < colon + 2 + size + length) return;
      calls.push(pairs);
      socket.end('Status: 200 OK\r\nContent-Length: 2\r\n\r\nok');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    calls,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
