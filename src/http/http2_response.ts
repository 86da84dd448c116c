import type { OutgoingHttpHeader, OutgoingHttpHeaders } from 'node:http';
import { constants, type ServerHttp2Stream } from 'node:http2';
import { Writable } from 'node:stream';
import type { Http2Request } from './http2_request.ts';
import type { StreamSocket } from './http2_socket.ts';

/** Concern one HTTP/1.1 connection; HTTP/2 forbids them (RFC 9113 §8.2.2). */
const CONNECTION_HEADERS = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

/** Milliseconds for which the last bytes of an answer may wait for a caller that does not take them. */
const LAST_BYTES = 60_000;

/** Resets a stream with an error, `INTERNAL_ERROR` on the wire. */
class BrokenOff extends Error {
  override readonly name = 'BrokenOff';
}

/**
 * The answer to an HTTP/2 stream, in the shape of one to an HTTP/1.1 request. One that does not come to its end resets its stream
 * with an error, so that it never looks complete.
 */
export class Http2Response extends Writable {
  statusCode = 200;
  statusMessage = '';
  /** Means nothing here: the connection is not the answer's. */
  shouldKeepAlive = true;
  readonly req: Http2Request;
  readonly #stream: ServerHttp2Stream;
  readonly #headers = new Map<string, { readonly name: string; readonly value: OutgoingHttpHeader }>();
  #trailers: readonly (readonly [string, string])[] = [];
  #headersSent = false;
  /** Whether what is written is dropped, as in every answer to HEAD. */
  #bodyless: boolean;
  #lastBytes: NodeJS.Timeout | undefined;

  constructor(stream: ServerHttp2Stream, request: Http2Request) {
    super();
    this.#stream = stream;
    this.req = request;
    this.#bodyless = request.method === 'HEAD';
    // As with HTTP/1.1: who writes does not have to listen, and hears of the end by `close`.
    this.on('error', () => {});
    stream.once('wantTrailers', () => this.#sendTrailers());
    stream.once('close', () => this.destroy());
  }

  get socket(): StreamSocket | null {
    return this.destroyed ? null : this.req.socket;
  }

  get headersSent(): boolean {
    return this.#headersSent;
  }

  get finished(): boolean {
    return this.writableEnded;
  }

  setHeader(name: string, value: OutgoingHttpHeader): this {
    this.#headers.set(name.toLowerCase(), { name, value });
    return this;
  }

  getHeader(name: string): OutgoingHttpHeader | undefined {
    return this.#headers.get(name.toLowerCase())?.value;
  }

  hasHeader(name: string): boolean {
    return this.#headers.has(name.toLowerCase());
  }

  removeHeader(name: string): void {
    this.#headers.delete(name.toLowerCase());
  }

  getHeaderNames(): string[] {
    return [...this.#headers.keys()];
  }

  getHeaders(): OutgoingHttpHeaders {
    return Object.fromEntries([...this.#headers].map(([name, { value }]) => [name, value]));
  }

  /** @param headers names and values in turn; they go out besides those that were set before. */
  writeHead(status: number, headers: readonly string[] | OutgoingHttpHeaders = []): this {
    if (this.#headersSent || this.#stream.closed || this.#stream.destroyed) return this;
    this.statusCode = status;
    const lines: string[] = [':status', String(status)];
    const add = (name: string, value: OutgoingHttpHeader | undefined): void => {
      if (value === undefined || CONNECTION_HEADERS.has(name.toLowerCase())) return;
      for (const each of Array.isArray(value) ? value : [value]) lines.push(name, String(each));
    };
    for (const { name, value } of this.#headers.values()) add(name, value);
    if (isList(headers)) {
      for (let at = 0; at + 1 < headers.length; at += 2) add(headers[at] ?? '', headers[at + 1]);
    } else {
      for (const [name, value] of Object.entries(headers)) add(name, value);
    }
    this.#respond(status, lines);
    return this;
  }

  flushHeaders(): void {
    this.writeHead(this.statusCode);
  }

  writeContinue(): void {
    if (!this.#headersSent && !this.#stream.closed) this.#stream.additionalHeaders({ ':status': 100 });
  }

  addTrailers(trailers: OutgoingHttpHeaders | readonly (readonly [string, string])[]): void {
    this.#trailers = isPairs(trailers)
      ? trailers
      : Object.entries(trailers).map(([name, value]) => [name, String(value)] as const);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.writeHead(this.statusCode);
    // An error of the stream is told by its close; a second time would be once too often.
    if (this.#bodyless || this.#stream.destroyed) done();
    else this.#stream.write(chunk, () => done());
  }

  override _final(done: () => void): void {
    this.writeHead(this.statusCode);
    if (this.#bodyless || this.#stream.destroyed) done();
    else this.#stream.end(() => done());
  }

  override end(chunk?: unknown, encoding?: unknown, done?: unknown): this {
    // The two optional ones may be left out, each in its turn; that is sorted out where they go.
    super.end(chunk, encoding as BufferEncoding, done as () => void);
    // Behind its stream's end there is nothing to wait for, and nothing that would stop the timer.
    if (!this.destroyed) this.#lastBytes ??= setTimeout(() => this.destroy(), LAST_BYTES);
    return this;
  }

  override _destroy(_error: Error | null, done: (error?: Error | null) => void): void {
    clearTimeout(this.#lastBytes);
    if (!this.#stream.closed) {
      // Not `close` with an error: that ends the body before it resets the stream.
      if (!this.writableFinished) this.#stream.destroy(new BrokenOff());
      // Answered before the whole request came: RFC 9113 §8.1 asks the caller to stop sending.
      else if (!this.req.complete) this.#stream.close(constants.NGHTTP2_NO_ERROR);
      // Bytes that nobody reads any more would keep the stream open.
      this.#stream.resume();
    }
    done();
  }

  #sendTrailers(): void {
    const lines: Record<string, string[]> = Object.create(null);
    for (const [name, value] of this.#trailers) {
      const lower = name.toLowerCase();
      if (CONNECTION_HEADERS.has(lower)) continue;
      lines[lower] ??= [];
      lines[lower].push(value);
    }
    try {
      this.#stream.sendTrailers(lines);
    } catch {
      // As with a head: what cannot be said must not end the process.
      this.#stream.destroy(new BrokenOff());
    }
  }

  #respond(status: number, lines: string[]): void {
    this.#headersSent = true;
    if (status === 204 || status === 205 || status === 304) this.#bodyless = true;
    try {
      // Only a body whose length nobody knows has trailers behind it.
      const waitForTrailers =
        !this.#bodyless && !lines.some((line, at) => at % 2 === 0 && /^content-length$/i.test(line));
      this.#stream.respond(lines, { waitForTrailers });
    } catch {
      // A status or a name that HTTP/2 has no way to say.
      this.destroy();
    }
  }
}

// `Array.isArray` does not narrow read-only lists.
function isList(headers: readonly string[] | OutgoingHttpHeaders): headers is readonly string[] {
  return Array.isArray(headers);
}

function isPairs(
  trailers: OutgoingHttpHeaders | readonly (readonly [string, string])[],
): trailers is readonly (readonly [string, string])[] {
  return Array.isArray(trailers);
}
