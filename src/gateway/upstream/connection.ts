import type { Socket } from 'node:net';
import { type Milliseconds, milliseconds } from '../../model/units.ts';
import { type ReadHead, readAnswerHead } from './answer_head.ts';
import { Chunks } from './chunks.ts';
import { deadlines, NEVER, type Watched } from './deadlines.ts';
import { type Address, dial } from './dial.ts';
import { type AnswerReader, type Outgoing, UpstreamError, type UpstreamProblem } from './exchange.ts';
import { declaredLength, expectsBody, outgoingHead } from './outgoing_head.ts';
import { currentBatch, isCurrent, type ReadBatch } from './read_batch.ts';

/** A call, as far as the connection that carries it must know it. */
export interface Carried {
  readonly outgoing: Outgoing;
  readonly reader: AnswerReader;
  /** Goes in front of its path; empty, or `/base` without a slash at its end. */
  readonly basePath: string;
  /** When it must be over, on the clock of `Deadlines`. */
  readonly mustEnd: number;
  /** A connection was opened for it. */
  onConnected(): void;
  /** The connection is there and has nothing of the body yet. */
  onReady(): void;
  /** More of the body may be written. */
  onDrain(): void;
  /** The final head is there; nothing can be sent again from now on. */
  onAnswered(status: number): void;
  /** The answer is whole. Called before the reader is told. */
  onDone(): void;
  /** @param unseen how it is certain that the upstream saw nothing of it; undefined if it is not. */
  onFailed(error: UpstreamError, unseen: 'unconnected' | 'stale' | undefined): void;
}

/** Whose connection it is. */
export interface Owner {
  readonly address: Address;
  /** The rest of the request line after the target, and the lines that every call has; the same of one that asks to switch. */
  readonly behindTarget: string;
  readonly behindUpgrade: string;
  readonly connectTimeout: Milliseconds;
  /** It may carry another call. */
  onIdle(connection: Connection): void;
  /** It is closed, or will be presently. */
  onClosed(connection: Connection): void;
}

/** One read of a socket is never longer, so neither is what must be taken of a connection that is to pause. */
const READ_SIZE = 65_536;
/** Every read of every connection, used up before the next one: what is kept of it is copied. */
const READS = Buffer.allocUnsafeSlow(READ_SIZE);

/** So much of a read is decoded in search of a head at first: most answers are shorter, some are files. */
const FIRST_LOOK = 4_096;
/** A longer head is not waited for. Cookies and policies of large applications stay well below it, and it fits one read. */
const MAX_HEAD = 65_536;
/** Hints and promises before the answer: more than a few are no way to talk. */
const MAX_INTERIM = 20;
/** Pieces of a body that are no longer than this leave as text with what stands before and behind them, in one write. */
const ONE_WRITE = 16_384;

/** A connection is closed before the upstream may close it: so long before the moment that it names, and after so long if it names none. */
const EARLIER = 1_000;
const IDLE_TIME = 4_000;
const LONGEST_IDLE_TIME = 600_000;

/**
 * One connection to an upstream: writes one call, reads its answer, and is then idle for the next one, or closed. It must not know
 * which call comes next, nor what an answer is for.
 */
export class Connection implements Watched {
  deadline = NEVER;
  readonly #owner: Owner;
  readonly #socket: Socket;
  readonly #isTls: boolean;
  #call: Carried | undefined;
  #phase: 'connecting' | 'idle' | 'head' | 'length' | 'chunked' | 'close' | 'closed' = 'connecting';

  /** Set while a call is carried that was written on a connection that had been idle, and nothing has come back. */
  #written: ReadBatch | undefined;
  /** The head of a call whose body has not begun. */
  #held = '';
  /** Body bytes that the call still owes; -1 if it is chunked. */
  #owed = 0;
  /** Whether the whole call is written. */
  #sent = true;
  #full = false;

  /** The beginning of a head that has not ended. */
  #begun = '';
  #interim = 0;
  #head: ReadHead | undefined;
  /** Body bytes that the answer still owes. */
  #left = 0;
  #chunks: Chunks | undefined;
  /** Whether the reader has the head: it is told together with what comes along with it. */
  #told = true;
  /** The reader asked to be spared more. */
  #paused = false;
  #keepAliveTerms: string | undefined;
  #idleTime = IDLE_TIME;

