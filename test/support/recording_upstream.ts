import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { type Framing, type Head, readBodyBytes, readHeadBytes, valuesOf } from './http_bytes.ts';

/** One request as it stood in the bytes. */
export interface RecordedRequest {
  readonly method: string;
  readonly target: string;
  readonly version: string;
  readonly headers: Head['headers'];
  readonly framing: Framing;
  readonly body: Buffer;
  /** Every value of a header, whatever its case. */
  values(name: string): string[];
}

/** What the upstream does with a request: bytes to send back, or whatever it does to the socket itself. */
export type Script = (request: RecordedRequest, socket: Socket) => string | Buffer | undefined;

/**
 * The judge of what went out: a bare TCP server that keeps every byte of every connection and finds the requests in them by
 * itself. It never trusts, asks or shares code with what it judges.
 */
export interface RecordingUpstream {
  readonly origin: string;
  readonly port: number;
  /** Complete requests, in the order in which their last byte came. */
  readonly requests: readonly RecordedRequest[];
  /** All bytes of each connection, as they stand now. */
  readonly connections: readonly { readonly bytes: Buffer; readonly open: boolean }[];
  /** Resolves with the request that comes after those that `next` has given before. */
  next(): Promise<RecordedRequest>;
  /** Resolves when every connection is gone, closed or reset. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

const OK: Script = () => 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/**
 * @param script called with each complete request; answers 200 unless given.
 * @param onHead called as soon as a head is there, for upstreams that do not wait for the body.
 */
export async function startRecordingUpstream(
  script: Script = OK,
  onHead?: (head: Head, socket: Socket) => void,
): Promise<RecordingUpstream> {
  const requests: RecordedRequest[] = [];
  const waiting: (() => void)[] = [];
  const connections: { bytes: Buffer; open: boolean }[] = [];
  const sockets = new Set<Socket>();
  let given = 0;

  const server = createServer((socket) => {
    const connection = { bytes: Buffer.alloc(0), open: true };
    connections.push(connection);
    sockets.add(socket);
    let read = 0;
    let headSeen = -1;
    socket.on('error', () => {});
    socket.on('close', () => {
      connection.open = false;
      sockets.delete(socket);
    });
    socket.on('data', (chunk: Buffer) => {
      connection.bytes = Buffer.concat([connection.bytes, chunk]);
      while (true) {
        const rest = connection.bytes.subarray(read);
        const head = readHeadBytes(rest);
        if (head === undefined) return;
        if (headSeen !== read) onHead?.(head, socket);
        headSeen = read;
        const body = readBodyBytes(head.headers, rest.subarray(head.length));
        if (body === undefined) return;
        read += head.length + body.length;
        const [method = '', target = '', version = ''] = head.startLine.split(' ');
        const request: RecordedRequest = {
          ...{ method, target, version, headers: head.headers, framing: body.framing },
          body: Buffer.from(body.content),
          values: (name) => valuesOf(head.headers, name),
        };
        requests.push(request);
        const answer = script(request, socket);
        if (answer !== undefined) socket.write(answer);
        waiting.shift()?.();
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  return {
    origin: `http://127.0.0.1:${port}`,
    port,
    requests,
    connections,
    async next() {
      const index = given++;
      if (requests[index] === undefined) await new Promise<void>((resolve) => waiting.push(resolve));
      const request = requests[index];
      if (request === undefined) throw new Error('no request came');
      return request;
    },
    async idle() {
      // Whoever closes without having read everything resets: that is gone, and no error (`once` would make it one).
      await Promise.all([...sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve))));
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
