import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { emitReads, lasting, READS, readInto } from './reads.ts';

/** The caller's bytes are read this far ahead of what is done with them. */
const AHEAD = 65_536;

/** Told when there is more. */
export interface ByteSink {
  /** Some of `held` has just come; what it leaves there is kept. */
  onBytes(): void;
}

/** Reads what a caller sends, and holds what cannot be dealt with yet. It must not know what the bytes mean. */
export class FastReader {
  /** What has come and could not be dealt with yet. Good until the next read, so what is to stay must be `lasting`. */
  held: Buffer | undefined;
  readonly #socket: Socket;
  readonly #sink: ByteSink;
  /** Whether it is read into `READS`, and not by `data` events. */
  readonly #direct: boolean;
  #paused = false;

  constructor(socket: Socket, sink: ByteSink) {
    this.#socket = socket;
    this.#sink = sink;
    this.#direct = readInto(socket, this.#onRead);
    if (!this.#direct) socket.on('data', this.#onData);
  }

  readonly #onData = (chunk: Buffer): void => {
    this.held = this.held === undefined ? chunk : Buffer.concat([this.held, chunk]);
    this.#sink.onBytes();
  };

  readonly #onRead = (length: number): void => {
    this.#onData(READS.subarray(0, length));
    // The next read takes its place.
    if (this.held !== undefined) this.held = lasting(this.held);
  };

  /** Takes so many of the bytes that are held, or all of them if there are fewer. */
  take(bytes: Buffer, most: number): Buffer {
    if (bytes.length <= most) {
      this.held = undefined;
      return bytes;
    }
    this.held = bytes.subarray(most);
    return bytes.subarray(0, most);
  }

  /** Has the caller wait while too much is held. @param slow whether anything is. */
  settlePace(slow: boolean): void {
    const behind = this.held !== undefined && (slow || this.held.length > AHEAD);
    if (behind === this.#paused) return;
    this.#paused = behind;
    if (behind) this.#socket.pause();
    else this.#socket.resume();
  }

  /** Reads no more. */
  stop(): void {
    this.held = undefined;
    this.#socket.off('data', this.#onData);
  }

  /** Leaves the connection paused for whoever reads it next, with every byte that is held in front of what comes. */
  giveBack(): void {
    const { held } = this;
    this.stop();
    if (this.#direct) emitReads(this.#socket);
    this.#socket.pause();
    if (held !== undefined) this.#socket.unshift(lasting(held));
  }
}
