/**
 * A node:http(s) server with strict limits, and the way it ends: every byte that enters the house from outside comes in here. It
 * owns the port and who reads each connection: the first reader, HTTP/2, or the server itself. It must not know what requests mean.
 */

import {
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { FirstReader } from '../gateway/first_reader.ts';
import type { Upgrades } from '../gateway/upgrade.ts';
import type { Exchange } from '../model/exchange.ts';
import { type Milliseconds, milliseconds } from '../model/units.ts';
import { BEING_REFUSED, createCrowd } from './crowd.ts';
import { trackConnections } from './drain.ts';
import type { Trouble } from './failure_of.ts';
import { createFirstReading } from './first_reading.ts';
import { GatheredRequest } from './gathered_request.ts';
import { createHttp2 } from './http2_connections.ts';
import { createTurns } from './in_turn.ts';
import { type Address, listenOn } from './listening.ts';
import type { ParserError, Wording } from './raw_answer.ts';
import { createRefuse } from './refuse.ts';
import { skipRequests } from './skip_requests.ts';
import { renewCertificate, type TlsFiles, tlsOptions, useCertificate } from './tls.ts';

export interface ListenerOptions extends Address {
  /** Served anew when they change. */
  readonly tls?: TlsFiles | undefined;
  /** Whether HTTP/2 is offered to callers that come with TLS; yes by default. Without TLS it is never spoken. */
  readonly http2?: boolean | undefined;
  /** How many connections may be open at once; more are answered 503. */
  readonly maxConnections?: number | undefined;
  /** How many of them may come from one address; absent: all. */
  readonly maxConnectionsPerAddress?: number | undefined;
  /** Addresses that this does not bind: proxies, which come for many. */
  readonly isProxy?: ((address: string | undefined) => boolean) | undefined;
  readonly handle: RequestListener;
  /** Is given each connection before the HTTP server, whose limits and time-outs begin with what is handed over. */
  readonly firstReader?: FirstReader | undefined;
  /** Takes the requests that go on in another protocol; without it none does. */
  readonly upgrades?: Upgrades | undefined;
  /** Told of every connection whose bytes made no request and were answered here; it has no method and no path. */
  readonly report?: ((exchange: Exchange) => void) | undefined;
  /** The words of the answers to what made no request; the standard's by default. */
  readonly wording?: Wording | undefined;
  /** How long a request head may take to arrive, from the first moment of the connection or from its first byte; 10 s by default. */
  readonly headersTimeout?: Milliseconds;
  /** How long the last bytes of an answer may wait for a caller that does not take them; 60 s by default. */
  readonly lastBytes?: Milliseconds | undefined;
  /** Told when a changed certificate could not be taken. */
  readonly trouble?: Trouble | undefined;
  /** Between two looks at the certificate's files; 2 s by default. */
  readonly renewalInterval?: Milliseconds | undefined;
}

export interface Listener {
  /** @returns the URL it can be reached at. Throws what the system says when the address is taken or not ours. */
  listen(): Promise<string>;
  /**
   * Serves new handshakes with this certificate from now on, and with what its files hold later.
   * @throws what the system says of files that cannot be read, or UnusableKeyPair; nothing has changed then.
   */
  certificate(files: TlsFiles): void;
  /** Takes no new connections, lets requests in flight finish, and cuts what is left after `limit`. */
  drain(limit: Milliseconds): Promise<void>;
}

const LIMITS: ServerOptions = {
  maxHeaderSize: 16_384,
  // Uploads may take as long as they flow; who reads a body also limits how long it may pause.
  requestTimeout: 0,
  connectionsCheckingInterval: 1_000,
  // Longer than the 60 s of the usual load balancers: the side that reuses a connection must be the one that closes it.
  keepAliveTimeout: 65_000,
  insecureHTTPParser: false,
  joinDuplicateHeaders: false,
  // A missing or repeated Host is refused by our own reading, with a body that says so.
  requireHostHeader: false,
};

/** More than a machine serves well, fewer than its memory ends at: an idle connection costs some 15 KB. */
const MAX_CONNECTIONS = 20_000;

export function createListener(options: ListenerOptions): Listener {
  const { tls, handle, firstReader, upgrades, report, wording, headersTimeout = milliseconds(10_000) } = options;
  const { http2: speaksHttp2 = true, maxConnections = MAX_CONNECTIONS, trouble = () => {} } = options;
  // A handshake behind an answer that is still on its way would overtake it: that one is taken for the ordinary request that it also is.
  const shouldUpgradeCallback = (request: IncomingMessage) =>
    connections.latest(request.socket)?.writableFinished !== false && upgrades?.wants(request) === true;
  const limits = { ...LIMITS, IncomingMessage: GatheredRequest, headersTimeout, shouldUpgradeCallback };
  const secure = tls && createHttpsServer({ ...limits, ...tlsOptions(tls, speaksHttp2) });
  const server: Server = secure ?? createHttpServer(limits);
  // The size limits it; a count would silently drop lines that somebody behind us reads.
  server.maxHeadersCount = 0;
  server.maxConnections = maxConnections + BEING_REFUSED;

  const http2 = secure && speaksHttp2 ? createHttp2({ handle, headersTimeout, report, wording }) : undefined;
  const first = firstReader && createFirstReading(firstReader);
  const connections = trackConnections(
    server,
    [http2, first, upgrades].filter((each) => each !== undefined),
  );
  readBefore(server, secure ? 'secureConnection' : 'connection', (socket, handOver) => {
    if (http2 && isHttp2(socket)) http2.take(socket);
    else if (first) first.take(socket, handOver);
    else handOver();
  });
  readBefore(
    server,
    'connection',
    createCrowd({
      ...{ max: maxConnections, perAddress: options.maxConnectionsPerAddress, isProxy: options.isProxy },
      ...{ plain: !secure, report, wording },
    }),
  );

  const refuse = createRefuse({ connections, report, wording });
  const lost = new WeakSet<Socket>();
  const turns = createTurns(connections, options.lastBytes);
  const onRequest: RequestListener = (request, response) => {
    const { socket } = request;
    if (lost.has(socket)) return;
    const before = connections.latest(socket);
    connections.began(socket, response);
    // Behind a request that asks to upgrade and does not, Node's parser skips the rest of what it has read: where the next request
    // begins is unknown from there on, so there is none.
    if (request.headers.upgrade !== undefined) {
      lost.add(socket);
      skipRequests(socket);
      response.shouldKeepAlive = false;
    }
    turns.take(response, before, () => handle(request, response));
  };
  server.on('request', onRequest);
  // Whoever reads the body asks for it, after the decision.
  server.on('checkContinue', onRequest);
  // RFC 9110 §10.1.1 lets an unknown expectation be ignored; Node's own 417 would be in no log.
  server.on('checkExpectation', onRequest);
  server.on('upgrade', (request, socket, head) => {
    // Asked again for the Node that does not ask before: what it brings here unasked, it cannot take back.
    const wanted = shouldUpgradeCallback(request);
    connections.left(request.socket);
    if (wanted) upgrades?.handle(request, socket, head);
    else socket.destroy();
  });
  // Without a listener Node would just hang up.
  server.on('connect', (_request, socket) => refuse.tunnel(socket));
  server.on('clientError', (error: ParserError, socket) => refuse.bytes(error, socket));
  let stopRenewing = () => {};
  const renew = (server: NonNullable<typeof secure>, files: TlsFiles) => {
    stopRenewing();
    stopRenewing = renewCertificate(server, files, { trouble, interval: options.renewalInterval });
  };

  return {
    async listen() {
      const url = await listenOn(server, options, secure ? 'https' : 'http');
      if (secure && tls) renew(secure, tls);
      return url;
    },
    certificate(files) {
      if (!secure) throw new Error('there is no TLS here');
      useCertificate(secure, files);
      renew(secure, files);
    },
    drain(limit) {
      stopRenewing();
      return connections.drain(limit);
    },
  };
}

/** Puts `first` before the server's own reading of connections. */
function readBefore(
  server: Server,
  event: 'connection' | 'secureConnection',
  first: (socket: Socket, handOver: () => void) => void,
): void {
  const own = server.listeners(event);
  server.removeAllListeners(event);
  server.on(event, (socket: Socket) =>
    first(socket, () => {
      for (const listener of own) listener.call(server, socket);
    }),
  );
}

const isHttp2 = (socket: Socket): socket is TLSSocket => socket instanceof TLSSocket && socket.alpnProtocol === 'h2';
