import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type Head, readHeadBytes, valuesOf } from './http_bytes.ts';

export interface RawResponse {
  readonly status: number;
  readonly headers: Head['headers'];
  readonly body: string;
  /** Whether the body ended as its head had promised; false when the connection broke before. */
  readonly complete: boolean;
  values(name: string): string[];
}

/** A client that sends exactly the bytes it is given and reads exactly the bytes that come. */
export interface RawClient {
  readonly socket: Socket;
  send(bytes: string | Buffer): void;
  /** Reads one answer; informational ones (1xx) are given too. @param method of the request it answers. */
  response(method?: string): Promise<RawResponse>;
  /** Resolves with everything that came and was not given yet, when the connection is closed. */
  closed(): Promise<Buffer>;
  close(): void;
}

/** @param tls speaks TLS, to whoever is there: what is under test is what is said inside. */
export function rawClient(port: number, tls = false): RawClient {
  let bytes: Buffer = Buffer.alloc(0);
  let ended = false;
  let wake = () => {};
  const to = { port, host: '127.0.0.1' };
  const socket: Socket = tls ? connectTls({ ...to, rejectUnauthorized: false }) : connect(to);
  socket.setNoDelay(true);
  socket.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
    wake();
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    ended = true;
    wake();
  });
  const more = () => new Promise<void>((resolve) => (wake = resolve));

  return {
    socket,
    send: (data) => void socket.write(data, 'latin1'),
    async response(method = 'GET') {
      let head = readHeadBytes(bytes);
      while (head === undefined) {
        if (ended)
          throw new Error(`the connection closed without an answer: ${JSON.stringify(bytes.toString('latin1'))}`);
        await more();
        head = readHeadBytes(bytes);
      }
      const { headers, length } = head;
      const status = Number(head.startLine.split(' ')[1]);
      const done = (body: string, complete: boolean, taken: number): RawResponse => {
        bytes = bytes.subarray(length + taken);
        return { status, headers, body, complete, values: (name) => valuesOf(headers, name) };
      };
      if (status < 200 || status === 204 || status === 304 || method === 'HEAD') return done('', true, 0);
      while (true) {
        const body = bodyOf(headers, bytes.subarray(length), ended);
        if (body !== undefined) return done(body.text, body.complete, body.taken);
        await more();
      }
    },
    async closed() {
      while (!ended) await more();
      return bytes;
    },
    close: () => void socket.destroy(),
  };
}

/** Sends one request on a connection of its own and reads its answer. */
export async function exchange(
  port: number,
  request: string | Buffer,
  method = 'GET',
  tls = false,
): Promise<RawResponse> {
  const client = rawClient(port, tls);
  client.send(request);
  try {
    return await client.response(method);
  } finally {
    client.close();
  }
}

function bodyOf(headers: Head['headers'], bytes: Buffer, ended: boolean) {
  const length = valuesOf(headers, 'content-length')[0];
  if (length !== undefined) {
    const whole = Number(length);
    if (bytes.length < whole && !ended) return undefined;
    const taken = Math.min(whole, bytes.length);
    return { text: bytes.subarray(0, taken).toString('latin1'), complete: taken === whole, taken };
  }
  if (valuesOf(headers, 'transfer-encoding').length === 0) {
    return ended ? { text: bytes.toString('latin1'), complete: true, taken: bytes.length } : undefined;
  }
  let text = '';
  let at = 0;
  while (true) {
    const line = bytes.indexOf('\r\n', at);
    const size = line < 0 ? Number.NaN : Number.parseInt(bytes.subarray(at, line).toString('latin1'), 16);
    if (Number.isNaN(size) || bytes.length < line + 2 + size + 2) {
      return ended ? { text, complete: false, taken: bytes.length } : undefined;
    }
    text += bytes.subarray(line + 2, line + 2 + size).toString('latin1');
    at = line + 2 + size + 2;
    if (size === 0) return { text, complete: true, taken: at };
  }
}
