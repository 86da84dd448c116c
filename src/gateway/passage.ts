import type { IncomingMessage, ServerResponse } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { Dispatcher } from 'undici';
import type { Clock } from '../model/clock.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Failure } from '../model/failure.ts';
import { milliseconds } from '../model/units.ts';
import { answerRefusal, finish, takeNoMore } from './answer.ts';
import { answerHeaders } from './answer_headers.ts';
import type { Decision, DecisionFacts, Forward, Refusal, Reply } from './decide.ts';
import type { Gateway } from './gateway.ts';
import type { Admission } from './limits.ts';
import { RequestBody } from './request_body.ts';
import type { RequestHead } from './request_head.ts';
import { responseHeaders } from './response_headers.ts';
import { failureOf } from './upstream_failure.ts';
import type { Upstreams, UpstreamTarget } from './upstreams.ts';

/** What all exchanges of a lane share. */
export interface Lane {
  readonly gateway: Gateway;
  readonly clock: Clock;
  readonly report: (exchange: Exchange) => void;
  readonly upstreams: Upstreams;
}

/** An answer whose whole body is no longer than this is written together with its head, in bytes. */
const ONE_WRITE = 16_384;

/** nginx's word for "the caller left before it was answered". */
const CALLER_LEFT = 499;

/** Why an exchange was taken away from the upstream. */
class Abandoned extends Error {
  override readonly name = 'Abandoned';
}
/** The upstream said that it would answer, and did not in time. */
class OnlyInterim extends Error {
  override readonly name = 'OnlyInterim';
  readonly code = 'ETIMEDOUT';
}
class UnusableResponse extends Error {
  override readonly name = 'UnusableResponse';
}

/**
 * One exchange, from the request head to the last byte. It is its own dispatch handler and holds its state in fields rather than
 * in closures: at tens of thousands per second the difference shows.
 */
export class Passage implements Dispatcher.DispatchHandler {
  readonly #lane: Lane;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #started: number;
  #facts: DecisionFacts | undefined;
  #forward: Forward | undefined;
  #refusal: Reply | undefined;
  #admission: Admission | undefined;
  #target: UpstreamTarget | undefined;
  #body: RequestBody | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  /** Body bytes that `Content-Length` still promises; -1 if it says nothing. */
  #promised = -1;
  #sent = 0;
  /** Whether the last byte of the answer has been written. */
  #answered = false;
  /** Whether the exchange is over, answered or not. */
  #over = false;
  #cut = false;
  /** Left to the app that the gateway is mounted in. */
  #notOurs = false;
  #stalled: NodeJS.Timeout | undefined;
  #unanswered: NodeJS.Timeout | undefined;

  constructor(lane: Lane, request: IncomingMessage, response: ServerResponse) {
    this.#lane = lane;
    this.#request = request;
    this.#response = response;
    this.#started = lane.clock.monotonic();
  }

