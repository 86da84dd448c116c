import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Exchange } from '../model/exchange.ts';
import { milliseconds } from '../model/units.ts';
import type { Connections } from './drain.ts';
import { answerFor, NO_TUNNELS, type ParserError, type RawAnswer, type Wording, writeRaw } from './raw_answer.ts';

/** Ends connections whose bytes make no request, without disturbing an answer that is on its way to a request before. */
export interface Refuse {
  bytes(error: ParserError, socket: Duplex): void;
  tunnel(socket: Duplex): void;
}

export interface RefuseDependencies {
  readonly connections: Connections;
  /** Told of every answer given here to what was no request; it has no method and no path. */
  readonly report?: ((exchange: Exchange) => void) | undefined;
  /** The standard's words unless told otherwise. */
  readonly wording?: Wording | undefined;
}

export function createRefuse({ connections, report, wording }: RefuseDependencies): Refuse {
  const refused = new WeakSet<Duplex>();

  function refuse(socket: Duplex, answer: RawAnswer): void {
    // The parser complains again about every piece that follows.
    if (refused.has(socket)) return;
    // A server tells of its own connections only.
    const latest = connections.latest(socket as Socket);
    const running = latest?.writableFinished === false ? latest : undefined;
    if (!socket.writable) {
      socket.destroy();
    } else if (running && (running.headersSent || running.req.complete)) {
      endBehind(running, socket);
    } else {
      // Nothing runs, or what runs waits for a body that has turned out to be none; whoever handles that one reports it.
      refused.add(socket);
      const requestId = randomUUID();
      writeRaw(socket, answer, requestId, wording);
      const { status, code } = answer;
      if (!running) report?.({ requestId, method: '', path: '', status, duration: milliseconds(0), refused: code });
    }
  }

  return {
    bytes(error, socket) {
      if (isHttp(error)) refuse(socket, answerFor(error));
      else socket.destroy();
    },
    tunnel(socket) {
      // Node has taken its own listener away: a caller that breaks the connection now would end the process.
      socket.on('error', () => {});
      // Nobody else reads it any more, and what is unread would reset the connection.
      socket.resume();
      refuse(socket, NO_TUNNELS);
    },
  };
}

/** Ends a connection behind the answer to a request that came before. */
function endBehind(running: ServerResponse, socket: Duplex): void {
  if (running.writableEnded || running.req.complete) {
    running.shouldKeepAlive = false;
    running.once('finish', () => socket.end());
  } else if (running.req.httpVersion === '1.0') {
    // The end of such an answer is the end of the connection: only a reset tells that something is missing.
    socket.destroy();
  } else {
    socket.end();
  }
}

/** Whether HTTP was spoken and the connection is still there: not if it broke, or never got through its TLS handshake. */
function isHttp({ code = '' }: ParserError): boolean {
  return code.startsWith('HPE_') || code === 'ERR_HTTP_REQUEST_TIMEOUT';
}
