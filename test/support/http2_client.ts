import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';

export interface Http2Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly trailers: IncomingHttpHeaders | undefined;
  /** The error code the stream was reset with; 0 if it ended as it should. */
  readonly code: number;
  /** Whether the body came to its end. */
  readonly complete: boolean;
}

/** Connects with HTTP/2 over TLS, and only with that. @param ca the file of the certificate to expect. */
export async function http2Client(port: number, ca: string): Promise<ClientHttp2Session> {
  const session = connect(`https://localhost:${port}`, { ca: readFileSync(ca, 'utf8') });
  session.on('error', () => {});
  await once(session, 'connect');
  return session;
}

/** Sends one request and reads its answer. @param body pieces, each a DATA frame; none: the head ends the stream. */
export function ask(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders | readonly string[],
  body?: readonly (string | Buffer)[],
): Promise<Http2Answer> {
  const stream = session.request(headers, { endStream: body === undefined });
  for (const piece of body ?? []) stream.write(piece);
  if (body !== undefined) stream.end();
  return answerOf(stream);
}

/** Reads the answer of a stream, however it ends. */
export function answerOf(stream: ClientHttp2Stream): Promise<Http2Answer> {
  return new Promise((resolve) => {
    let head: IncomingHttpHeaders & { ':status'?: number | undefined } = {};
    let trailers: IncomingHttpHeaders | undefined;
    let complete = false;
    const pieces: Buffer[] = [];
    stream.on('response', (headers) => (head = headers));
    stream.on('trailers', (headers) => (trailers = headers));
    stream.on('data', (piece: Buffer) => pieces.push(piece));
    stream.on('end', () => (complete = !stream.aborted));
    stream.on('error', () => {});
    stream.on('close', () => {
      const code = stream.rstCode ?? 0;
      const body = Buffer.concat(pieces).toString('latin1');
      resolve({ status: head[':status'] ?? 0, headers: head, body, trailers, code, complete: complete && code === 0 });
    });
  });
}
