import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../model/clock.ts';
import type { Exchange } from '../model/exchange.ts';
import { milliseconds } from '../model/units.ts';
import { answerRefusal } from './answer.ts';
import { answerHeaders } from './answer_headers.ts';
import { type Decision, type DecisionFacts, type Forward, type Refusal, type Reply, UNFORESEEN } from './decide.ts';
import { type Beginning, begin, CALLER_LEFT, exchangeOf } from './exchange_course.ts';
import { forgetHead } from './forget_head.ts';
import { headOf } from './full_lane.ts';
import type { Gateway } from './gateway.ts';
import type { Admission } from './limits.ts';
import { type LiveStream, type LiveStreams, TOKEN_ENDED, type Watched } from './live_streams.ts';
import { Tunnel } from './tunnel.ts';
import { LINGER_TIME } from './unread_body.ts';
import type { AnswerHead, AnswerReader, Sending, UpstreamError, Upstreams } from './upstream/exchange.ts';
import { failureOf } from './upstream_failure.ts';
import { accepts, NO_HANDSHAKE, NotAccepted, switchHead } from './websocket_handshake.ts';

/** What all upgrades share. */
export interface Lane {
  readonly gateway: Gateway;
  readonly clock: Clock;
  /** Told of every handshake exactly once, when it or its tunnel is over. */
  readonly report: (exchange: Exchange) => void;
  readonly upstreams: Upstreams;
  readonly liveStreams: LiveStreams;
  /** Those that have begun and are not over. */
  readonly underWay: Set<UpgradeExchange>;
  /** Whether tunnels that open now have come too late. */
  tooLate: boolean;
}

/**
 * One handshake and the tunnel that comes of it. It owns when two connections become one tunnel, and that they do so only if the
 * upstream has proved that it speaks WebSocket, too.
 */
export class UpgradeExchange implements AnswerReader, Beginning, LiveStream {
  readonly #lane: Lane;
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

  constructor(lane: Lane, request: IncomingMessage, socket: Socket, first: Buffer, key: string) {
    this.#lane = lane;
    this.#request = request;
    this.#socket = socket;
    this.#key = key;
    this.#started = lane.clock.monotonic();
    socket.on('error', () => {});
    // Whatever the caller says before it knows that it is understood stays here: it is read once there is a tunnel, or never.
    if (first.length > 0) socket.unshift(first);
    this.#response = new ServerResponse(request);
    this.#response.shouldKeepAlive = false;
  }

  start(): void {
    const socket = this.#socket;
    this.#lane.underWay.add(this);
    socket.on('close', () => this.#end());
    socket.on('end', () => this.#callerEnded());
    socket.on('drain', () => {
      if (this.#tunnel === undefined) this.#sending?.resume();
    });
    this.#response.assignSocket(socket);
    begin(this.#lane.gateway, headOf(this.#request), this);
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

  staysOpen(): void {
    this.#sending?.forgetHead();
    forgetHead(this.#request);
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
    this.#sending = this.#lane.upstreams.send(
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
    if (this.#over || forward === undefined || this.#lane.tooLate) {
      connection.destroy();
      this.cutOff();
      return;
    }
    if (!accepts(head.headers, this.#key)) {
      connection.destroy();
      this.#refuse(this.#lane.gateway.refuse(NO_HANDSHAKE, forward.route, new NotAccepted()));
      return;
    }
    this.#status = 101;
    this.#response.detachSocket(this.#socket);
    const lines = answerHeaders(head.headers, this.#facts, forward, this.#admission);
    this.#socket.write(switchHead(lines), 'latin1');
    if (first.length > 0) connection.unshift(first);
    const { idleTimeout } = forward.route.upstream;
    this.#tunnel = new Tunnel({ caller: this.#socket, upstream: connection, idleTimeout });
    // No cached fact vouches for a tunnel longer than for a call: what goes through it is not known to be safe to repeat.
    this.#watched = this.#lane.liveStreams.watch({ ...forward, staleness: undefined }, this);
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
      this.#refuse(this.#lane.gateway.refuse(failureOf(error), this.#forward?.route, error));
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
    else this.#refuse(this.#lane.gateway.refuse(UNFORESEEN, this.#forward?.route, error));
  }

  /** A caller that says nothing more before it was answered cannot want a tunnel. */
  #callerEnded(): void {
    if (this.#status === 0) this.#socket.destroy();
  }

  /** The one end of every handshake. */
  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#lane.underWay.delete(this);
    this.#watched?.stop();
    if (this.#tunnel === undefined) this.#sending?.abort();
    this.#admission?.release();
    const outcome = {
      method: this.#request.method ?? '',
      status: this.#status === 0 ? CALLER_LEFT : this.#status,
      duration: milliseconds(this.#lane.clock.monotonic() - this.#started),
      fault: this.#fault,
      upstream: this.#sending?.origin,
      bytesIn: this.#tunnel?.bytesIn,
      bytesOut: this.#tunnel?.bytesOut ?? this.#sent,
      cut: this.#cut,
    };
    this.#lane.report(exchangeOf(this.#facts, this.#forward, this.#refusal, outcome));
  }
}
