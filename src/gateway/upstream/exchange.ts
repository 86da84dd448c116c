/**
 * What a lane and the upstream side say to each other about one call. Both lanes (and nobody else) speak it, so that connections,
 * their limits, health, retries and time-outs exist once, whatever way a call came in.
 */
import type { Socket } from 'node:net';
import type { Route } from '../../model/route.ts';

/** How the end of a body is known, if there is one. */
export type BodyFraming = 'none' | 'length' | 'chunked';

/** A call as it leaves. Host, `Connection` and the framing of the body are written by the upstream side. */
export interface Outgoing {
  readonly route: Route;
  readonly method: string;
  /** Path and query, origin-form, without the base path of a target. */
  readonly target: string;
  /** Names and values in turn, end to end only; `Content-Length` is among them if `body` is `length`. */
  readonly headers: readonly string[];
  /** The last of them once more, as text. */
  readonly ours?: WrittenLines | undefined;
  readonly body: BodyFraming;
  /** Calls of the same user or client have the same; for targets chosen by hash. */
  readonly affinity?: string | undefined;
  /**
   * Asks the upstream to switch to this protocol: `Connection: Upgrade` and `Upgrade` are written for it. Only with `body: 'none'`.
   * The connection is not used for another call, whatever the answer.
   */
  readonly upgrade?: 'websocket' | undefined;
}

/** Header lines in the form in which they are sent, so that those that many calls share are checked and joined once. */
export interface WrittenLines {
  /** Where in the list they begin; they are its last. */
  readonly from: number;
  /** Each with its end. It is made of `HeaderLines`, for nobody looks at it again. */
  readonly text: string;
}

/** The head of an answer, as it may go on to the caller. */
export interface AnswerHead {
  readonly status: number;
  /** Names and values in turn, end to end only, `content-length` among them if there is one. */
  readonly headers: string[];
  /** Bytes of the body; -1 if only its end will tell. 0 where there is none (HEAD, 204, 304). */
  readonly length: number;
}

/**
 * The lane's half: `onWhole` alone, or `onHead`, any number of `onData`, then `onEnd`. `onError` may come at any point instead, and
 * is the last. Interim answers (1xx) are not told.
 */
export interface AnswerReader {
  /**
   * A short answer that came in one piece, after the whole request had gone out: begin and end in one.
   * @param body latin1, every character a byte; empty if there is none.
   */
  onWhole(head: AnswerHead, body: string): void;
  /**
   * The answer begins.
   * @param more `onData`, `onEnd` or `onError` follows in the same breath, so the head need not be sent alone.
   */
  onHead(head: AnswerHead, more: boolean): void;
  /** @param chunk the reader's to keep. @returns false to be spared more until `resume`; what was read in one go still comes. */
  onData(chunk: Buffer): boolean;
  /** @param trailers names and values in turn, end to end only; undefined if there were none. */
  onEnd(trailers: readonly string[] | undefined): void;
  /** No answer, or no whole one. Before `onHead` it can still be refused in words; after it the caller must be cut off. */
  onError(error: UpstreamError): void;
  /** After `write` said false: more may be written. */
  onDrain(): void;
  /**
   * The upstream answered 101 and named exactly the protocol of `upgrade` (any other 101 is nonsense). Comes instead of `onHead`
   * and is the last: connection, its errors and its end belong to the reader from now on.
   * @param connection paused, without listeners of ours.
   * @param first what came behind the head.
   */
  onSwitch?(head: AnswerHead, connection: Socket, first: Buffer): void;
}

/** The upstream's half: a call under way. */
export interface Sending {
  /** Where it went, for the log; undefined until a target was chosen. */
  readonly origin: string | undefined;
  /** @returns false to wait for `onDrain`. What was given must not change afterwards. */
  write(chunk: Buffer): boolean;
  /** The body is complete. */
  end(): void;
  /** Continues after `onData` said false. */
  resume(): void;
  /** Lets go of what was sent, when the answer has begun: none of it is asked for again. */
  forgetHead(): void;
  /** Takes the call away: nothing is told afterwards, and its connection is not used again. */
  abort(): void;
}

/** What went wrong, by what it means to the caller; says nothing of the network behind the gateway. */
export type UpstreamProblem =
  /** No connection, or it broke before an answer. */
  | 'unreachable'
  /** Connecting, or the head of the answer, took too long; or the body paused too long. */
  | 'timeout'
  /** Bytes that are no HTTP/1.1 answer, or one that can be read in more than one way. */
  | 'nonsense'
  /** Broke off in the middle of the answer. */
  | 'cut'
  /** Every target is out, or has as many calls as it may. */
  | 'overloaded'
  /** The call is none that can be sent: a header could end its line, or the body is not as long as was said. */
  | 'unsendable';

export class UpstreamError extends Error {
  override readonly name = 'UpstreamError';
  readonly problem: UpstreamProblem;
  /** The class of the cause for the log (`ECONNREFUSED`, `two_lengths`); never a message of the upstream. */
  readonly code: string;
  constructor(problem: UpstreamProblem, code: string) {
    super(`the upstream is at fault: ${problem} (${code})`);
    this.problem = problem;
    this.code = code;
  }
}

/** How one target of one route is. */
export interface TargetStatus {
  /** The name of the route. */
  readonly upstream: string;
  /** Its origin and base path. */
  readonly target: string;
  /** Whether it gets calls. */
  readonly healthy: boolean;
  /** Calls and checks that failed since the start. */
  readonly failures: number;
  /** Calls that were sent there and are not over. */
  readonly inFlight: number;
}

/** Routes that could be those in use: one of the two is to be called, once. */
export interface PreparedRoutes {
  /** Puts them in the place of the present ones. Calls that were decided before go where they were to go. */
  use(): void;
  /** Forgets them. */
  drop(): void;
}

/** The upstreams of all routes: their targets, connections, health. */
export interface Upstreams {
  /** Sends a call to the target whose turn it is. Tells `reader` everything that follows, never before this returns. */
  send(call: Outgoing, reader: AnswerReader): Sending;
  /** Every target of every route that has been used or was named at the start. */
  status(): readonly TargetStatus[];
  /**
   * Makes what other routes need. Targets that they share with the present ones, on the same terms, keep their connections and what
   * is known of their health.
   * @throws Error when a target is none, or one of its PEM files cannot be used; nothing has changed then.
   */
  prepare(routes: readonly Route[]): PreparedRoutes;
  /** Asks no target how it is any more: calls under way go on where they can. */
  stopChecks(): void;
  /** Lets calls under way finish, then closes every connection. Safe to call twice. */
  close(): Promise<void>;
}
