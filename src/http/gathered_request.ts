import { Buffer } from 'node:buffer';
import { IncomingMessage } from 'node:http';
import { Crumbs, FEW } from './crumbs.ts';

/** A request over HTTP/1.1 whose body is handed on in pieces that are worth it, however small the chunks are that it comes in. */
export class GatheredRequest extends IncomingMessage {
  #pieces = 0;
  #crumbs: Crumbs | undefined;

  // What Node's parser calls with each piece, and with null at the end.
  override push(chunk: unknown, encoding?: BufferEncoding): boolean {
    if (++this.#pieces <= FEW) return super.push(chunk, encoding);
    this.#crumbs ??= new Crumbs((bytes) => void super.push(bytes));
    if (chunk instanceof Buffer && this.#crumbs.take(chunk)) {
      return this.readableLength + this.#crumbs.length < this.readableHighWaterMark;
    }
    this.#crumbs.flush();
    return super.push(chunk, encoding);
  }
}
