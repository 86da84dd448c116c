import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import {
  constants,
  createServer,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerOptions,
} from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { Exchange } from '../model/exchange.ts';
import { type Milliseconds, milliseconds } from '../model/units.ts';
import { Http2Request } from './http2_request.ts';
import { Http2Response } from './http2_response.ts';
import { StreamSocket } from './http2_socket.ts';
import { LONG_HEAD, standardWording, type Wording } from './raw_answer.ts';

/** The connections on which HTTP/2 was agreed (ALPN `h2`); the listener owns their sockets until then. */
export interface Http2Connections {
  take(socket: TLSSocket): void;
  /** Tells every caller to go elsewhere, and takes no stream that was not on the way yet; those under way finish. */
  drain(): void;
  /** Cuts every connection. */
  cut(): void;
}

export interface Http2Options {
  readonly handle: RequestListener;
  /** How long a connection may take to its first stream. */
  readonly headersTimeout: Milliseconds;
  /** Told of heads that were refused here. */
  readonly report?: ((exchange: Exchange) => void) | undefined;
  /** The standard's words unless told otherwise. */
  readonly wording?: Wording | undefined;
}

/** Milliseconds without a stream after which a connection is closed, as with HTTP/1.1. */
const KEEP_ALIVE = 65_000;
/** Milliseconds for which streams may still come while draining: they may be on the way. */
const LAST_STREAMS = 250;
const LAST_FIRST_STREAM = 1_000;
const SWEEP = 1_000;

const LIMITS: ServerOptions = {
  settings: {
    maxConcurrentStreams: 128,
    // All names and values of a head together, each with 32 bytes on top (RFC 9113 §6.5.2).
    maxHeaderListSize: 16_384,
    enablePush: false,
    // Uploads over long distances want more than the 64 KiB of the default; the connection's own window bounds them together.
    initialWindowSize: 262_144,
  },
  // Up to here our own reading refuses with words; beyond, the stream is reset.
  maxHeaderListPairs: 128,
  maxSettings: 32,
  maxOutstandingPings: 10,
  // Megabytes, of which a connection with all its streams rarely needs one.
  maxSessionMemory: 10,
  maxSessionInvalidFrames: 100,
  maxSessionRejectedStreams: 100,
  // CVE-2023-44487: so many streams may be reset at once, and so many each second; then the connection ends.
  streamResetBurst: 200,
  streamResetRate: 33,
  // An upstream's repeated header goes on as it came.
  strictSingleValueFields: false,
};
/** Bytes of request bodies on one connection that nobody has read yet. */
const CONNECTION_WINDOW = 1_048_576;

/** Bytes of names and values, each line with the four that HTTP/1.1 has besides: the same bound. */
const HEAD = 16_384;

interface Connection {
  streams: number;
  used: boolean;
  /** When its last stream ended, or when it came. */
  quietSince: number;
}

/** Speaks HTTP/2 on connections that are handed in, and hands its requests on as if they had come over HTTP/1.1. */
export function createHttp2({
  handle,
  headersTimeout,
  report,
  wording = standardWording,
}: Http2Options): Http2Connections {
  const connections = new Map<ServerHttp2Session, Connection>();
  let sweeping: NodeJS.Timeout | undefined;
  let draining = false;

  // It never listens: the HTTPS server owns the port, the handshake, and the connections that speak HTTP/1.1.
  const server = createServer(LIMITS);
  server.on('session', (session) => {
    const connection: Connection = { streams: 0, used: false, quietSince: performance.now() };
    connections.set(session, connection);
    sweeping ??= setInterval(sweep, SWEEP).unref();
    session.once('close', () => {
      connections.delete(session);
      if (connections.size > 0) return;
      clearInterval(sweeping);
      sweeping = undefined;
    });
    session.setLocalWindowSize(CONNECTION_WINDOW);
    session.on('stream', (stream, headers, _flags, raw) => {
      begin(connection, stream);
      if (isTooLong(raw)) {
        refuse(stream);
        return;
      }
      const socket = new StreamSocket(stream, session.socket.remoteAddress);
      const request = new Http2Request(stream, socket, headers, raw);
      const response = new Http2Response(stream, request);
      // They have what our side uses of the two classes, which cannot be built without a connection of their own.
      handle(request as unknown as IncomingMessage, response as unknown as ServerResponse);
    });
    if (draining) sendAway(session, connection);
  });

  function begin(connection: Connection, stream: ServerHttp2Stream): void {
    connection.streams++;
    connection.used = true;
    // Its end is told by `close`.
    stream.on('error', () => {});
    stream.once('close', () => {
      connection.streams--;
      connection.quietSince = performance.now();
    });
  }

  function refuse(stream: ServerHttp2Stream): void {
    const requestId = randomUUID();
    const { status, code } = LONG_HEAD;
    report?.({ requestId, method: '', path: '', status, duration: milliseconds(0), refused: code });
    const { contentType, body } = wording(LONG_HEAD, requestId);
    const headers = ['content-type', contentType, 'cache-control', 'no-store', 'x-request-id', requestId];
    stream.respond([':status', String(status), ...headers]);
    stream.end(body);
    // What it has for a body is not waited for.
    stream.resume();
  }

  function sweep(): void {
    const now = performance.now();
    for (const [session, { streams, used, quietSince }] of connections) {
      if (streams > 0 || now - quietSince < (used ? KEEP_ALIVE : headersTimeout)) continue;
      // Whoever does not take the farewell either has had a second look.
      if (session.closed) session.destroy();
      else session.close();
    }
  }

  function sendAway(session: ServerHttp2Session, { used }: Connection): void {
    // It is forgotten only when its socket is closed too.
    if (session.destroyed) return;
    // RFC 9113 §6.8: first without naming a last stream, because more may be on the way.
    session.goaway(constants.NGHTTP2_NO_ERROR, 2 ** 31 - 1);
    const close = setTimeout(() => session.close(), used ? LAST_STREAMS : LAST_FIRST_STREAM);
    session.once('close', () => clearTimeout(close));
  }

  return {
    take: (socket) => void server.emit('connection', socket),
    drain() {
      if (draining) return;
      draining = true;
      for (const [session, connection] of connections) sendAway(session, connection);
    },
    cut() {
      // With an error: what is cut must not look complete.
      for (const session of connections.keys()) session.destroy(new Error('cut by the gateway'));
    },
  };
}

/** nghttp2 keeps to `maxHeaderListSize` only from when the caller has said that it knows it. */
function isTooLong(raw: readonly string[]): boolean {
  let length = 0;
  for (const part of raw) length += part.length + 2;
  return length > HEAD;
}
