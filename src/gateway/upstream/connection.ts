import type { Socket } from 'node:net';
import { type Milliseconds, milliseconds } from '../../model/units.ts';
import { READS } from '../reads.ts';
import { atTurnEnd, type Waiting } from '../turn_end.ts';
import type { ReadHead } from './answer_head.ts';
import { type AnswerFault, AnswerParser, type AnswerSink } from './answer_parser.ts';
import { CallWriter, type CommonLines } from './call_writer.ts';
import type { Carried } from './carried.ts';
import { deadlines, NEVER, type Watched } from './deadlines.ts';
import { type Address, dial } from './dial.ts';
import { UpstreamError, type UpstreamProblem } from './exchange.ts';
import { KeepAlive } from './keep_alive.ts';

/** Whose connection it is. */
export interface Owner {
  readonly address: Address;
  readonly common: CommonLines;
  readonly connectTimeout: Milliseconds;
  /** It may carry another call. */
  onIdle(connection: Connection): void;
  /** It is closed, or will be presently. */
  onClosed(connection: Connection): void;
}

/**
 * One connection to an upstream: writes one call, reads its answer, and is then idle for the next one, or closed. It must not know
 * which call comes next, nor what an answer is for.
 */
export class Connection implements Watched, Waiting, AnswerSink {
  deadline = NEVER;
  readonly #owner: Owner;
  readonly #socket: Socket;
  readonly #writer: CallWriter;
  readonly #parser: AnswerParser;
  #call: Carried | undefined;
  #state: 'connecting' | 'open' | 'closed' = 'connecting';
  /** Whether the call waits until everything is read that was there to be read. Nothing of it is written until then. */
  #waits = false;
  /** Whether the reader asked to be spared more. */
  #paused = false;
  readonly #keepAlive = new KeepAlive();

