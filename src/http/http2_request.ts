import { type IncomingHttpHeaders, METHODS } from 'node:http';
import { constants, type ServerHttp2Stream } from 'node:http2';
import { Readable } from 'node:stream';
import { HAS_BODY } from '../gateway/request_head.ts';
import { Crumbs, FEW } from './crumbs.ts';
import type { StreamSocket } from './http2_socket.ts';

/** Bytes that are read ahead of whoever reads the body, if they come in small pieces. */
const MOST_AHEAD = 65_536;
/** A body of more small pieces than this, with fewer bytes each, is broken off if its reader cannot keep up. */
const MANY = 4_096;
const TINY = 16;

/**
 * A request that came as an HTTP/2 stream, in the shape of one that came over HTTP/1.1: the same header list, `Host` in place of
 * `:authority`, the same events. Node's own class of that kind will not do: it gives a body that was broken off the end of a whole
 * one, and its header list is none that HTTP/1.1 could have sent.
 */
export class Http2Request extends Readable {
  readonly httpVersion = '2.0';
  readonly httpVersionMajor = 2;
  readonly httpVersionMinor = 0;
  readonly method: string;
  /** Empty if the pseudo-headers name no target that we may take. */
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly headers: IncomingHttpHeaders;
  readonly socket: StreamSocket;
  /** Whether the last byte of the body has been read. */
  complete = false;
  aborted = false;
  readonly [HAS_BODY]: boolean;
  readonly #stream: ServerHttp2Stream;
  #reading = false;
  #pieces = 0;
  readonly #crumbs = new Crumbs((bytes) => void this.push(bytes));

  /** @param raw names and values in turn, pseudo-headers first, as they came; `headers` is Node's reading of them. */
  constructor(
    stream: ServerHttp2Stream,
    socket: StreamSocket,
    headers: IncomingHttpHeaders & { ':authority'?: string | undefined },
    raw: readonly string[],
  ) {
    super();
    const head = readPseudoHeaders(raw);
    this.method = head.method;
    this.url = head.target;
    this.rawHeaders = head.headers;
    headers.host ??= headers[':authority'];
    this.headers = headers;
    this.socket = socket;
    this[HAS_BODY] = !stream.endAfterHeaders;
    this.complete = stream.endAfterHeaders;
    this.#stream = stream;
    // Whoever reads it listens for errors only while it is reading.
    this.on('error', () => {});
    stream.on('aborted', () => this.#breakOff());
    stream.on('close', () => this.#breakOff());
  }

  override _read(): void {
    if (this.#reading) {
      this.#stream.resume();
      return;
    }
    this.#reading = true;
    if (this.complete) this.push(null);
    else this.#stream.on('data', this.#onData).on('end', this.#onEnd);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#stream.off('data', this.#onData).off('end', this.#onEnd);
    done(error);
  }

  readonly #onData = (chunk: Buffer): void => {
    if (++this.#pieces <= FEW || !this.#crumbs.take(chunk)) {
      if (!this.push(chunk)) this.#stream.pause();
      return;
    }
    if (this.readableLength + this.#crumbs.length < MOST_AHEAD) return;
    // A reader who keeps up has all of it now.
    this.#crumbs.flush();
    if (this.readableLength < MOST_AHEAD) return;
    this.#stream.pause();
    const { count, total } = this.#crumbs;
    // What comes while it pauses nobody can gather: an object for each frame, as many as the windows have bytes.
    if (count > MANY && total < count * TINY) this.#stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  };

  readonly #onEnd = (): void => {
    // A stream that was reset without an error code ends like one whose body is complete.
    if (this.#stream.aborted || (this.#stream.closed && !this.#stream.headersSent)) {
      this.#breakOff();
      return;
    }
    this.complete = true;
    this.#crumbs.flush();
    this.push(null);
  };

  #breakOff(): void {
    if (this.complete || this.destroyed) return;
    this.aborted = true;
    this.emit('aborted');
    this.destroy();
  }
}

interface Http2Head {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly string[];
}

/**
 * Puts the pseudo-headers (RFC 9113 §8.3.1) where HTTP/1.1 has them. The frames were checked by nghttp2; what it lets pass and
 * HTTP/1.1 could not have said becomes a head that every reader refuses.
 */
function readPseudoHeaders(raw: readonly string[]): Http2Head {
  let method = '';
  let target = '';
  let scheme = '';
  let authority: string | undefined;
  let cookie: string | undefined;
  const lines: string[] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at] ?? '';
    const value = raw[at + 1] ?? '';
    switch (name) {
      case ':method':
        method = value;
        break;
      case ':path':
        target = value;
        break;
      case ':scheme':
        scheme = value;
        break;
      case ':authority':
        authority = value;
        break;
      case 'cookie':
        // HTTP/2 may split what HTTP/1.1 sends in one line (RFC 9113 §8.2.3).
        cookie = cookie === undefined ? value : `${cookie}; ${value}`;
        break;
      case 'host':
        // The same host said twice is one Host; two hosts stay two, and are refused as such.
        if (value !== authority) lines.push('host', value);
        break;
      default:
        lines.push(name, value);
    }
  }
  if (cookie !== undefined) lines.push('cookie', cookie);
  const headers = authority === undefined ? lines : ['host', authority, ...lines];
  // A method that HTTP/1.1's parser does not know, or another scheme than the one of this connection.
  const known = METHODS.includes(method) && scheme === 'https';
  return { method, target: known ? target : '', headers };
}
