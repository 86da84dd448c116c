import type { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import type { Milliseconds } from '../model/units.ts';
import { LAST_CHUNK } from './fast_answer.ts';
import { atTurnEnd, type Waiting } from './turn_end.ts';
import { giveBack } from './upstream/blocks.ts';
import { deadlines, NEVER } from './upstream/deadlines.ts';

/** Chunks up to this size are put together with what goes before them: one write costs more than copying. */
const ONE_WRITE = 16_384;

/** Told how the caller reads. */
export interface SlowCaller {
  /** It takes no more for now. */
  onStuck(): void;
  /** It has taken all that was written. */
  onTaken(): void;
}

/**
 * Writes one answer after the other to the caller of a connection, framed by ourselves (RFC 9112 §6), and notices a caller that reads
 * them too slowly. All text is latin1. What returns a boolean says false to a caller that is stuck: `onTaken` comes later.
 */
export class FastWriter implements Waiting {
  /** Whether the caller reads its answers too slowly. */
  stuck = false;
  readonly #socket: Socket;
  readonly #caller: SlowCaller;
  /** Whole answers that are written when the turn is over. */
  #answers = '';
  /** The head of the answer, as long as it has not been written. */
  #head = '';
  #chunked = false;
  /** Bytes of the last answer that the system had not taken, and when it is given up if it takes none of them. */
  #unwritten = 0;
  #givenUp = NEVER;

  constructor(socket: Socket, caller: SlowCaller) {
    this.#socket = socket;
    this.#caller = caller;
    socket.on('drain', this.#onDrain);
  }

  /** An answer with this head, which leaves together with what comes next. @param chunked whether only its end says how long it is. */
  begin(head: string, chunked: boolean): void {
    this.#head = head;
    this.#chunked = chunked;
  }

  /** Its whole body, if it is short: written when the turn of the event loop is over, in front of whatever is written after it. */
  whole(body: string): void {
    if (this.#answers === '') atTurnEnd(this);
    const head = this.#takeHead();
    if (!this.#chunked) this.#answers += head + body;
    else if (body === '') this.#answers += head + LAST_CHUNK;
    else this.#answers += `${head}${body.length.toString(16)}\r\n${body}\r\n${LAST_CHUNK}`;
  }

  /** A piece of its body, which is given back when it is written. */
  piece(bytes: Buffer): boolean {
    const head = this.#takeHead();
    const { length } = bytes;
    if (length <= ONE_WRITE && (head !== '' || this.#chunked)) {
      const body = bytes.toString('latin1');
      return this.#write(this.#chunked ? `${head}${length.toString(16)}\r\n${body}\r\n` : head + body);
    }
    if (head !== '') this.#write(head);
    return this.#chunked ? this.#writeChunk(bytes) : this.bytes(bytes);
  }

  /** Its head must not wait for its body. */
  flush(): boolean {
    return this.#write(this.#takeHead());
  }

  end(): void {
    const head = this.#takeHead();
    const text = this.#chunked ? head + LAST_CHUNK : head;
    if (text !== '') this.#write(text);
  }

  /** Writes bytes as they are, and gives them back when they are written. */
  bytes(bytes: Buffer): boolean {
    this.onTurnEnd();
    return this.#socket.write(bytes, (error) => error ?? giveBack(bytes)) || this.#isTaken();
  }

  /** Writes the answers that wait for it, if nothing that goes out behind them has taken them along. */
  onTurnEnd(): void {
    if (this.#answers !== '') this.#write('');
  }

  /** Ends the connection behind what was written. @param patience how long the caller may take none of it. */
  close(patience: Milliseconds): void {
    this.onTurnEnd();
    this.#socket.end();
    this.#unwritten = this.#socket.writableLength;
    this.#givenUp = deadlines.in(patience);
  }

  /** After `close`: an answer that the caller is still reading may take its time, as long as it goes on. @returns whether it does. */
  isBeingRead(patience: Milliseconds): boolean {
    const left = this.#socket.writableLength;
    if (left === 0 || (left === this.#unwritten && deadlines.passed(this.#givenUp))) return false;
    if (left !== this.#unwritten) this.#givenUp = deadlines.in(patience);
    this.#unwritten = left;
    return true;
  }

  /** The connection is gone, or somebody else's: nothing more is written to it. */
  release(): void {
    this.#answers = '';
    this.#socket.off('drain', this.#onDrain);
  }

  #takeHead(): string {
    const head = this.#head;
    this.#head = '';
    return head;
  }

  #write(text: string): boolean {
    const all = this.#answers + text;
    this.#answers = '';
    return this.#socket.write(all, 'latin1') || this.#isTaken();
  }

  /** RFC 9112 §7.1. */
  #writeChunk(bytes: Buffer): boolean {
    this.onTurnEnd();
    const socket = this.#socket;
    socket.cork();
    socket.write(`${bytes.length.toString(16)}\r\n`, 'latin1');
    socket.write(bytes, (error) => error ?? giveBack(bytes));
    const flows = socket.write('\r\n', 'latin1');
    socket.uncork();
    return flows || this.#isTaken();
  }

  /** A piece as large as the buffer counts as too much for it, even if the system has taken it all at once. */
  #isTaken(): boolean {
    if (this.#socket.writableLength === 0) return true;
    if (!this.stuck) {
      this.stuck = true;
      this.#caller.onStuck();
    }
    return false;
  }

  readonly #onDrain = (): void => {
    if (!this.stuck) return;
    this.stuck = false;
    this.#caller.onTaken();
  };
}
