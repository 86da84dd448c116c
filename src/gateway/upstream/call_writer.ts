import type { Socket } from 'node:net';
import { giveBack } from './blocks.ts';
import type { Outgoing } from './exchange.ts';
import { declaredLength, expectsBody, outgoingHead } from './outgoing_head.ts';

/** Pieces of a body that are no longer than this leave as text with what stands before and behind them, in one write. */
const ONE_WRITE = 16_384;

/** The lines that are the same for every call to a target, and the rest of the request line in front of them. */
export interface CommonLines {
  readonly behindTarget: string;
  /** The same of a call that asks to switch. */
  readonly behindUpgrade: string;
}

/** Writes one call after another on a connection, framed by ourselves (RFC 9112 §6). */
export class CallWriter {
  readonly #socket: Socket;
  readonly #common: CommonLines;
  #method = '';
  /** The head of a call whose body has not begun. */
  #held = '';
  /** Body bytes that the call still owes; -1 if it is chunked. */
  #owed = 0;
  /** Whether the whole call is written. */
  sent = true;
  /** Whether the upstream takes no more at the moment. */
  full = false;

  constructor(socket: Socket, common: CommonLines) {
    this.#socket = socket;
    this.#common = common;
  }

  /** Whether nothing of the call has been written. */
  get held(): boolean {
    return this.#held !== '';
  }

  /** @returns false if it cannot be sent: nothing was written. */
  begin(call: Outgoing, basePath: string): boolean {
    const { method, headers, body, upgrade } = call;
    const { behindTarget, behindUpgrade } = this.#common;
    const head = outgoingHead(call, basePath, upgrade === undefined ? behindTarget : behindUpgrade);
    if (head === undefined) return false;
    if (body === 'none') {
      this.sent = true;
      let last = '\r\n';
      if (upgrade !== undefined) last = `upgrade: ${upgrade}\r\n\r\n`;
      else if (expectsBody(method) && declaredLength(headers) < 0) last = 'content-length: 0\r\n\r\n';
      this.#socket.write(head + last, 'latin1');
      return true;
    }
    this.#owed = body === 'chunked' ? -1 : declaredLength(headers);
    if (body === 'length' && this.#owed < 0) return false;
    // It leaves with the first piece of the body: a caller who sends none must not have begun anything.
    this.#held = body === 'chunked' ? head : `${head}\r\n`;
    this.#method = method;
    this.sent = false;
    this.full = false;
    return true;
  }

  /** @returns whether the call has room for the piece: if it has not, nothing was written. */
  write(chunk: Buffer): boolean {
    const { length } = chunk;
    const chunked = this.#owed < 0;
    if (!chunked && length > this.#owed) return false;
    if (length === 0) return true;
    let before = this.#held;
    this.#held = '';
    if (chunked) before += `${before === '' ? '' : 'transfer-encoding: chunked\r\n\r\n'}${length.toString(16)}\r\n`;
    else this.#owed -= length;
    this.full = !this.#writeAround(before, chunk, chunked ? '\r\n' : '');
    return true;
  }

  #writeAround(before: string, chunk: Buffer, behind: string): boolean {
    const socket = this.#socket;
    const written = (error?: Error | null): void => {
      if (!error) giveBack(chunk);
    };
    if (before === '' && behind === '') return socket.write(chunk, written);
    if (chunk.length <= ONE_WRITE) return socket.write(before + chunk.toString('latin1') + behind, 'latin1');
    socket.cork();
    if (before !== '') socket.write(before, 'latin1');
    let free = socket.write(chunk, written);
    if (behind !== '') free = socket.write(behind, 'latin1');
    socket.uncork();
    return free;
  }

  /** The body is complete. @returns whether it is as long as was said. */
  end(): boolean {
    if (this.#owed > 0) return false;
    this.sent = true;
    if (this.#held !== '') {
      const chunked = this.#owed < 0;
      const empty = expectsBody(this.#method) ? 'content-length: 0\r\n\r\n' : '\r\n';
      this.#socket.write(this.#held + (chunked ? empty : ''), 'latin1');
      this.#held = '';
    } else if (this.#owed < 0) this.#socket.write('0\r\n\r\n', 'latin1');
    return true;
  }
}
