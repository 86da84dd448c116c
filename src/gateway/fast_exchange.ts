import type { Buffer } from 'node:buffer';
import type { Clock } from '../model/clock.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Failure } from '../model/failure.ts';
import { type Milliseconds, milliseconds } from '../model/units.ts';
import { answerHeaders } from './answer_headers.ts';
import { type Decision, type DecisionFacts, type Forward, type Refusal, type Reply, UNFORESEEN } from './decide.ts';
import { type Beginning, begin, CALLER_LEFT, exchangeOf } from './exchange_course.ts';
import { answerHead, ownAnswer } from './fast_answer.ts';
import type { FastHead } from './fast_head.ts';
import type { FastWriter } from './fast_writer.ts';
import { factsAlone } from './forget_head.ts';
import type { Gateway } from './gateway.ts';
import type { Admission } from './limits.ts';
import { type LiveStream, type LiveStreams, TOKEN_ENDED, type Watched } from './live_streams.ts';
import { BodyStalled, BodyTooSlow } from './request_body.ts';
import { READ_TO_END } from './unread_body.ts';
import type { AnswerHead, AnswerReader, Outgoing, Sending, UpstreamError, Upstreams } from './upstream/exchange.ts';
import { failureOf } from './upstream_failure.ts';

/** What all exchanges of the lane share. */
export interface Lane {
  readonly gateway: Gateway;
  readonly clock: Clock;
  readonly report: (exchange: Exchange) => void;
  readonly upstreams: Pick<Upstreams, 'send'>;
  readonly liveStreams?: LiveStreams | undefined;
}

/** The connection that an exchange runs on. */
export interface Caller {
  /** The head of the request under way. */
  readonly head: FastHead;
  /** Whether the whole body of the request has come. */
  readonly bodyComplete: boolean;
  /** Whether an answer that begins now is the last one. */
  readonly last: boolean;
  /** Body bytes from now on go to `body` and `bodyEnd`, beginning with those that have come. */
  takeBody(): void;
  /** Stops what `takeBody` began until `resumeBody`. */
  pauseBody(): void;
  resumeBody(): void;
  /** The answer is written. @param last whether it said that the connection ends behind it. */
  over(last: boolean): void;
  /** The answer will never be whole: only a broken connection says so. */
  cut(): void;
}

/** Milliseconds for which a caller need not read an answer for which there is no route to say it. */
const NO_ROUTE_IDLE = milliseconds(30_000);

/**
 * One exchange after the other of one connection, each from the request head to the last byte. Its state is reused: at tens of
 * thousands per second the difference shows.
 */
export class FastExchange implements AnswerReader, Beginning, LiveStream {
  /** How long the body may pause in either direction, and how long its caller may take for the end of the answer. */
  idleTimeout = NO_ROUTE_IDLE;
  readonly #lane: Lane;
  readonly #caller: Caller;
  readonly #writer: FastWriter;
  #started: Milliseconds = milliseconds(0);
  #decision: DecisionFacts | undefined;
  #forward: Forward | undefined;
  #reply: Reply | undefined;
  #admission: Admission | undefined;
  #sending: Sending | undefined;
  #watched: Watched | undefined;
  /** 0 until an answer has begun. */
  #status = 0;
  #last = false;
  #paused = false;
  #received = 0;
  #sent = 0;
  #over = true;
  #fault: string | undefined;

  constructor(lane: Lane, caller: Caller, writer: FastWriter) {
    this.#lane = lane;
    this.#caller = caller;
    this.#writer = writer;
  }

