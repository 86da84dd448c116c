import { EventEmitter } from 'node:events';
import type { ServerHttp2Stream } from 'node:http2';

/**
 * What an HTTP/2 stream has for a socket: the facts of the connection and the life of the stream. What is done to it is done to the
 * stream alone; the other streams of the connection are other callers' business.
 */
export class StreamSocket extends EventEmitter {
  readonly encrypted = true;
  readonly remoteAddress: string | undefined;
  readonly #stream: ServerHttp2Stream;

  constructor(stream: ServerHttp2Stream, remoteAddress: string | undefined) {
    super();
    this.#stream = stream;
    this.remoteAddress = remoteAddress;
    stream.once('close', () => this.emit('close'));
  }

  get writable(): boolean {
    return !this.#stream.closed && !this.#stream.destroyed;
  }

  get readable(): boolean {
    return this.writable;
  }

  get destroyed(): boolean {
    return this.#stream.destroyed;
  }

  destroy(): void {
    // With an error, so that what was sent never looks complete.
    this.#stream.destroy(new Error('ended by the gateway'));
  }
}
