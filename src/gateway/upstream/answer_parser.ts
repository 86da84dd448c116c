import { type HeadFault, type Name, type ReadHead, readAnswerHead } from './answer_head.ts';
import { copyOf } from './blocks.ts';
import { type ChunkFault, Chunks } from './chunks.ts';

/** Why bytes are no answer; goes into the log. */
export type AnswerFault = HeadFault | ChunkFault | 'long_head' | 'endless_interim' | 'bad_switch';

/**
 * What is found in the bytes: `onWhole` alone, or `onHead`, any number of `onData`, then `onEnd`; `onSwitch` alone; or `onFault` at
 * any point, which is the last.
 */
export interface AnswerSink {
  /** @param body latin1. @param clean whether nothing came behind the answer. */
  onWhole(head: ReadHead, body: string, clean: boolean): void;
  /** @param more `onData`, `onEnd` or `onFault` follows in the same breath. */
  onHead(head: ReadHead, more: boolean): void;
  /** @param chunk a copy. */
  onData(chunk: Buffer): void;
  onEnd(trailers: readonly string[] | undefined, clean: boolean): void;
  /** @param rest a copy of what came behind the head. */
  onSwitch(head: ReadHead, rest: Buffer): void;
  /** Something came in the middle of a body, and nothing of it can be told yet. */
  onProgress(): void;
  onFault(fault: AnswerFault): void;
}

/** So much of a read is decoded in search of a head at first: most answers are shorter, some are files. */
const FIRST_LOOK = 4_096;
/** A longer head is not waited for. Cookies and policies of large applications stay well below it, and it fits one read. */
const MAX_HEAD = 65_536;
/** Hints and promises before the answer: more than a few are no way to talk. */
const MAX_INTERIM = 20;

/** Finds one answer after another in the bytes of a connection, however they are cut. It owns no socket and no time. */
export class AnswerParser {
  readonly #sink: AnswerSink;
  #phase: 'idle' | 'head' | 'length' | 'chunked' | 'close' = 'idle';
  #toHead = false;
  #upgrade: string | undefined;
  /** The beginning of a head that has not ended. */
  #begun = '';
  #interim = 0;
  /** Body bytes that the answer still owes. */
  #left = 0;
  #chunks: Chunks | undefined;
  /** The names of the head before. */
  readonly #names: Name[] = [];
  /** A head that is told together with the first of its body. */
  #untold: ReadHead | undefined;

  constructor(sink: AnswerSink) {
    this.#sink = sink;
  }

  /**
   * An answer is expected.
   * @param method of the request.
   * @param upgrade the protocol that it asks to switch to.
   */
  begin(method: string, upgrade: string | undefined): void {
    this.#phase = 'head';
    this.#toHead = method === 'HEAD';
    this.#upgrade = upgrade;
    this.#begun = '';
    this.#interim = 0;
    this.#untold = undefined;
  }

  /** Tells nothing more until the next `begin`. */
  stop(): void {
    this.#phase = 'idle';
  }

  /** Whether the head of the answer is still to come. */
  get awaitsHead(): boolean {
    return this.#phase === 'head';
  }