  /** Takes the request whose head the caller has read. */
  begin(): void {
    this.#started = this.#lane.clock.monotonic();
    this.idleTimeout = NO_ROUTE_IDLE;
    this.#status = 0;
    this.#last = false;
    this.#paused = false;
    this.#received = 0;
    this.#sent = 0;
    this.#over = false;
    this.#fault = undefined;
    begin(this.#lane.gateway, this.#caller.head, this);
  }

  onDecision(decision: Decision): Forward | undefined {
    this.#decision = decision;
    if ('forward' in decision) {
      this.#forward = decision.forward;
      this.idleTimeout = decision.forward.route.upstream.idleTimeout;
      return decision.forward;
    }
    this.#answer('reply' in decision ? decision.reply : 'refuse' in decision ? decision.refuse : decision.noRoute);
    return undefined;
  }

  onAdmission(forward: Forward, admitted: Admission | Refusal): void {
    if ('failure' in admitted) {
      this.#answer(admitted);
      return;
    }
    // The caller may have left while the store or the limiter was asked.
    if (this.#over) {
      admitted.release();
      return;
    }
    this.#admission = admitted;
    const outgoing: Outgoing = {
      route: forward.route,
      method: this.#caller.head.method,
      target: forward.target,
      headers: forward.headers,
      ours: forward.ours,
      // This lane reads no chunks: what does not say its length is not sent.
      body: forward.body === 'none' ? 'none' : 'length',
      affinity: forward.affinity,
    };
    this.#sending = this.#lane.upstreams.send(outgoing, this);
    if (forward.body !== 'none') this.#caller.takeBody();
  }

  body(bytes: Buffer): void {
    this.#received += bytes.length;
    if (this.#sending?.write(bytes) === false) this.#caller.pauseBody();
  }

  bodyEnd(): void {
    this.#sending?.end();
  }

  onDrain(): void {
    this.#caller.resumeBody();
  }

  onWhole(head: AnswerHead, body: string): void {
    this.#begins(head);
    this.#sent = body.length;
    this.#writer.whole(body);
    this.#end(head.status);
  }

  onHead(head: AnswerHead, more: boolean): void {
    this.#begins(head);
    if (head.length < 0 && this.#forward !== undefined) {
      this.#watched = this.#lane.liveStreams?.watch(this.#forward, this);
    }
    if (!more && !this.#writer.flush()) this.#paused = true;
  }

  #begins(head: AnswerHead): void {
    this.#status = head.status;
    // Answered before the whole request came: the rest of it must not be taken for the next one.
    this.#last = this.#caller.last || !this.#caller.bodyComplete;
    const headers = answerHeaders(head.headers, this.#decision, this.#forward, this.#admission);
    const chunked = head.length < 0;
    this.#writer.begin(answerHead(head.status, headers, this.#last, chunked), chunked);
  }

  onData(chunk: Buffer): boolean {
    this.#sent += chunk.length;
    const flows = this.#writer.piece(chunk);
    if (!flows) this.#paused = true;
    return flows;
  }

  /** The caller reads again. */
  drained(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#sending?.resume();
  }

  onEnd(): void {
    this.#writer.end();
    this.#end(this.#status);
  }

  onError(error: UpstreamError): void {
    if (this.#status !== 0) this.#cutOff();
    else this.#refuse(failureOf(error), error);
  }

  staysOpen(): void {
    if (this.#over || this.#decision === undefined || this.#forward === undefined) return;
    this.#decision = factsAlone(this.#decision);
    this.#forward = { ...this.#forward, target: '', headers: [] };
    this.#sending?.forgetHead();
    this.#caller.head.forget();
  }

  tokenEnded(): void {
    if (this.#over) return;
    this.#fault = TOKEN_ENDED;
    this.#sending?.abort();
    this.#cutOff();
  }

  /** The caller stopped sending in the middle of the body, or has been too slow. */
  stalled(tooSlow: boolean): void {
    this.#sending?.abort();
    if (this.#status !== 0) this.#cutOff();
    else {
      const error = tooSlow ? new BodyTooSlow() : new BodyStalled();
      this.#refuse(failureOf(error), error);
    }
  }

  /** The caller is gone. */
  left(): void {
    if (this.#over) return;
    this.#sending?.abort();
    this.#tell(CALLER_LEFT, false);
  }

  onUnforeseen(error: unknown): void {
    if (this.#over) return;
    this.#sending?.abort();
    if (this.#status !== 0) {
      this.#cutOff();
      return;
    }
    this.#refuse(UNFORESEEN, error);
  }

  #refuse(failure: Failure, fault: unknown): void {
    this.#answer(this.#lane.gateway.refuse(failure, this.#forward?.route, fault));
  }

  #answer(reply: Reply): void {
    this.#reply = reply;
    if (this.#over) return;
    const { head, bodyComplete, last } = this.#caller;
    // A long body is not waited for: the connection closes behind the answer.
    this.#last = last || reply.close || (!bodyComplete && head.length > READ_TO_END);
    const { status } = reply.response;
    this.#status = status;
    this.#writer.bytes(ownAnswer(reply, this.#decision, this.#last, head.method !== 'HEAD'));
    this.#end(status);
  }

  #cutOff(): void {
    this.#tell(this.#status, true);
    this.#caller.cut();
  }

  #end(status: number): void {
    this.#tell(status, false);
    this.#caller.over(this.#last);
  }

  /** The one end of every exchange: answered, cut, or left by the caller. */
  #tell(status: number, cut: boolean): void {
    this.#over = true;
    this.#watched?.stop();
    this.#admission?.release();
    const forward = this.#forward;
    const outcome = {
      method: this.#caller.head.method,
      status,
      duration: milliseconds(this.#lane.clock.monotonic() - this.#started),
      fault: this.#fault,
      upstream: this.#sending?.origin,
      bytesIn: forward && forward.body !== 'none' && this.#sending !== undefined ? this.#received : undefined,
      bytesOut: this.#sent,
      cut,
    };
    this.#lane.report(exchangeOf(this.#decision, forward, this.#reply, outcome));
    this.#forget();
  }

  /** The next request begins with nothing of this one, and one that never comes has nothing to keep in memory. */
  #forget(): void {
    this.#decision = undefined;
    this.#forward = undefined;
    this.#reply = undefined;
    this.#admission = undefined;
    this.#sending = undefined;
    this.#watched = undefined;
    this.#caller.head.forget();
  }
}