  /** @param call is carried as soon as the connection is there. */
  constructor(owner: Owner, call: Carried) {
    this.#owner = owner;
    this.#call = call;
    const { address, common, connectTimeout } = owner;
    // One that may switch protocols is handed over as it is, so it must work in the ordinary way.
    const ordinary = call.outgoing.upgrade !== undefined;
    const socket = ordinary
      ? dial(address)
      : dial(address, { buffer: READS, callback: (length) => this.#read(READS, length) });
    this.#socket = socket;
    this.#writer = new CallWriter(socket, common);
    this.#parser = new AnswerParser(this);
    if (ordinary) socket.on('data', this.#onData);
    socket.on(address.tls === undefined ? 'connect' : 'secureConnect', this.#onConnect);
    socket.on('end', this.#onEnd).on('error', this.#onError).on('close', this.#onClose).on('drain', this.#onDrain);
    this.deadline = Math.min(deadlines.in(connectTimeout), call.mustEnd);
    deadlines.watch(this);
  }

  /**
   * Takes the next call, only while it is idle, and writes it when the turn is over. Until then the end of the connection may stand
   * among what is about to be read, and nothing must have been written: an upstream that closes may still read.
   */
  carry(call: Carried): void {
    this.#call = call;
    this.#waits = true;
    this.deadline = NEVER;
    atTurnEnd(this);
  }

  onTurnEnd(): void {
    this.#waits = false;
    const call = this.#call;
    if (call === undefined) return;
    this.#begin(call);
    call.onReady();
  }

  /** @returns false to wait for `onDrain`. */
  write(chunk: Buffer): boolean {
    const writer = this.#writer;
    if (writer.sent || this.#call === undefined) return true;
    if (!writer.write(chunk)) {
      this.#fail('unsendable', 'body_too_long');
      return true;
    }
    if (this.#parser.awaitsHead) this.#awaitBody(this.#call);
    return !writer.full;
  }

  /** The body is complete. */
  end(): void {
    const call = this.#call;
    if (this.#writer.sent || call === undefined) return;
    if (!this.#writer.end()) this.#fail('unsendable', 'body_too_short');
    else if (this.#parser.awaitsHead) this.#arm(call, call.outgoing.route.upstream.timeout);
  }

  resume(): void {
    const call = this.#call;
    if (!this.#paused || call === undefined) return;
    this.#paused = false;
    this.#arm(call, call.outgoing.route.upstream.idleTimeout);
    this.#socket.resume();
  }

  /** Closes it at once, whatever it carries, and tells nobody but its owner. */
  drop(): void {
    this.#call = undefined;
    this.#close();
  }

  onDeadline(): void {
    const call = this.#call;
    if (call === undefined) this.#close();
    else if (deadlines.passed(call.mustEnd)) this.#fail('timeout', 'total_timeout');
    else if (this.#state === 'connecting') this.#fail('timeout', 'connect_timeout');
    else this.#fail('timeout', this.#parser.awaitsHead ? 'head_timeout' : 'body_timeout');
  }

  #arm(call: Carried, time: Milliseconds): void {
    this.deadline = Math.min(deadlines.in(time), call.mustEnd);
  }

  /** While the body is under way: whoever reads the caller notices first if it is the caller who pauses. */
  #awaitBody(call: Carried): void {
    const { timeout, idleTimeout } = call.outgoing.route.upstream;
    this.#arm(call, this.#writer.full ? idleTimeout : milliseconds(idleTimeout + timeout));
  }

  #begin(call: Carried): void {
    const { outgoing } = call;
    this.#parser.begin(outgoing.method, outgoing.upgrade);
    if (!this.#writer.begin(outgoing, call.basePath)) this.#fail('unsendable', 'bad_head');
    else if (this.#writer.sent) this.#arm(call, outgoing.route.upstream.timeout);
    else this.#awaitBody(call);
  }

  readonly #onConnect = (): void => {
    const call = this.#call;
    if (call === undefined) return;
    this.#state = 'open';
    this.#begin(call);
    call.onReady();
  };

  readonly #onDrain = (): void => {
    this.#writer.full = false;
    const call = this.#call;
    if (this.#writer.sent || call === undefined) return;
    if (this.#parser.awaitsHead) this.#awaitBody(call);
    call.onDrain();
  };

  readonly #onData = (chunk: Buffer): void => {
    this.#read(chunk, chunk.length);
  };

  /** @returns false to be read from no more until `resume`. */
  #read(bytes: Buffer, length: number): boolean {
    if (this.#call === undefined || this.#waits || this.#writer.held) {
      // Nobody has asked, so it is the answer to nothing.
      if (this.#call === undefined) this.#close();
      else this.#fail('unreachable', 'early_answer');
      return true;
    }
    try {
      this.#parser.take(bytes, length);
    } catch (error) {
      // What a reader throws must harm no other call.
      this.#fail('nonsense', error instanceof Error ? error.name : 'unknown');
    }
    return !this.#paused;
  }

  onWhole(head: ReadHead, body: string, clean: boolean): void {
    const call = this.#call;
    if (call === undefined) return;
    this.#answered(call, head);
    const { sent } = this.#writer;
    this.#finish(call, clean);
    if (sent) call.reader.onWhole(head, body);
    else {
      call.reader.onHead(head, true);
      if (body !== '') call.reader.onData(Buffer.from(body, 'latin1'));
      call.reader.onEnd(undefined);
    }
  }

  onHead(head: ReadHead, more: boolean): void {
    const call = this.#call;
    if (call === undefined) return;
    this.#answered(call, head);
    this.#arm(call, call.outgoing.route.upstream.idleTimeout);
    call.reader.onHead(head, more);
  }

  onData(chunk: Buffer): void {
    const call = this.#call;
    if (call === undefined) return;
    const { idleTimeout } = call.outgoing.route.upstream;
    this.#arm(call, idleTimeout);
    if (call.reader.onData(chunk) || this.#paused || this.#call !== call) return;
    this.#paused = true;
    // Its reader is watched by whoever writes to it; this is for the case that it is not.
    this.#arm(call, milliseconds(2 * idleTimeout));
    this.#socket.pause();
  }

  onProgress(): void {
    const call = this.#call;
    if (call !== undefined) this.#arm(call, call.outgoing.route.upstream.idleTimeout);
  }

  onEnd(trailers: readonly string[] | undefined, clean: boolean): void {
    const call = this.#call;
    if (call === undefined) return;
    this.#finish(call, clean);
    call.reader.onEnd(trailers);
  }

  onSwitch(head: ReadHead, rest: Buffer): void {
    const call = this.#call;
    if (call === undefined) return;
    const socket = this.#socket;
    this.#call = undefined;
    socket.off('connect', this.#onConnect).off('secureConnect', this.#onConnect).off('data', this.#onData);
    socket.off('end', this.#onEnd).off('error', this.#onError).off('close', this.#onClose).off('drain', this.#onDrain);
    socket.pause();
    this.#state = 'closed';
    deadlines.forget(this);
    this.#owner.onClosed(this);
    call.onAnswered(head.status);
    call.onDone();
    if (call.reader.onSwitch === undefined) socket.destroy();
    else call.reader.onSwitch(head, socket, rest);
  }

  onFault(fault: AnswerFault): void {
    this.#fail('nonsense', fault);
  }

  #answered(call: Carried, head: ReadHead): void {
    this.#keepAlive.read(head);
    call.onAnswered(head.status);
  }

  /**
   * The answer is whole: lets go of the call and is ready for the next one, or closes. The reader is told after that, last of all:
   * it may send the next call at once.
   * @param clean whether nothing came behind the answer.
   */
  #finish(call: Carried, clean: boolean): void {
    this.#call = undefined;
    call.onDone();
    const { idleTime } = this.#keepAlive;
    if (!clean || !this.#writer.sent || call.outgoing.upgrade !== undefined || idleTime <= 0) {
      this.#close();
      return;
    }
    if (this.#paused) {
      this.#paused = false;
      this.#socket.resume();
    }
    this.deadline = deadlines.in(idleTime);
    this.#owner.onIdle(this);
  }

  readonly #onEnd = (): void => {
    if (this.#call === undefined || !this.#parser.end()) this.#broken('closed');
  };

  readonly #onError = (error: NodeJS.ErrnoException): void => this.#broken(error.code ?? error.name);

  readonly #onClose = (): void => this.#broken('closed');

  #broken(code: string): void {
    if (this.#call === undefined) this.#close();
    else if (this.#state === 'open' && !this.#waits && !this.#parser.awaitsHead) this.#fail('cut', code);
    else this.#fail(code === 'ETIMEDOUT' ? 'timeout' : 'unreachable', code);
  }

  #fail(problem: UpstreamProblem, code: string): void {
    const call = this.#call;
    this.#call = undefined;
    let unseen: 'unconnected' | 'stale' | undefined;
    if (this.#state === 'connecting') unseen = 'unconnected';
    // Anything less certain could make two calls of one.
    else if (problem === 'unreachable' && (this.#waits || this.#writer.held)) unseen = 'stale';
    this.#close();
    call?.onFailed(new UpstreamError(problem, code), unseen);
  }

  #close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#paused = false;
    this.#parser.stop();
    deadlines.forget(this);
    this.#socket.destroy();
    this.#owner.onClosed(this);
  }
}
