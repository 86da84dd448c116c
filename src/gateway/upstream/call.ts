import type { Connection } from './connection.ts';
import { deadlines, NEVER } from './deadlines.ts';
import { type AnswerReader, type Outgoing, type Sending, UpstreamError } from './exchange.ts';
import type { Passenger } from './pool.ts';
import type { UpstreamTarget } from './target.ts';

/** What all calls share. */
export interface Dispatch {
  /** The next target of the route. @param tried could not be connected to. @returns undefined if there is nowhere (else) to go. */
  pick(call: Outgoing, tried: UpstreamTarget | undefined): UpstreamTarget | undefined;
}

/** Sending these twice does what sending them once does (RFC 9110 §9.2.2). */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);

/** A call from the moment it is sent until it is over: where it is, what waits to be written, and whether it may be sent again. */
export class Call implements Sending, Passenger {
  outgoing: Outgoing;
  readonly reader: AnswerReader;
  readonly mustEnd: number;
  readonly #dispatch: Dispatch;
  #target: UpstreamTarget | undefined;
  #connection: Connection | undefined;
  /** Written before there was a connection. */
  #kept: Buffer[] | undefined;
  #ended: boolean;
  #ready = false;
  #over = false;
  #again: boolean;
  /** How many answers its target had given when it was sent. */
  #answersBefore = 0;
  /** Whether the sender is still in `send`: it must be told nothing before it has what it is told about. */
  #sending = true;

  constructor(outgoing: Outgoing, reader: AnswerReader, dispatch: Dispatch) {
    const { totalTimeout, retries } = outgoing.route.upstream;
    this.outgoing = outgoing;
    this.reader = reader;
    this.#dispatch = dispatch;
    this.mustEnd = totalTimeout === undefined ? NEVER : deadlines.in(totalTimeout);
    this.#ended = outgoing.body === 'none';
    this.#again = retries !== 0;
  }

  get basePath(): string {
    return this.#target?.basePath ?? '';
  }

  get origin(): string | undefined {
    return this.#target?.origin;
  }

  /** Sends it to the target whose turn it is. */
  start(): void {
    const target = this.#dispatch.pick(this.outgoing, undefined);
    if (target === undefined) this.#tell(new UpstreamError('overloaded', 'no_target'));
    else this.#go(target, false);
    this.#sending = false;
  }

  write(chunk: Buffer): boolean {
    if (this.#over) return true;
    if (this.#ready && this.#connection !== undefined) return this.#connection.write(chunk);
    this.#kept ??= [];
    this.#kept.push(chunk);
    return false;
  }

  end(): void {
    if (this.#over || this.#ended) return;
    this.#ended = true;
    if (this.#ready) this.#connection?.end();
  }

  resume(): void {
    this.#connection?.resume();
  }

  forgetHead(): void {
    this.outgoing = { ...this.outgoing, target: '', headers: [] };
  }

  abort(): void {
    if (this.#over) return;
    this.#leave();
    if (this.#connection === undefined) this.#target?.pool.leave(this);
    else this.#connection.drop();
  }

  onBoard(connection: Connection): void {
    this.#connection = connection;
  }

  onReady(): void {
    if (this.#over || this.outgoing.body === 'none') return;
    this.#ready = true;
    const kept = this.#kept;
    this.#kept = undefined;
    let free = true;
    if (kept !== undefined) {
      for (const chunk of kept) free = this.#connection?.write(chunk) === true;
    }
    if (this.#ended) this.#connection?.end();
    else if (kept !== undefined && free) this.reader.onDrain();
  }

  onDrain(): void {
    if (!this.#over && !this.#ended) this.reader.onDrain();
  }

  onAnswered(status: number): void {
    const target = this.#target;
    target?.group.answered(target, status);
  }

  onDone(): void {
    this.#leave();
    this.#connection = undefined;
  }

  onFailed(error: UpstreamError, unseen: 'unconnected' | 'stale' | undefined): void {
    if (this.#over) return;
    const target = this.#target;
    // What is wrong with the call itself is no fault of the target's, and a connection that was let go of in time is none.
    if (unseen !== 'stale' && error.problem !== 'unsendable') target?.group.failed(target, error, this.#answersBefore);
    this.#connection = undefined;
    this.#ready = false;
    if (unseen !== undefined && this.#again && IDEMPOTENT.has(this.outgoing.method) && target !== undefined) {
      const next = unseen === 'stale' ? target : this.#dispatch.pick(this.outgoing, target);
      if (next !== undefined && (unseen === 'stale' || next !== target)) {
        this.#again = false;
        target.inFlight--;
        this.#go(next, unseen === 'stale');
        return;
      }
    }
    this.#leave();
    this.#tell(error);
  }

  #go(target: UpstreamTarget, fresh: boolean): void {
    this.#target = target;
    this.#answersBefore = target.answers;
    target.inFlight++;
    target.pool.carry(this, fresh);
  }

  #leave(): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#target !== undefined) this.#target.inFlight--;
  }

  #tell(error: UpstreamError): void {
    this.#over = true;
    if (this.#sending) process.nextTick(() => this.reader.onError(error));
    else this.reader.onError(error);
  }
}
