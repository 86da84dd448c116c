import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../model/clock.ts';
import type { Exchange } from '../model/exchange.ts';
import { milliseconds } from '../model/units.ts';
import { answerRefusal, breakOff, cutOff, finish, takeNoMore } from './answer.ts';
import { answerHeaders, answerTrailers } from './answer_headers.ts';
import type { BodyRate } from './body_pace.ts';
import { type Decision, type DecisionFacts, type Forward, type Refusal, type Reply, UNFORESEEN } from './decide.ts';
import { type Beginning, begin, CALLER_LEFT, exchangeOf } from './exchange_course.ts';
import { forgetHead } from './forget_head.ts';
import type { Gateway } from './gateway.ts';
import type { Admission } from './limits.ts';
import { type LiveStream, type LiveStreams, TOKEN_ENDED, type Watched as WatchedStream } from './live_streams.ts';
import { type BodyFault, type BodySink, RequestBody } from './request_body.ts';
import type { RequestHead } from './request_head.ts';
import { addTrailers } from './trailers.ts';
import { giveBack } from './upstream/blocks.ts';
import { deadlines, NEVER, type Watched } from './upstream/deadlines.ts';
import type { AnswerHead, AnswerReader, Sending, UpstreamError, Upstreams } from './upstream/exchange.ts';
import { failureOf } from './upstream_failure.ts';

/** What all exchanges of a lane share. */
export interface Lane {
  readonly gateway: Gateway;
  readonly clock: Clock;
  /** Told of every exchange exactly once, when it is over. */
  readonly report: (exchange: Exchange) => void;
  readonly upstreams: Upstreams;
  /** Ends open answers whose token has died. */
  readonly liveStreams?: LiveStreams | undefined;
  /** The least rate of bodies; none by default. */
  readonly minBodyRate?: BodyRate | undefined;
}

/**
 * One exchange, from the request head to the last byte. It reads the body and the answer itself and holds its state in fields
 * rather than in closures: at tens of thousands per second the difference shows.
 */
export class Passage implements AnswerReader, Beginning, BodySink, LiveStream, Watched {
  deadline = NEVER;
  readonly #lane: Lane;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #started: number;
  #facts: DecisionFacts | undefined;
  #forward: Forward | undefined;
  #refusal: Reply | undefined;
  #admission: Admission | undefined;
  #sending: Sending | undefined;
  #body: RequestBody | undefined;
  #watched: WatchedStream | undefined;
  #sent = 0;
  /** Whether the last byte of the answer has been written. */
  #answered = false;
  /** Whether the exchange is over, answered or not. */
  #over = false;
  #cut = false;
  #fault: string | undefined;
  /** Who else may have an answer: the app that the gateway is mounted in. */
  #otherwise: (() => void) | undefined;
  /** Left to that app. */
  #notOurs = false;

  constructor(lane: Lane, request: IncomingMessage, response: ServerResponse) {
    this.#lane = lane;
    this.#request = request;
    this.#response = response;
    this.#started = lane.clock.monotonic();
  }

