import { TOKEN } from './answer_head.ts';

/** What a chunked body can be refused for; goes into the log. */
export type ChunkFault = 'bad_chunk' | 'bad_extension' | 'bad_trailer';

/** A size of more digits would be a chunk of over 4 GiB. */
const MAX_DIGITS = 8;
/** Extensions say nothing to anybody; so many characters of them are read over, in a whole body. */
const MAX_EXTENSIONS = 4_096;
const MAX_TRAILERS = 8_192;

const LF = 0x0a;
const CR = 0x0d;
const SEMICOLON = 0x3b;

/** Of each byte, the hexadecimal digit that it is; 16 if it is none. */
const DIGIT = new Uint8Array(256).fill(16);
for (let value = 0; value < 16; value++) {
  DIGIT[value.toString(16).charCodeAt(0)] = value;
  DIGIT[value.toString(16).toUpperCase().charCodeAt(0)] = value;
}

const EXTENSION = /^(?:;[!#$%&'*+.^_`|~0-9a-z-]+(?:=(?:[!#$%&'*+.^_`|~0-9a-z-]+|"[\x20\x21\x23-\x5b\x5d-\x7e]*"))?)+$/i;

/** Neither the end of the body, nor what concerns one connection, nor what must be known before it (RFC 9110 §6.5.1); nor ours. */
const NOT_IN_TRAILERS =
  /^(?:content-.*|transfer-encoding|trailer|te|host|connection|keep-alive|upgrade|http2-settings|proxy-.*|www-authenticate|authorization|set-cookie|cache-control|expires|age|vary|date|location|retry-after|access-control-.*|x-request-id|ratelimit.*)$/i;

/** Takes the chunks out of a body (RFC 9112 §7.1), strictly, however it is cut. */
export class Chunks {
  /** Whether the end has come. */
  ended = false;
  /** Where the content of the last `take` ends. */
  contentEnd = 0;
  /** Names and values in turn; undefined if there were none. */
  trailers: string[] | undefined;
  #part: 'size' | 'extension' | 'size_end' | 'content' | 'content_cr' | 'content_lf' | 'trailers' = 'size';
  #size = 0;
  #digits = 0;
  #text = '';
  #extensions = 0;

  /**
   * Moves the content in `bytes` from `from` to `end` together, to the front of it: from `from` to `contentEnd`.
   * @returns where what was read ends: `end`, or less once the body has ended.
   */
  take(bytes: Buffer, from: number, end: number): number | ChunkFault {
    let at = from;
    let out = from;
    while (at < end) {
      if (this.#part === 'content') {
        const length = Math.min(this.#size, end - at);
        if (out !== at) bytes.copyWithin(out, at, at + length);
        out += length;
        at += length;
        this.#size -= length;
        if (this.#size === 0) this.#part = 'content_cr';
        continue;
      }
      const fault = this.#step(bytes[at] ?? 0);
      if (fault !== undefined) return fault;
      at++;
      if (this.ended) break;
    }
    this.contentEnd = out;
    return at;
  }

  #step(byte: number): ChunkFault | undefined {
    switch (this.#part) {
      case 'size': {
        const digit = DIGIT[byte] ?? 16;
        if (digit < 16) {
          if (++this.#digits > MAX_DIGITS) return 'bad_chunk';
          this.#size = this.#size * 16 + digit;
          return undefined;
        }
        if (this.#digits === 0) return 'bad_chunk';
        if (byte === CR) this.#part = 'size_end';
        else if (byte === SEMICOLON) {
          this.#part = 'extension';
          this.#text = ';';
        } else return 'bad_chunk';
        return undefined;
      }
      case 'extension':
        if (byte !== CR) {
          this.#text += String.fromCharCode(byte);
          return ++this.#extensions > MAX_EXTENSIONS ? 'bad_extension' : undefined;
        }
        this.#part = 'size_end';
        return EXTENSION.test(this.#text) ? undefined : 'bad_extension';
      case 'size_end':
        if (byte !== LF) return 'bad_chunk';
        this.#part = this.#size === 0 ? 'trailers' : 'content';
        this.#digits = 0;
        this.#text = '';
        return undefined;
      case 'content_cr':
        this.#part = 'content_lf';
        return byte === CR ? undefined : 'bad_chunk';
      case 'content_lf':
        this.#part = 'size';
        return byte === LF ? undefined : 'bad_chunk';
      default:
        return this.#trailer(byte);
    }
  }

  #trailer(byte: number): ChunkFault | undefined {
    this.#text += String.fromCharCode(byte);
    if (this.#text.length > MAX_TRAILERS) return 'bad_trailer';
    if (byte !== LF) return undefined;
    if (this.#text === '\r\n') this.ended = true;
    else if (this.#text.endsWith('\r\n\r\n')) {
      this.ended = true;
      return this.#readTrailers();
    } else if (!this.#text.endsWith('\r\n')) return 'bad_trailer';
    return undefined;
  }

  #readTrailers(): ChunkFault | undefined {
    const trailers: string[] = [];
    for (const line of this.#text.slice(0, -4).split('\r\n')) {
      const colon = line.indexOf(':');
      const name = line.slice(0, Math.max(colon, 0));
      const value = line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '');
      if (name === '' || !isToken(name) || /[^\t\x20-\x7e\x80-\xff]/.test(value)) return 'bad_trailer';
      if (!NOT_IN_TRAILERS.test(name)) trailers.push(name, value);
    }
    if (trailers.length > 0) this.trailers = trailers;
    return undefined;
  }
}

function isToken(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    if (TOKEN[text.charCodeAt(at)] !== 1) return false;
  }
  return true;
}