  /** @param otherwise called when no route covers the request; without it, that is a 404. */
  start(head: RequestHead, otherwise: (() => void) | undefined): void {
    this.#response.on('close', () => this.#end());
    try {
      const decision = this.#lane.gateway.decide(head);
      if (decision instanceof Promise) {
        decision.then((later) => this.#settle(later, otherwise)).catch((error) => this.#fail(error));
      } else {
        this.#settle(decision, otherwise);
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  #settle(decision: Decision, otherwise: (() => void) | undefined): void {
    this.#facts = decision;
    if ('forward' in decision) {
      this.#forward = decision.forward;
      const admitted = this.#lane.gateway.admit(decision.forward);
      if (admitted instanceof Promise) {
        admitted.then((later) => this.#pass(later)).catch((error) => this.#fail(error));
      } else {
        this.#pass(admitted);
      }
    } else if ('refuse' in decision) {
      this.#refuse(decision.refuse);
    } else if ('reply' in decision) {
      this.#refuse(decision.reply);
    } else if (otherwise === undefined) {
      this.#refuse(decision.noRoute);
    } else {
      this.#notOurs = true;
      otherwise();
    }
  }

  #pass(admitted: Admission | Refusal): void {
    if ('failure' in admitted) {
      this.#refuse(admitted);
      return;
    }
    this.#admission = admitted;
    // The caller may have left while the store or the limiter was asked.
    if (this.#over) admitted.release();
    else if (this.#forward !== undefined) this.#send(this.#forward);
  }

  #send(forward: Forward): void {
    const { upstream } = forward.route;
    const target = this.#lane.upstreams.next(forward.route);
    this.#target = target;
    if (forward.hasBody) {
      this.#body = new RequestBody(this.#request, { idleTimeout: upstream.idleTimeout, scan: forward.scanBody });
      if (forward.expectsContinue) this.#response.writeContinue();
    }
    target.pool.dispatch(
      {
        // Any token is a method to undici; its type lists the common ones.
        method: this.#request.method as Dispatcher.HttpMethod,
        path: target.basePath + forward.target,
        headers: forward.headers,
        body: this.#body ?? null,
        headersTimeout: upstream.timeout,
        bodyTimeout: upstream.idleTimeout,
      },
      this,
    );
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#over) controller.abort(new Abandoned());
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    // Informational: what comes after it is the answer (RFC 9110 §15.2).
    if (status < 200) {
      this.#awaitAnswer(controller);
      return;
    }
    if (this.#unanswered !== undefined) clearTimeout(this.#unanswered);
    // undici types three forms; HTTP/1.1 gives the list.
    const answer = responseHeaders((controller.rawHeaders ?? []) as (Buffer | string)[], status);
    if (answer === undefined) throw new UnusableResponse();
    if (answer.length !== undefined) this.#promised = answer.length;
    const headers = answerHeaders(answer.headers, this.#facts, this.#forward, this.#admission);
    // Answered before the whole request came: the rest of it must not be taken for the next one.
    if (this.#body !== undefined && !this.#request.complete) {
      headers.push('Connection', 'close');
      takeNoMore(this.#request);
    }
    this.#response.writeHead(status, headers);
    queueMicrotask(() => this.#flushHead());
  }

  /** undici starts its own timer anew with every interim answer: an upstream could go on hinting for ever. */
  #awaitAnswer(controller: Dispatcher.DispatchController): void {
    this.#unanswered ??= setTimeout(() => controller.abort(new OnlyInterim()), this.#forward?.route.upstream.timeout);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#over || this.#answered) return;
    this.#sent += chunk.length;
    if (this.#promised === this.#sent && (this.#body === undefined || this.#request.complete)) {
      this.#answered = true;
      // As a string it leaves in one write together with the head; latin1 keeps every byte as it is.
      if (this.#sent === chunk.length && chunk.length <= ONE_WRITE)
        this.#response.end(chunk.toString('latin1'), 'latin1');
      else this.#response.end(chunk);
    } else if (!this.#response.write(chunk)) {
      controller.pause();
      this.#response.once('drain', () => {
        clearTimeout(this.#stalled);
        controller.resume();
      });
      // A caller that does not read must not hold the upstream's connection for ever.
      this.#stalled = setTimeout(() => this.#response.destroy(), this.#forward?.route.upstream.idleTimeout);
    }
  }

  onResponseEnd(): void {
    if (this.#over || this.#answered) return;
    this.#answered = true;
    this.#body?.destroy();
    if (this.#body === undefined) this.#response.end();
    else finish(this.#request, this.#response);
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    if (this.#over || this.#answered) return;
    if (this.#response.headersSent) this.#cutOff();
    else this.#refuse(this.#lane.gateway.refuse(failureOf(error), this.#forward?.route, error));
  }

  #refuse(refusal: Reply): void {
    this.#refusal = refusal;
    if (this.#over) return;
    this.#answered = true;
    this.#body?.destroy();
    answerRefusal(this.#request, this.#response, refusal, this.#facts);
  }

  /** The head is out and the rest will never come: only a broken connection says so. */
  #cutOff(): void {
    this.#cut = true;
    const socket = this.#response.socket;
    // Without a length or chunks, a plain close would be the end of a complete body.
    if (socket !== null && !(socket instanceof TLSSocket) && this.#request.httpVersion === '1.0')
      socket.resetAndDestroy();
    else this.#response.destroy();
  }

  /** Sends the head alone if no part of the body came along with it: event streams begin long before they say something. */
  #flushHead(): void {
    if (!this.#answered && !this.#over && this.#sent === 0) this.#response.flushHeaders();
  }

  /** An error that nobody foresaw: it is answered and told, and harms no other exchange. */
  #fail(error: unknown): void {
    if (this.#over || this.#answered) return;
    const failure: Failure = {
      code: 'server_error',
      description: 'Something went wrong here; the request id names it.',
    };
    if (this.#response.headersSent) this.#cutOff();
    else this.#refuse(this.#lane.gateway.refuse(failure, this.#forward?.route, error));
  }

  /** The one end of every exchange: answered, cut, or left by the caller. */
  #end(): void {
    if (this.#notOurs) return;
    this.#over = true;
    if (this.#stalled !== undefined) clearTimeout(this.#stalled);
    if (this.#unanswered !== undefined) clearTimeout(this.#unanswered);
    if (!this.#answered) this.#controller?.abort(new Abandoned());
    this.#body?.destroy();
    this.#admission?.release();
    this.#report();
  }

  #report(): void {
    const record = this.#forward?.record ?? this.#refusal?.record;
    this.#lane.report({
      requestId: this.#facts?.requestId ?? '',
      method: this.#request.method ?? '',
      path: this.#facts?.path ?? '',
      route: this.#forward?.route.name ?? this.#refusal?.route?.name,
      client: record?.client,
      user: record?.user?.subject,
      status: this.#response.headersSent && (this.#answered || this.#cut) ? this.#response.statusCode : CALLER_LEFT,
      duration: milliseconds(this.#lane.clock.monotonic() - this.#started),
      refused: this.#refusal?.failure?.code,
      fault: this.#refusal?.fault,
      upstream: this.#target?.origin,
      cache: this.#facts?.cache,
      bytesIn: this.#body?.received,
      bytesOut: this.#sent,
      cut: this.#cut || undefined,
    });
  }
}