  /** @param call is carried as soon as the connection is there. */
  constructor(owner: Owner, call: Carried) {
    this.#owner = owner;
    this.#call = call;
    this.#isTls = owner.address.tls !== undefined;
    // A connection that switches protocols is handed over as it is, so it must work in the ordinary way.
    const ordinary = call.outgoing.upgrade !== undefined;
    const socket = dial(
      owner.address,
      ordinary ? undefined : { buffer: READS, callback: (length) => this.#read(READS, length) },
    );
    this.#socket = socket;
    if (ordinary) socket.on('data', this.#onData);
    socket.on(this.#isTls ? 'secureConnect' : 'connect', this.#onConnect);
    socket.on('end', this.#onEnd).on('error', this.#onError).on('close', this.#onClose).on('drain', this.#onDrain);
    this.deadline = Math.min(deadlines.in(owner.connectTimeout), call.mustEnd);
    deadlines.watch(this);
  }

  /** Takes the next call. Only while it is idle. */
  carry(call: Carried): void {
    this.#call = call;
    this.#written = currentBatch();
    this.#begin(call);
  }

  /** @returns false to wait for `onDrain`. */
  write(chunk: Buffer): boolean {
    const socket = this.#socket;
    const { length } = chunk;
    if (length === 0 || this.#sent) return true;
    const chunked = this.#owed < 0;
    let before = this.#held;
    this.#held = '';
    if (chunked) before += `${before === '' ? '' : 'transfer-encoding: chunked\r\n\r\n'}${length.toString(16)}\r\n`;
    else if (length > this.#owed) {
      this.#fail('unreachable', 'body_too_long');
      return true;
    } else this.#owed -= length;
    const behind = chunked ? '\r\n' : '';
    let free: boolean;
    if (length > ONE_WRITE || (before === '' && behind === '')) {
      socket.cork();
      if (before !== '') socket.write(before, 'latin1');
      free = socket.write(chunk);
      if (behind !== '') free = socket.write(behind, 'latin1');
      socket.uncork();
    } else {
      free = socket.write(before + chunk.toString('latin1') + behind, 'latin1');
    }
    this.#full = !free;
    if (this.#phase === 'head') this.#awaitBody();
    return free;
  }

  /** The body is complete. */
  end(): void {
    const call = this.#call;
    if (this.#sent || call === undefined) return;
    if (this.#owed > 0) {
      this.#fail('unreachable', 'body_too_short');
      return;
    }
    this.#sent = true;
    if (this.#owed < 0) {
      if (this.#held === '') this.#socket.write('0\r\n\r\n', 'latin1');
      else
        this.#socket.write(
          `${this.#held}${expectsBody(call.outgoing.method) ? 'content-length: 0\r\n' : ''}\r\n`,
          'latin1',
        );
      this.#held = '';
    }
    if (this.#phase === 'head') this.#arm(call.outgoing.route.upstream.timeout);
  }

  resume(): void {
    const call = this.#call;
    if (!this.#paused || call === undefined) return;
    this.#paused = false;
    this.#arm(call.outgoing.route.upstream.idleTimeout);
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
    else if (this.#phase === 'connecting') this.#fail('timeout', 'connect_timeout');
    else if (this.#phase === 'head') this.#fail('timeout', 'head_timeout');
    else this.#fail('timeout', 'body_timeout');
  }

  #arm(time: Milliseconds): void {
    this.deadline = Math.min(deadlines.in(time), this.#call?.mustEnd ?? NEVER);
  }

  /** While the body is under way: whoever reads the caller notices first if it is the caller who pauses. */
  #awaitBody(): void {
    const upstream = this.#call?.outgoing.route.upstream;
    if (upstream === undefined) return;
    this.#arm(this.#full ? upstream.idleTimeout : milliseconds(upstream.idleTimeout + upstream.timeout));
  }

  #begin(call: Carried): void {
    const { outgoing } = call;
    const { behindTarget, behindUpgrade } = this.#owner;
    const length = outgoing.body === 'length' ? declaredLength(outgoing.headers) : 0;
    let head = outgoingHead(outgoing, call.basePath, outgoing.upgrade ? behindUpgrade : behindTarget);
    this.#phase = 'head';
    this.#interim = 0;
    if (head === undefined || length < 0) {
      this.#fail('unreachable', 'unsendable');
      return;
    }
    if (outgoing.body === 'none') {
      this.#sent = true;
      if (outgoing.upgrade !== undefined) head += `upgrade: ${outgoing.upgrade}\r\n`;
      else if (expectsBody(outgoing.method) && declaredLength(outgoing.headers) < 0) head += 'content-length: 0\r\n';
      this.#arm(outgoing.route.upstream.timeout);
      this.#socket.write(`${head}\r\n`, 'latin1');
      return;
    }
    // It leaves with the first piece of the body: a caller who sends none must not have begun anything.
    this.#sent = false;
    this.#full = false;
    this.#owed = outgoing.body === 'chunked' ? -1 : length;
    this.#held = this.#owed < 0 ? head : `${head}\r\n`;
    this.#awaitBody();
  }

  readonly #onConnect = (): void => {
    const call = this.#call;
    if (call === undefined) return;
    call.onConnected();
    this.#begin(call);
    call.onReady();
  };

  readonly #onDrain = (): void => {
    this.#full = false;
    if (this.#sent || this.#call === undefined) return;
    if (this.#phase === 'head') this.#awaitBody();
    this.#call.onDrain();
  };

  readonly #onData = (chunk: Buffer): void => {
    this.#read(chunk, chunk.length);
  };

  /** @returns false to be read from no more until `resume`. */
  #read(bytes: Buffer, length: number): boolean {
    try {
      this.#take(bytes, length);
    } catch (error) {
      // What a reader throws must harm no other call.
      this.#fail('nonsense', error instanceof Error ? error.name : 'unknown');
    }
    return !this.#paused;
  }

  #take(bytes: Buffer, length: number): void {
    let at = 0;
    while (at < length) {
      switch (this.#phase) {
        case 'head':
          at = this.#takeHead(bytes, at, length);
          break;
        case 'length':
        case 'close':
          at = this.#takeBody(bytes, at, length);
          break;
        case 'chunked':
          at = this.#takeChunks(bytes, at, length);
          break;
        default:
          // Nobody asked, so it is the answer to nothing.
          this.#close();
          return;
      }
    }
  }

  /** @returns where what was read ends. */
  #takeHead(bytes: Buffer, from: number, length: number): number {
    const call = this.#call;
    if (call === undefined) return length;
    // Nothing was asked yet.
    if (this.#held !== '') return this.#nonsense('early_answer', length);
    if (this.#written !== undefined) {
      // Over TLS, what was readable may have been something else than an answer.
      if (!this.#isTls && isCurrent(this.#written)) return this.#nonsense('early_answer', length);
      this.#written = undefined;
    }
    const tail = this.#begun.slice(-3);
    let text = tail + bytes.toString('latin1', from, Math.min(length, from + FIRST_LOOK));
    let end = text.indexOf('\r\n\r\n');
    if (end < 0 && length - from > FIRST_LOOK) {
      text = tail + bytes.toString('latin1', from, length);
      end = text.indexOf('\r\n\r\n');
    }
    const offset = this.#begun.length - tail.length;
    if (end < 0) {
      this.#begun += text.slice(tail.length);
      if (this.#begun.length > MAX_HEAD) return this.#nonsense('long_head', length);
      if (cannotBecomeHead(text, this.#begun)) return this.#nonsense('not_http', length);
      return length;
    }
    if (offset > 0) {
      text = this.#begun.slice(0, offset) + text;
      end += offset;
    }
    this.#begun = '';
    if (end > MAX_HEAD) return this.#nonsense('long_head', length);
    const head = readAnswerHead(text, 0, end, call.outgoing.method === 'HEAD');
    if (typeof head === 'string') return this.#nonsense(head, length);
    const read = from + end + 4 - offset - tail.length;
    if (head.status < 200) return this.#takeInterim(call, head, bytes.subarray(read, length), read, length);
    return this.#begins(call, head, text, end + 4, read, length);
  }

  #takeInterim(call: Carried, head: ReadHead, rest: Buffer, read: number, length: number): number {
    if (head.status === 101) {
      const { upgrade } = call.outgoing;
      if (upgrade === undefined || head.upgrade !== upgrade || call.reader.onSwitch === undefined)
        return this.#nonsense('bad_switch', length);
      this.#handOver(call, head, Buffer.from(rest));
      return length;
    }
    if (++this.#interim > MAX_INTERIM) return this.#nonsense('endless_interim', length);
    return read;
  }

  /** The final head is read. @param text has the first of the body too, from `bodyAt` on. */
  #begins(call: Carried, head: ReadHead, text: string, bodyAt: number, read: number, length: number): number {
    call.onAnswered(head.status);
    const bodyEnd = bodyAt + (head.framing === 'none' ? 0 : head.length);
    const whole = head.framing === 'none' || (head.framing === 'length' && bodyEnd <= text.length);
    if (whole && this.#sent) {
      const end = read + bodyEnd - bodyAt;
      this.#finish(call, head, end === length);
      call.reader.onWhole(head, bodyEnd === bodyAt ? '' : text.slice(bodyAt, bodyEnd));
      return length;
    }
    this.#head = head;
    this.#arm(call.outgoing.route.upstream.idleTimeout);
    if (head.framing === 'none') {
      this.#finish(call, head, false);
      call.reader.onHead(head, true);
      call.reader.onEnd(undefined);
      return length;
    }
    this.#phase = head.framing;
    this.#left = head.framing === 'length' ? head.length : Number.POSITIVE_INFINITY;
    this.#chunks = head.framing === 'chunked' ? new Chunks() : undefined;
    this.#told = this.#chunks === undefined || read === length;
    if (this.#told) call.reader.onHead(head, read < length);
    return read;
  }

  #takeBody(bytes: Buffer, from: number, length: number): number {
    const call = this.#call;
    const head = this.#head;
    if (call === undefined || head === undefined) return length;
    const end = Math.min(length, from + this.#left);
    this.#left -= end - from;
    const chunk = copyOf(bytes, from, end);
    if (this.#left === 0) {
      this.#finish(call, head, end === length);
      call.reader.onData(chunk);
      call.reader.onEnd(undefined);
      return length;
    }
    this.#give(call, chunk);
    return end;
  }

  #takeChunks(bytes: Buffer, from: number, length: number): number {
    const call = this.#call;
    const head = this.#head;
    const chunks = this.#chunks;
    if (call === undefined || head === undefined || chunks === undefined) return length;
    const end = chunks.take(bytes, from, length);
    if (typeof end === 'string') return this.#nonsense(end, length);
    const chunk = chunks.contentEnd > from ? copyOf(bytes, from, chunks.contentEnd) : undefined;
    if (!this.#told) {
      this.#told = true;
      call.reader.onHead(head, chunk !== undefined || chunks.ended);
      if (this.#call !== call) return length;
    }
    if (chunks.ended) {
      this.#finish(call, head, end === length);
      if (chunk !== undefined) call.reader.onData(chunk);
      call.reader.onEnd(chunks.trailers);
      return length;
    }
    if (chunk === undefined) this.#arm(call.outgoing.route.upstream.idleTimeout);
    else this.#give(call, chunk);
    return end;
  }

  /** Passes on a piece of a body that goes on. */
  #give(call: Carried, chunk: Buffer): void {
    this.#arm(call.outgoing.route.upstream.idleTimeout);
    if (call.reader.onData(chunk) || this.#call !== call) return;
    this.#paused = true;
    // Its reader is watched by whoever writes to it; this is for the case that it is not.
    this.#arm(milliseconds(2 * call.outgoing.route.upstream.idleTimeout));
    this.#socket.pause();
  }

  /**
   * The answer is whole: lets go of the call and is ready for the next one, or closes. The reader is told after that, last of all:
   * it may send the next call at once.
   * @param clean whether nothing came behind the answer.
   */
  #finish(call: Carried, head: ReadHead, clean: boolean): void {
    this.#call = undefined;
    this.#head = undefined;
    this.#chunks = undefined;
    this.#written = undefined;
    call.onDone();
    if (this.#paused) {
      this.#paused = false;
      this.#socket.resume();
    }
    if (!clean || !this.#sent || !head.keepAlive || this.#phase === 'closed' || call.outgoing.upgrade !== undefined) {
      this.#close();
      return;
    }
    if (head.keepAliveTerms !== this.#keepAliveTerms) {
      this.#keepAliveTerms = head.keepAliveTerms;
      this.#idleTime = idleTimeOf(head.keepAliveTerms);
    }
    if (this.#idleTime <= 0) {
      this.#close();
      return;
    }
    this.#phase = 'idle';
    this.deadline = deadlines.in(milliseconds(this.#idleTime));
    this.#owner.onIdle(this);
  }

  #handOver(call: Carried, head: ReadHead, first: Buffer): void {
    const socket = this.#socket;
    this.#call = undefined;
    socket.off('connect', this.#onConnect).off('secureConnect', this.#onConnect);
    socket.off('data', this.#onData).off('end', this.#onEnd).off('error', this.#onError);
    socket.off('close', this.#onClose).off('drain', this.#onDrain).pause();
    this.#phase = 'closed';
    deadlines.forget(this);
    this.#owner.onClosed(this);
    call.onDone();
    call.reader.onSwitch?.(head, socket, first);
  }

  readonly #onEnd = (): void => {
    const call = this.#call;
    const head = this.#head;
    if (this.#phase === 'close' && call !== undefined && head !== undefined) {
      this.#finish(call, head, false);
      call.reader.onEnd(undefined);
    } else this.#broken('closed');
  };

  readonly #onError = (error: NodeJS.ErrnoException): void => this.#broken(error.code ?? error.name);

  readonly #onClose = (): void => this.#broken('closed');

  #broken(code: string): void {
    if (this.#call === undefined) this.#close();
    else if (this.#phase === 'length' || this.#phase === 'chunked' || this.#phase === 'close') this.#fail('cut', code);
    else this.#fail(code === 'ETIMEDOUT' ? 'timeout' : 'unreachable', code);
  }

  #nonsense(code: string, length: number): number {
    this.#fail('nonsense', code);
    return length;
  }

  #fail(problem: UpstreamProblem, code: string): void {
    const call = this.#call;
    this.#call = undefined;
    let unseen: 'unconnected' | 'stale' | undefined;
    if (this.#phase === 'connecting') unseen = 'unconnected';
    else if (problem === 'unreachable' && this.#phase === 'head' && this.#isStale(call)) unseen = 'stale';
    this.#close();
    call?.onFailed(new UpstreamError(problem, code), unseen);
  }

  /**
   * Whether the upstream had closed before the call was written: nothing of it was, or its end stood ready to be read already when
   * the call went out. Anything less certain could make two calls of one.
   */
  #isStale(call: Carried | undefined): boolean {
    if (this.#written === undefined) return false;
    return this.#held !== '' || (call?.outgoing.body === 'none' && isCurrent(this.#written));
  }

  #close(): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    this.#paused = false;
    deadlines.forget(this);
    this.#socket.destroy();
    this.#owner.onClosed(this);
  }
}

function copyOf(bytes: Buffer, from: number, end: number): Buffer {
  const copy = Buffer.allocUnsafe(end - from);
  bytes.copy(copy, 0, from, end);
  return copy;
}

/** Whether what has come of a head can never be one, so that waiting for its end would be in vain. */
function cannotBecomeHead(text: string, begun: string): boolean {
  return !'HTTP/1.'.startsWith(begun.slice(0, 7)) || (begun === text ? /(?:^|[^\r])\n/ : /[^\r]\n/).test(text);
}

/** How long a connection may be idle, from what the upstream says in `Keep-Alive` (RFC 2068 §19.7.1.1). */
function idleTimeOf(terms: string | undefined): number {
  const seconds = terms === undefined ? undefined : /(?:^|[,\s])timeout=(\d{1,6})(?:$|[,\s])/i.exec(terms)?.[1];
  return seconds === undefined ? IDLE_TIME : Math.min(Number(seconds) * 1_000 - EARLIER, LONGEST_IDLE_TIME);
}
