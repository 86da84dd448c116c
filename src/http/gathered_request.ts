import { Buffer } from 'node:buffer';
import { IncomingMessage } from 'node:http';
import { readInTurn } from './crumb_turns.ts';
import { Crumbs, FEW } from './crumbs.ts';

/** Crumbs of one body after which others have their turn. Few callers ever send as many, and they wait for some milliseconds. */
const RATION = 512;

/** A request over HTTP/1.1 whose body is handed on in pieces that are worth it, however small the chunks are that it comes in. */
export class GatheredRequest extends IncomingMessage {
  #pieces = 0;
  #crumbs: Crumbs | undefined;
  /** How many crumbs there were when it was last its turn. */
  #had = 0;
  #waiting = false;

  // What Node's parser calls with each piece, and with null at the end. It stops reading the connection at false, until `_read`.
  override push(chunk: unknown, encoding?: BufferEncoding): boolean {
    if (++this.#pieces <= FEW) return super.push(chunk, encoding);
    this.#crumbs ??= new Crumbs((bytes) => void super.push(bytes));
    if (chunk instanceof Buffer && this.#crumbs.take(chunk)) {
      if (this.#crumbs.count - this.#had > RATION && !this.#waiting) return this.#wait();
      return this.readableLength + this.#crumbs.length < this.readableHighWaterMark;
    }
    this.#crumbs.flush();
    return super.push(chunk, encoding);
  }

  override _read(size: number): void {
    if (!this.#waiting) super._read(size);
  }

  #wait(): false {
    this.#waiting = true;
    // Somebody who listens to its socket makes Node's parser take what the stream gives out, which is nothing while it pauses, and not
    // all that was read with it.
    this.socket.on('data', nothing).off('data', nothing);
    readInTurn(() => {
      this.#waiting = false;
      this.#had = this.#crumbs?.count ?? 0;
      // Behind its end the connection is for the next request.
      if (!this.complete && this.readableLength < this.readableHighWaterMark) this._read(this.readableHighWaterMark);
    });
    return false;
  }
}

function nothing(): void {}