  /** The connection has ended as it should. @returns whether that was the end of the answer, which has been told then. */
  end(): boolean {
    if (this.#phase !== 'close') return false;
    this.#phase = 'idle';
    this.#sink.onEnd(undefined, false);
    return true;
  }

  /** Reads the first `length` bytes; the buffer may be used again afterwards, and its content is changed. */
  take(bytes: Buffer, length: number): void {
    let at = 0;
    // The end of an answer ends the reading too: what its sink begins then is not answered by what is left.
    while (at < length) {
      switch (this.#phase) {
        case 'head':
          at = this.#takeHead(bytes, at, length);
          break;
        case 'chunked':
          at = this.#takeChunks(bytes, at, length);
          break;
        case 'idle':
          return;
        default:
          at = this.#takeBody(bytes, at, length);
      }
    }
  }

  /** @returns where what was read ends, as the others below; `length` if there is nothing more to read. */
  #takeHead(bytes: Buffer, from: number, length: number): number {
    const tail = this.#begun.slice(-3);
    let text = tail + bytes.toString('latin1', from, Math.min(length, from + FIRST_LOOK));
    let end = text.indexOf('\r\n\r\n');
    if (end < 0 && length - from > FIRST_LOOK) {
      text = tail + bytes.toString('latin1', from, length);
      end = text.indexOf('\r\n\r\n');
    }
    if (end < 0) {
      this.#begun += text.slice(tail.length);
      if (this.#begun.length > MAX_HEAD) return this.#fault('long_head', length);
      return cannotBecomeHead(text, this.#begun) ? this.#fault('not_http', length) : length;
    }
    const before = this.#begun.length;
    if (before > tail.length) {
      text = this.#begun.slice(0, before - tail.length) + text;
      end += before - tail.length;
      this.#begun = '';
    } else if (before > 0) this.#begun = '';
    if (end > MAX_HEAD) return this.#fault('long_head', length);
    const head = readAnswerHead(text, 0, end, this.#toHead, this.#names);
    if (typeof head === 'string') return this.#fault(head, length);
    const read = from + end + 4 - before;
    if (head.status >= 200) return this.#begins(head, text, end + 4, read, length);
    if (head.status === 101) return this.#switches(head, bytes, read, length);
    return ++this.#interim > MAX_INTERIM ? this.#fault('endless_interim', length) : read;
  }

  #switches(head: ReadHead, bytes: Buffer, read: number, length: number): number {
    if (this.#upgrade === undefined || head.upgrade !== this.#upgrade) return this.#fault('bad_switch', length);
    this.#phase = 'idle';
    this.#sink.onSwitch(head, copyOf(bytes, read, length));
    return length;
  }

  /** @param text has the first of the body too, from `bodyAt` on. */
  #begins(head: ReadHead, text: string, bodyAt: number, read: number, length: number): number {
    const bodyEnd = head.framing === 'none' ? bodyAt : bodyAt + head.length;
    if (head.framing === 'none' || (head.framing === 'length' && bodyEnd <= text.length)) {
      this.#phase = 'idle';
      const body = bodyEnd === bodyAt ? '' : text.slice(bodyAt, bodyEnd);
      this.#sink.onWhole(head, body, read + body.length === length);
      return length;
    }
    this.#phase = head.framing;
    this.#left = head.framing === 'length' ? head.length : Number.POSITIVE_INFINITY;
    if (head.framing === 'chunked') {
      this.#chunks = new Chunks();
      if (read < length) {
        this.#untold = head;
        return read;
      }
    }
    this.#sink.onHead(head, read < length);
    return read;
  }

  #takeBody(bytes: Buffer, from: number, length: number): number {
    const end = Math.min(length, from + this.#left);
    this.#left -= end - from;
    const isLast = this.#left === 0;
    this.#sink.onData(copyOf(bytes, from, end));
    if (!isLast) return end;
    if (this.#phase === 'length') {
      this.#phase = 'idle';
      this.#sink.onEnd(undefined, end === length);
    }
    return length;
  }

  #takeChunks(bytes: Buffer, from: number, length: number): number {
    const chunks = this.#chunks;
    if (chunks === undefined) return length;
    const end = chunks.take(bytes, from, length);
    if (typeof end === 'string') return this.#fault(end, length);
    const hasContent = chunks.contentEnd > from;
    const head = this.#untold;
    if (head !== undefined) {
      this.#untold = undefined;
      this.#sink.onHead(head, hasContent || chunks.ended);
      if (this.#phase !== 'chunked') return length;
    }
    if (hasContent) this.#sink.onData(copyOf(bytes, from, chunks.contentEnd));
    else this.#sink.onProgress();
    if (!chunks.ended || this.#phase !== 'chunked') return length;
    this.#phase = 'idle';
    this.#chunks = undefined;
    this.#sink.onEnd(chunks.trailers, end === length);
    return length;
  }

  #fault(fault: AnswerFault, length: number): number {
    this.#phase = 'idle';
    this.#sink.onFault(fault);
    return length;
  }
}

/** Whether what has come of a head can never be one, so that waiting for its end would be in vain. */
function cannotBecomeHead(text: string, begun: string): boolean {
  return !'HTTP/1.'.startsWith(begun.slice(0, 7)) || (begun === text ? /(?:^|[^\r])\n/ : /[^\r]\n/).test(text);
}
