import type { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { milliseconds } from '../model/units.ts';
import { BodyPace, type BodyRate } from './body_pace.ts';
import { KEEP_ALIVE } from './fast_answer.ts';
import { type Caller, FastExchange, type Lane } from './fast_exchange.ts';
import { FastHead, INCOMPLETE, MAX_HEAD, readFastHead, UNUSUAL } from './fast_head.ts';
import { type ByteSink, FastReader } from './fast_reader.ts';
import { FastWriter, type SlowCaller } from './fast_writer.ts';
import { lasting } from './reads.ts';
import { LINGER_BYTES, LINGER_TIME } from './unread_body.ts';
import { own } from './upstream/blocks.ts';
import { deadlines, NEVER, type Watched } from './upstream/deadlines.ts';

/** What a connection needs of the lane that took it. */
export interface FastLaneShared extends Lane {
  draining: boolean;
  readonly minBodyRate: BodyRate;
  /** Whether one of our own endpoints is asked for: those are not for the fast lane. */
  readonly isOwn: (target: string, host: string) => boolean;
  /** Told of each request that is carried here. */
  took(): void;
  /** Told when the connection is gone, or is somebody else's. */
  gone(connection: FastConnection, handedOver: boolean): void;
}

/** A connection that says nothing, or no whole head, for so many milliseconds is for node:http and its time-outs. */
const HEAD_TIME = milliseconds(1_000);
/** A head that comes in more pieces than this is handed over: each piece would mean to read all of it again. */
const HEAD_PIECES = 8;
const IDLE_TIME = milliseconds(KEEP_ALIVE * 1_000);
/** Milliseconds for which a connection must be idle to be closed when the listener drains. */
const QUIET = milliseconds(250);

/** Waiting for a head. */
const READING = 0;
/** An exchange is under way. */
const CARRYING = 1;
/** The exchange is over, and the rest of its body is thrown away before the next. */
const SKIPPING = 2;
/** The last answer is written; some of what still comes is taken first, because unread bytes would reset it on its way. */
const LINGERING = 3;
/** The last answer is written and ended. */
const ENDING = 4;
/** Closed, or somebody else's. */
const GONE = 5;

/**
 * One caller's connection: finds the requests in its bytes, one after the other, and has each carried before it reads the next. What
 * is not in the grammar it hands over together with the connection, always between two exchanges and with every byte from there on.
 */
export class FastConnection implements ByteSink, Caller, SlowCaller, Watched {
  readonly head: FastHead;
  deadline: number;
  readonly #socket: Socket;
  readonly #lane: FastLaneShared;
  readonly #handOver: () => void;
  readonly #reader: FastReader;
  readonly #writer: FastWriter;
  readonly #exchange: FastExchange;
  readonly #pace: BodyPace;
  #state = READING;
  #pieces = 0;
  /** Bytes of the body of the request under way that have not been dealt with. */
  #bodyLeft = 0;
  #bodyWanted = false;
  /** Whether the upstream has enough of it for now. */
  #bodySlow = false;
  #spoke = false;
  #pumping = false;
  #lingered = 0;

  constructor(lane: FastLaneShared, socket: Socket, handOver: () => void) {
    this.#lane = lane;
    this.#socket = socket;
    this.#handOver = handOver;
    this.head = new FastHead('encrypted' in socket);
    this.#writer = new FastWriter(socket, this);
    this.#exchange = new FastExchange(lane, this, this.#writer);
    this.#pace = new BodyPace(lane.minBodyRate);
    this.deadline = deadlines.in(HEAD_TIME);
    deadlines.watch(this);
    this.head.remoteAddress = socket.remoteAddress;
    this.#reader = new FastReader(socket, this);
    socket.on('end', this.#onEnd);
    socket.on('close', this.#onClose);
    socket.on('error', ignore);
  }

  get bodyComplete(): boolean {
    return this.#bodyLeft === 0;
  }

  get last(): boolean {
    return this.head.close || this.#lane.draining;
  }

  /** Deals with what has come as far as it goes. */
  onBytes(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    const reader = this.#reader;
    while (reader.held !== undefined) {
      const before: Buffer = reader.held;
      if (this.#state === READING) this.#read(before);
      else if (this.#state === CARRYING) this.#feed(before);
      else if (this.#state === SKIPPING) this.#skip(before);
      else if (this.#state === LINGERING) this.#linger(before);
      else reader.held = undefined;
      if (reader.held === before) break;
    }
    this.#pumping = false;
    if (this.#state !== GONE) reader.settlePace(this.#bodySlow);
  }

  #read(bytes: Buffer): void {
    // Answers that the caller does not read must not pile up.
    if (this.#writer.stuck) return;
    const text = bytes.toString('latin1', 0, Math.min(bytes.length, MAX_HEAD));
    const length = readFastHead(text, this.head);
    if (length === INCOMPLETE && text.length < MAX_HEAD && this.#pieces < HEAD_PIECES) {
      if (this.#pieces++ === 0) this.deadline = deadlines.in(HEAD_TIME);
      return;
    }
    if (length === INCOMPLETE || length === UNUSUAL || this.#lane.isOwn(this.head.target, this.head.host)) {
      this.#giveAway();
      return;
    }
    this.#reader.held = length === bytes.length ? undefined : bytes.subarray(length);
    this.#pieces = 0;
    this.#spoke = true;
    this.#bodyLeft = this.head.length;
    this.#bodyWanted = false;
    this.#bodySlow = false;
    this.#state = CARRYING;
    this.deadline = NEVER;
    this.#lane.took();
    this.#exchange.begin();
  }

  #feed(bytes: Buffer): void {
    if (this.#bodyLeft === 0 || !this.#bodyWanted || this.#bodySlow) return;
    const read = this.#takeBody(bytes);
    const part = lasting(read);
    if (part === read) own(part);
    this.#pace.came(part.length);
    this.#expectBody();
    this.#exchange.body(part);
    if (this.#bodyLeft === 0 && this.#state === CARRYING) this.#exchange.bodyEnd();
  }

  #skip(bytes: Buffer): void {
    this.#takeBody(bytes);
    if (this.#bodyLeft > 0) return;
    this.#state = READING;
    if (!this.#writer.stuck) this.#expectHead();
  }

  #linger(bytes: Buffer): void {
    this.#lingered += this.#takeBody(bytes).length;
    if (this.#bodyLeft === 0 || this.#lingered > LINGER_BYTES) this.#finish();
  }

  /** Takes as much as belongs to the body under way; what is behind it stays. */
  #takeBody(bytes: Buffer): Buffer {
    const part = this.#reader.take(bytes, this.#bodyLeft);
    this.#bodyLeft -= part.length;
    return part;
  }

  /** Gives the connection to node:http, with every byte from the beginning of this request. */
  #giveAway(): void {
    this.#writer.onTurnEnd();
    this.#release(true);
    this.#reader.giveBack();
    this.#handOver();
    this.#socket.resume();
  }

  #release(handedOver: boolean): void {
    this.#state = GONE;
    this.deadline = NEVER;
    this.#writer.release();
    this.#socket.off('end', this.#onEnd).off('close', this.#onClose);
    // A connection that is closed can still fail.
    if (handedOver) this.#socket.off('error', ignore);
    deadlines.forget(this);
    this.#lane.gone(this, handedOver);
  }

  takeBody(): void {
    this.#bodyWanted = true;
    this.#pace.begin(this.#exchange.idleTimeout);
    this.#expectBody();
    this.onBytes();
  }

  pauseBody(): void {
    this.#bodySlow = true;
    this.#pace.hold();
    // The upstream is the slow one now; its own time-outs watch it.
    if (!this.#writer.stuck) this.deadline = NEVER;
  }

  resumeBody(): void {
    if (!this.#bodySlow || this.#state !== CARRYING) return;
    this.#bodySlow = false;
    this.#expectBody();
    this.onBytes();
  }

  #expectBody(): void {
    if (!this.#writer.stuck)
      this.deadline = this.#bodyLeft === 0 ? NEVER : this.#pace.until(this.#exchange.idleTimeout);
  }

  onStuck(): void {
    this.deadline = deadlines.in(this.#exchange.idleTimeout);
  }

  onTaken(): void {
    if (this.#state === CARRYING) {
      if (this.#bodyWanted && !this.#bodySlow) this.#expectBody();
      else this.deadline = NEVER;
      this.#exchange.drained();
    } else if (this.#state === READING || this.#state === SKIPPING) {
      this.#expectHead();
      this.onBytes();
    }
  }

  over(last: boolean): void {
    if (last && this.#bodyLeft === 0) {
      this.#finish();
    } else if (last) {
      this.#state = LINGERING;
      this.#lingered = 0;
      this.deadline = deadlines.in(LINGER_TIME);
    } else {
      this.#state = this.#bodyLeft === 0 ? READING : SKIPPING;
      if (!this.#writer.stuck) this.#expectHead();
    }
    this.onBytes();
  }

  #expectHead(): void {
    this.deadline = deadlines.in(this.#lane.draining ? QUIET : IDLE_TIME);
  }

  /** Ends the connection behind what was written, and drops whatever else comes. */
  #finish(): void {
    this.#state = ENDING;
    this.#reader.held = undefined;
    this.#writer.close(this.#exchange.idleTimeout);
    this.deadline = deadlines.in(LINGER_TIME);
  }

  cut(): void {
    this.#writer.onTurnEnd();
    this.#state = ENDING;
    this.#socket.destroy();
  }

  /** The caller has sent its last byte. Like node:http, this takes it for gone. */
  readonly #onEnd = (): void => {
    if (this.#state === CARRYING) this.#exchange.left();
    if (this.#state === CARRYING) {
      this.cut();
    } else {
      this.#writer.onTurnEnd();
      this.#socket.end();
    }
  };

  readonly #onClose = (): void => {
    if (this.#state === CARRYING) this.#exchange.left();
    this.#reader.stop();
    this.#release(false);
  };

  /** The listener closes: see `FirstReader`. */
  drain(): void {
    // An answer that the caller is still reading is under way.
    if (this.#state !== READING || this.#reader.held !== undefined || this.#writer.stuck) return;
    const closing = deadlines.in(this.#spoke ? QUIET : HEAD_TIME);
    if (closing < this.deadline) this.deadline = closing;
  }

  onDeadline(): void {
    switch (this.#state) {
      case READING:
        if (this.#writer.stuck || (this.#reader.held === undefined && (this.#spoke || this.#lane.draining))) this.cut();
        else this.#giveAway();
        break;
      case CARRYING:
        if (this.#writer.stuck) this.#socket.destroy();
        else this.#exchange.stalled(this.#pace.isTooSlow);
        break;
      case LINGERING:
        this.#finish();
        break;
      case ENDING:
        if (this.#writer.isBeingRead(this.#exchange.idleTimeout)) this.deadline = deadlines.in(LINGER_TIME);
        else this.#socket.destroy();
        break;
      case SKIPPING:
        this.cut();
        break;
    }
  }
}

function ignore(): void {}