  /** @param otherwise called when no route covers the request; without it, that is a 404. */
  start(head: RequestHead, otherwise: (() => void) | undefined): void {
    this.#response.on('close', () => this.#end());
    this.#otherwise = otherwise;
    begin(this.#lane.gateway, head, this);
  }

  onDecision(decision: Decision): Forward | undefined {
    this.#facts = decision;
    if ('forward' in decision) {
      this.#forward = decision.forward;
      return decision.forward;
    }
    if ('refuse' in decision) {
      this.#refuse(decision.refuse);
    } else if ('reply' in decision) {
      this.#refuse(decision.reply);
    } else if (this.#otherwise === undefined) {
      this.#refuse(decision.noRoute);
    } else {
      this.#notOurs = true;
      this.#otherwise();
    }
    return undefined;
  }

  onAdmission(forward: Forward, admitted: Admission | Refusal): void {
    if ('failure' in admitted) {
      this.#refuse(admitted);
      return;
    }
    this.#admission = admitted;
    // The caller may have left while the store or the limiter was asked.
    if (this.#over) admitted.release();
    else this.#send(forward);
  }

  #send(forward: Forward): void {
    const { route, target, headers, ours, body, affinity } = forward;
    const method = this.#request.method ?? '';
    this.#sending = this.#lane.upstreams.send({ route, method, target, headers, ours, body, affinity }, this);
    if (body === 'none') return;
    const { minBodyRate = 0 } = this.#lane;
    const { idleTimeout } = route.upstream;
    const terms = { idleTimeout, minRate: minBodyRate, scan: forward.scanBody, most: route.maxBody };
    this.#body = new RequestBody(this.#request, terms, this);
    if (forward.expectsContinue) this.#response.writeContinue();
    this.#body.start();
  }

  onBody(chunk: Buffer): boolean {
    return this.#sending?.write(chunk) !== false;
  }

  onBodyEnd(): void {
    this.#sending?.end();
  }

  onBodyFault(fault: BodyFault): void {
    this.#sending?.abort();
    this.#fell(fault);
  }

  onDrain(): void {
    this.#body?.resume();
  }

  onWhole(head: AnswerHead, body: string): void {
    if (this.#over || this.#answered) return;
    this.#writeHead(head);
    this.#answered = true;
    this.#sent = body.length;
    // As a string it leaves in one write together with the head; latin1 keeps every byte as it is.
    this.#response.end(body, 'latin1');
  }

  onHead(head: AnswerHead, more: boolean): void {
    if (this.#over || this.#answered) return;
    this.#writeHead(head);
    // Event streams begin long before they say something.
    if (!more) this.#response.flushHeaders();
    if (head.length < 0 && this.#forward !== undefined)
      this.#watched = this.#lane.liveStreams?.watch(this.#forward, this);
  }

  tokenEnded(): void {
    if (this.#over || this.#answered) return;
    this.#fault = TOKEN_ENDED;
    this.#cutOff();
  }

  staysOpen(): void {
    this.#sending?.forgetHead();
    // In somebody's app others may still ask.
    if (this.#otherwise === undefined) forgetHead(this.#request);
  }

  #writeHead(head: AnswerHead): void {
    const headers = answerHeaders(head.headers, this.#facts, this.#forward, this.#admission);
    // Answered before the whole request came: the rest of it must not be taken for the next one.
    if (this.#body !== undefined && !this.#request.complete) {
      headers.push('Connection', 'close');
      takeNoMore(this.#request);
    }
    this.#response.writeHead(head.status, headers);
  }

  onData(chunk: Buffer): boolean {
    if (this.#over || this.#answered) return true;
    this.#sent += chunk.length;
    if (this.#response.write(chunk, (error) => error ?? giveBack(chunk))) return true;
    if (this.deadline === NEVER) {
      this.#response.once('drain', this.#onRead);
      deadlines.watch(this);
    }
    // A caller that does not read must not hold the upstream's connection for ever.
    this.deadline = deadlines.in(this.#forward?.route.upstream.idleTimeout ?? milliseconds(0));
    return false;
  }

  readonly #onRead = (): void => {
    this.deadline = NEVER;
    deadlines.forget(this);
    this.#sending?.resume();
  };

  onDeadline(): void {
    deadlines.forget(this);
    breakOff(this.#response);
  }

  onEnd(trailers: readonly string[] | undefined): void {
    if (this.#over || this.#answered) return;
    this.#answered = true;
    this.#body?.stop();
    if (trailers !== undefined) addTrailers(this.#request, this.#response, answerTrailers(trailers, this.#forward));
    if (this.#body === undefined) this.#response.end();
    else finish(this.#request, this.#response);
  }

  onError(error: UpstreamError): void {
    this.#fell(error);
  }

  #fell(error: UpstreamError | BodyFault): void {
    if (this.#over || this.#answered) return;
    if (this.#response.headersSent) this.#cutOff();
    else this.#refuse(this.#lane.gateway.refuse(failureOf(error), this.#forward?.route, error));
  }

  #refuse(refusal: Reply): void {
    this.#refusal = refusal;
    if (this.#over) return;
    this.#answered = true;
    this.#body?.stop();
    answerRefusal(this.#request, this.#response, refusal, this.#facts);
  }

  #cutOff(): void {
    this.#cut = true;
    cutOff(this.#request, this.#response);
  }

  onUnforeseen(error: unknown): void {
    if (this.#over || this.#answered) return;
    if (this.#response.headersSent) this.#cutOff();
    else this.#refuse(this.#lane.gateway.refuse(UNFORESEEN, this.#forward?.route, error));
  }

  /** The one end of every exchange: answered, cut, or left by the caller. */
  #end(): void {
    if (this.#notOurs) return;
    this.#over = true;
    if (this.deadline !== NEVER) deadlines.forget(this);
    this.#watched?.stop();
    this.#sending?.abort();
    this.#body?.stop();
    this.#admission?.release();
    this.#report();
  }

  #report(): void {
    const outcome = {
      method: this.#request.method ?? '',
      status: this.#response.headersSent && (this.#answered || this.#cut) ? this.#response.statusCode : CALLER_LEFT,
      duration: milliseconds(this.#lane.clock.monotonic() - this.#started),
      fault: this.#fault,
      upstream: this.#sending?.origin,
      bytesIn: this.#body?.received,
      bytesOut: this.#sent,
      cut: this.#cut,
    };
    this.#lane.report(exchangeOf(this.#facts, this.#forward, this.#refusal, outcome));
  }
}
