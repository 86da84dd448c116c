import type { IncomingMessage } from 'node:http';
import type { Bytes, Milliseconds } from '../model/units.ts';
import { TOKEN_PARAMETER } from './bearer.ts';
import { BodyPace, type BodyRate } from './body_pace.ts';
import { ParameterScan } from './parameter_scan.ts';
import { deadlines, NEVER, type Watched } from './upstream/deadlines.ts';

/** The form that a caller is sending carries a token (RFC 6750 §2.2), which is not accepted. */
export class TokenInBody extends Error {
  override readonly name = 'TokenInBody';
}

/** The caller stopped sending in the middle of the body. */
export class BodyStalled extends Error {
  override readonly name = 'BodyStalled';
}

/** The caller keeps sending, and less than the least rate. */
export class BodyTooSlow extends Error {
  override readonly name = 'BodyTooSlow';
}

/** The body is longer than its route takes, which its head did not say. */
export class BodyTooLong extends Error {
  override readonly name = 'BodyTooLong';
  readonly most: Bytes;
  constructor(most: Bytes) {
    super('the body is too long');
    this.most = most;
  }
}

export type BodyFault = TokenInBody | BodyStalled | BodyTooSlow | BodyTooLong;

/** Where a body goes. */
export interface BodySink {
  /** @returns false to be spared more until `resume`. */
  onBody(chunk: Buffer): boolean;
  onBodyEnd(): void;
  /** It will never be whole; the reading has stopped. Not told when the caller leaves: then the whole exchange is over. */
  onBodyFault(fault: BodyFault): void;
}

export interface BodyTerms {
  /** How long the caller may pause. */
  readonly idleTimeout: Milliseconds;
  /** How fast it must send. */
  readonly minRate: BodyRate;
  /** Whether it is a form, which must not carry a token. */
  readonly scan: boolean;
  /** Absent: as long as it likes. */
  readonly most?: Bytes | undefined;
}

/**
 * A request's body on its way upstream, chunk by chunk as fast as the slower side goes. A fault is told before the chunk that
 * brings it is passed on: the name `access_token`, and the byte that is too many, never leave.
 */
export class RequestBody implements Watched {
  deadline = NEVER;
  /** How many bytes have come so far. */
  received = 0;
  readonly #source: IncomingMessage;
  readonly #sink: BodySink;
  readonly #scan: ParameterScan | undefined;
  readonly #terms: BodyTerms;
  readonly #pace: BodyPace;
  /** A chunk that ends with the forbidden name: the next byte, or the end, says whether that is the whole name. */
  #held: Buffer | undefined;
  #stopped = false;

  constructor(source: IncomingMessage, terms: BodyTerms, sink: BodySink) {
    this.#source = source;
    this.#sink = sink;
    this.#terms = terms;
    this.#pace = new BodyPace(terms.minRate);
    this.#scan = terms.scan ? new ParameterScan(TOKEN_PARAMETER) : undefined;
  }

  start(): void {
    this.#source.on('data', this.#onData).on('end', this.#onEnd).on('close', this.#onClose);
    this.#pace.begin(this.#terms.idleTimeout);
    this.#expectMore();
    deadlines.watch(this);
    this.#source.resume();
  }

  resume(): void {
    if (this.#stopped) return;
    this.#expectMore();
    this.#source.resume();
  }

  /** Reads no more, and leaves the request itself alone, so that it can still be answered. Safe to call twice. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    deadlines.forget(this);
    this.#source.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose);
    this.#source.pause();
  }

  onDeadline(): void {
    this.#fault(this.#pace.isTooSlow ? new BodyTooSlow() : new BodyStalled());
  }

  readonly #onData = (chunk: Buffer): void => {
    this.received += chunk.length;
    const { most } = this.#terms;
    if (most !== undefined && this.received > most) {
      this.#fault(new BodyTooLong(most));
      return;
    }
    this.#pace.came(chunk.length);
    this.#expectMore();
    if (this.#scan !== undefined) {
      if (contains(this.#scan, chunk)) {
        this.#fault(new TokenInBody());
        return;
      }
      if (this.#scan.end()) {
        this.#held = this.#held === undefined ? chunk : Buffer.concat([this.#held, chunk]);
        return;
      }
    }
    const next = this.#held === undefined ? chunk : Buffer.concat([this.#held, chunk]);
    this.#held = undefined;
    if (this.#sink.onBody(next) || this.#stopped) return;
    // The upstream is the slow one; whoever writes to it watches over that.
    this.deadline = NEVER;
    this.#pace.hold();
    this.#source.pause();
  };

  #expectMore(): void {
    this.deadline = this.#pace.until(this.#terms.idleTimeout);
  }

  readonly #onEnd = (): void => {
    if (this.#scan?.end()) {
      this.#fault(new TokenInBody());
      return;
    }
    this.#finish();
    this.#sink.onBodyEnd();
  };

  readonly #onClose = (): void => this.#finish();

  #finish(): void {
    this.#stopped = true;
    deadlines.forget(this);
    this.#source.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose);
  }

  #fault(fault: BodyFault): void {
    this.stop();
    this.#sink.onBodyFault(fault);
  }
}

function contains(scan: ParameterScan, chunk: Buffer): boolean {
  for (const byte of chunk) {
    if (scan.next(byte)) return true;
  }
  return false;
}
