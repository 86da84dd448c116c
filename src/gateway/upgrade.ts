/**
 * WebSockets. A handshake is a call like any other: decided, counted, refused and reported in the same way. It owns when two
 * connections become one tunnel, and that they do so only if the upstream has proved that it speaks WebSocket, too.
 */
import { type IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '../model/clock.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Failure } from '../model/failure.ts';
import { milliseconds } from '../model/units.ts';
import { answerRefusal, isTooLate } from './answer.ts';
import { answerHeaders } from './answer_headers.ts';
import { type Decision, type DecisionFacts, type Forward, type Refusal, type Reply, UNFORESEEN } from './decide.ts';
import { type Beginning, begin, CALLER_LEFT, exchangeOf } from './exchange_course.ts';
import { headOf } from './full_lane.ts';
import type { Gateway } from './gateway.ts';
import type { Admission } from './limits.ts';
import { type LiveStream, type LiveStreams, TOKEN_ENDED, type Watched } from './live_streams.ts';
import { Tunnel } from './tunnel.ts';
import { LINGER_TIME } from './unread_body.ts';
import type { AnswerHead, AnswerReader, Sending, UpstreamError, Upstreams } from './upstream/exchange.ts';
import { failureOf } from './upstream_failure.ts';
import { accepts, handshakeKey } from './websocket_handshake.ts';

export interface UpgradesDependencies {
  readonly gateway: Gateway;
  readonly clock: Clock;
  /** Told of every handshake exactly once, when it or its tunnel is over. */
  readonly report: (exchange: Exchange) => void;
  readonly upstreams: Upstreams;
  readonly liveStreams: LiveStreams;
}

/** What is done with requests that ask to go on in another protocol. */
export interface Upgrades {
  /**
   * Whether a request is a WebSocket handshake. All others, whatever they ask to switch to, are ordinary requests; so is a handshake
   * behind a request that is not answered yet. For `shouldUpgradeCallback`; never throws.
   */
  wants(request: IncomingMessage): boolean;
  /** Takes what an `upgrade` event brings, to its end. */
  handle(request: IncomingMessage, socket: Duplex, first: Buffer): void;
  /** Closes tunnels after a moment, and those that open later at once. */
  drain(): void;
  /** Cuts every connection, whatever became of it. */
  cut(): void;
}

/** Milliseconds for which tunnels may still come to an end by themselves when the house closes. */
const GRACE = 2_000;

const NO_HANDSHAKE: Failure = {
  code: 'upstream_unreachable',
  description: 'The API behind the gateway did not answer the WebSocket handshake as one.',
};

/** The upstream says that it switched, and does not know the key. */
class NotAccepted extends Error {
  override readonly name = 'NotAccepted';
}

interface Shared extends UpgradesDependencies {
  readonly underWay: Set<Handshake>;
  /** Whether tunnels that open now have come too late. */
  tooLate: boolean;
}

export function createUpgrades(deps: UpgradesDependencies): Upgrades {
  const shared: Shared = { ...deps, underWay: new Set(), tooLate: false };
  return {
    wants: (request) => !isTooLate(request) && handshakeKey(headOf(request)) !== undefined,
    handle(request, socket, first) {
      const key = handshakeKey(headOf(request));
      // Asked for once more, because everything hangs on it: nobody but `wants` stands between any request and this.
      if (key === undefined || isTooLate(request) || !(socket instanceof Socket)) socket.destroy();
      else new Handshake(shared, request, socket, first, key).start();
    },
    drain() {
      setTimeout(() => {
        shared.tooLate = true;
        for (const each of shared.underWay) each.endTunnel();
      }, GRACE).unref();
    },
    cut() {
      for (const each of shared.underWay) each.cutOff();
    },
  };
}

/** One handshake and the tunnel that comes of it. */
class Handshake implements AnswerReader, Beginning, LiveStream {
  readonly #shared: Shared;
  readonly #request: IncomingMessage;
  readonly #socket: Socket;
  readonly #response: ServerResponse;
  readonly #key: string;
  readonly #started: number;
  #facts: DecisionFacts | undefined;
  #forward: Forward | undefined;
  #refusal: Reply | undefined;
  #admission: Admission | undefined;
  #sending: Sending | undefined;
  #tunnel: Tunnel | undefined;
  #watched: Watched | undefined;
  #status = 0;
  #sent = 0;
  #cut = false;
  #fault: string | undefined;
  #over = false;

  constructor(shared: Shared, request: IncomingMessage, socket: Socket, first: Buffer, key: string) {
    this.#shared = shared;
    this.#request = request;
    this.#socket = socket;
    this.#key = key;
    this.#started = shared.clock.monotonic();
    socket.on('error', () => {});
    // Whatever the caller says before it knows that it is understood stays here: it is read once there is a tunnel, or never.
    if (first.length > 0) socket.unshift(first);
    this.#response = new ServerResponse(request);
    this.#response.shouldKeepAlive = false;
  }

  start(): void {
    const socket = this.#socket;
    this.#shared.underWay.add(this);
    socket.on('close', () => this.#end());
    socket.on('end', () => this.#callerEnded());
    socket.on('drain', () => {
      if (this.#tunnel === undefined) this.#sending?.resume();
    });
    this.#response.assignSocket(socket);
    begin(this.#shared.gateway, headOf(this.#request), this);
  }

  /** Closes the tunnel, if there is one. */
  endTunnel(): void {
    if (this.#tunnel !== undefined) this.cutOff();
  }

  /** Closes whatever there is. It is told at once: a house that closes may not be there any more when the connection is gone. */
  cutOff(): void {
    this.#tunnel?.destroy();
    this.#socket.destroy();
    this.#end();
  }

  tokenEnded(): void {
    this.#fault = TOKEN_ENDED;
    this.cutOff();
  }

  onDecision(decision: Decision): Forward | undefined {
    this.#facts = decision;
    if ('forward' in decision) {
      this.#forward = decision.forward;
      return decision.forward;
    }
    this.#refuse('refuse' in decision ? decision.refuse : 'reply' in decision ? decision.reply : decision.noRoute);
    return undefined;
  }

  onAdmission(forward: Forward, admitted: Admission | Refusal): void {
    if ('failure' in admitted) {
      this.#refuse(admitted);
      return;
    }
    this.#admission = admitted;
    // The caller may have left while the store or the limiter was asked.
    if (this.#over) {
      admitted.release();
      return;
    }
    this.#sending = this.#shared.upstreams.send(
      {
        ...{
          route: forward.route,
          method: 'GET',
          target: forward.target,
          headers: forward.headers,
          ours: forward.ours,
        },
        ...{ body: 'none', affinity: forward.affinity, upgrade: 'websocket' },
      },
      this,
    );
    this.#sending.end();
  }

  onSwitch(head: AnswerHead, connection: Socket, first: Buffer): void {
    const forward = this.#forward;
    if (this.#over || forward === undefined || this.#shared.tooLate) {
      connection.destroy();
      this.cutOff();
      return;
    }
    if (!accepts(head.headers, this.#key)) {
      connection.destroy();
      this.#refuse(this.#shared.gateway.refuse(NO_HANDSHAKE, forward.route, new NotAccepted()));
      return;
    }
    this.#status = 101;
    this.#response.detachSocket(this.#socket);
    this.#socket.write(this.#headOfSwitch(head), 'latin1');
    if (first.length > 0) connection.unshift(first);
    const { idleTimeout } = forward.route.upstream;
    this.#tunnel = new Tunnel({ caller: this.#socket, upstream: connection, idleTimeout });
    // No cached fact vouches for a tunnel longer than for a call: what goes through it is not known to be safe to repeat.
    this.#watched = this.#shared.liveStreams.watch({ ...forward, staleness: undefined }, this);
  }

  /** RFC 9110 §15.2.2; a 101 has no body, so nothing in it says how long one is. */
  #headOfSwitch({ headers }: AnswerHead): string {
    const lines = answerHeaders(headers, this.#facts, this.#forward, this.#admission);
    let text = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n';
    for (let at = 0; at + 1 < lines.length; at += 2) {
      if (lines[at]?.toLowerCase() !== 'content-length') text += `${lines[at]}: ${lines[at + 1]}\r\n`;
    }
    return `${text}\r\n`;
  }

  onWhole(head: AnswerHead, body: string): void {
    if (this.#over) return;
    this.onHead(head, true);
    this.#sent = body.length;
    this.#response.end(body, 'latin1');
  }

  /** The upstream does not want to switch: its answer is the caller's answer, and the last on this connection. */
  onHead(head: AnswerHead, more: boolean): void {
    if (this.#over) return;
    this.#status = head.status;
    this.#response.writeHead(head.status, answerHeaders(head.headers, this.#facts, this.#forward, this.#admission));
    if (!more) this.#response.flushHeaders();
    this.#lastAnswer();
  }

  onData(chunk: Buffer): boolean {
    this.#sent += chunk.length;
    return this.#response.write(chunk);
  }

  onEnd(): void {
    this.#response.end();
  }

  onError(error: UpstreamError): void {
    if (this.#over) return;
    if (this.#response.headersSent) {
      this.#cut = true;
      this.cutOff();
    } else {
      this.#refuse(this.#shared.gateway.refuse(failureOf(error), this.#forward?.route, error));
    }
  }

  onDrain(): void {}

  #refuse(refusal: Reply): void {
    this.#refusal = refusal;
    if (this.#over) return;
    this.#status = refusal.response.status;
    this.#lastAnswer();
    answerRefusal(this.#request, this.#response, { ...refusal, close: true }, this.#facts);
  }

  /** The connection closes behind this answer. What the caller said meanwhile is no request, whatever it looks like. */
  #lastAnswer(): void {
    const socket = this.#socket;
    socket.setTimeout(this.#forward?.route.upstream.idleTimeout ?? LINGER_TIME, () => socket.destroy());
    this.#response.once('finish', () => {
      socket.end();
      socket.resume();
      const lingering = setTimeout(() => socket.destroy(), LINGER_TIME);
      socket.once('close', () => clearTimeout(lingering));
    });
  }

  onUnforeseen(error: unknown): void {
    if (this.#response.headersSent || this.#tunnel !== undefined) this.cutOff();
    else this.#refuse(this.#shared.gateway.refuse(UNFORESEEN, this.#forward?.route, error));
  }

  /** A caller that says nothing more before it was answered cannot want a tunnel. */
  #callerEnded(): void {
    if (this.#status === 0) this.#socket.destroy();
  }

  /** The one end of every handshake. */
  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#shared.underWay.delete(this);
    this.#watched?.stop();
    if (this.#tunnel === undefined) this.#sending?.abort();
    this.#admission?.release();
    const outcome = {
      method: this.#request.method ?? '',
      status: this.#status === 0 ? CALLER_LEFT : this.#status,
      duration: milliseconds(this.#shared.clock.monotonic() - this.#started),
      fault: this.#fault,
      upstream: this.#sending?.origin,
      bytesIn: this.#tunnel?.bytesIn,
      bytesOut: this.#tunnel?.bytesOut ?? this.#sent,
      cut: this.#cut,
    };
    this.#shared.report(exchangeOf(this.#facts, this.#forward, this.#refusal, outcome));
  }
}
