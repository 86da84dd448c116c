/** The WebSocket echo of the demo API: the server's half of RFC 6455, without extensions, for a message at a time. */
import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

const CONTINUATION = 0x0;
const TEXT = 0x1;
const BINARY = 0x2;
const CLOSE = 0x8;
const PING = 0x9;
const PONG = 0xa;

/** Longest message that is echoed, in bytes. */
const LONGEST = 1024 * 1024;
/** RFC 6455 §5.5. */
const LONGEST_CONTROL = 125;
/** Milliseconds for which the other side may still read what was said last. */
const FAREWELL = 1_000;

/** Why a connection fails (RFC 6455 §7.4.1). */
class Violation extends Error {
  override readonly name = 'Violation';
  readonly status: number;
  constructor(status: number) {
    super(`the connection fails with ${status}`);
    this.status = status;
  }
}

interface Frame {
  readonly final: boolean;
  readonly opcode: number;
  readonly payload: Buffer;
  /** Bytes it took on the wire. */
  readonly length: number;
}

/** Answers an opening handshake (RFC 6455 §4.2.2) and echoes every message until either side closes. */
export function echoSocket(request: IncomingMessage, socket: Duplex, first: Buffer): void {
  socket.on('error', () => socket.destroy());
  const { 'sec-websocket-key': key, 'sec-websocket-version': version, upgrade = '' } = request.headers;
  if (request.method !== 'GET' || upgrade.toLowerCase() !== 'websocket' || key === undefined || version !== '13') {
    socket.end(
      'HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 13\r\nConnection: close\r\nContent-Length: 0\r\n\r\n',
    );
    return;
  }
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  const echo = new Echo(socket);
  socket.on('data', (chunk: Buffer) => echo.take(chunk)).on('end', () => socket.end());
  if (first.length > 0) echo.take(first);
}

class Echo {
  readonly #socket: Duplex;
  #bytes: Buffer = Buffer.alloc(0);
  /** Parts of a message whose last frame has not come; 0 between messages. */
  #opcode = 0;
  #parts: Buffer[] = [];
  #size = 0;
  #closed = false;

  constructor(socket: Duplex) {
    this.#socket = socket;
    socket.on('drain', () => socket.resume());
  }

  take(chunk: Buffer): void {
    if (this.#closed) return;
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    try {
      let frame = readFrame(this.#bytes);
      while (frame !== undefined && !this.#closed) {
        this.#bytes = this.#bytes.subarray(frame.length);
        this.#handle(frame);
        frame = readFrame(this.#bytes);
      }
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      const status = Buffer.alloc(2);
      status.writeUInt16BE(error.status);
      this.#close(status);
    }
  }

  #handle(frame: Frame): void {
    switch (frame.opcode) {
      case PING:
        this.#send(PONG, frame.payload);
        return;
      case PONG:
        return;
      case CLOSE:
        this.#close(frame.payload.subarray(0, 2));
        return;
      case CONTINUATION:
        if (this.#opcode === 0) throw new Violation(1002);
        break;
      default:
        if (this.#opcode !== 0) throw new Violation(1002);
        this.#opcode = frame.opcode;
    }
    this.#size += frame.payload.length;
    if (this.#size > LONGEST) throw new Violation(1009);
    this.#parts.push(frame.payload);
    if (!frame.final) return;
    const message = Buffer.concat(this.#parts);
    if (this.#opcode === TEXT && !isUtf8(message)) throw new Violation(1007);
    this.#send(this.#opcode, message);
    this.#opcode = 0;
    this.#parts = [];
    this.#size = 0;
  }

  #send(opcode: number, payload: Buffer): void {
    this.#socket.write(headOf(opcode, payload.length));
    if (!this.#socket.write(payload)) this.#socket.pause();
  }

  #close(status: Buffer): void {
    this.#send(CLOSE, status);
    this.#closed = true;
    this.#socket.end();
    this.#socket.resume();
    const leave = setTimeout(() => this.#socket.destroy(), FAREWELL);
    this.#socket.once('close', () => clearTimeout(leave));
  }
}

/**
 * RFC 6455 §5.2, as a client must send it: masked.
 * @returns undefined until it is complete.
 */
function readFrame(bytes: Buffer): Frame | undefined {
  if (bytes.length < 2) return undefined;
  const first = bytes.readUInt8(0);
  const second = bytes.readUInt8(1);
  const opcode = first & 0x0f;
  const final = (first & 0x80) !== 0;
  const isControl = opcode >= CLOSE;
  let size = second & 0x7f;
  // No extension gives the reserved bits a meaning, and a frame that is not masked may be somebody else's bytes (§5.1, §10.3).
  if ((first & 0x70) !== 0 || (second & 0x80) === 0) throw new Violation(1002);
  if (![CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG].includes(opcode)) throw new Violation(1002);
  if (isControl && (!final || size > LONGEST_CONTROL)) throw new Violation(1002);
  let at = 2;
  if (size === 126) {
    if (bytes.length < 4) return undefined;
    size = bytes.readUInt16BE(2);
    at = 4;
  } else if (size === 127) {
    if (bytes.length < 10) return undefined;
    const long = bytes.readBigUInt64BE(2);
    if (long > BigInt(LONGEST)) throw new Violation(1009);
    size = Number(long);
    at = 10;
  }
  if (bytes.length < at + 4 + size) return undefined;
  const mask = bytes.subarray(at, at + 4);
  const payload = Buffer.from(bytes.subarray(at + 4, at + 4 + size));
  for (let each = 0; each < payload.length; each++) payload[each] = (payload[each] ?? 0) ^ (mask[each & 3] ?? 0);
  return { final, opcode, payload, length: at + 4 + size };
}

function headOf(opcode: number, size: number): Buffer {
  if (size < 126) return Buffer.from([0x80 | opcode, size]);
  const head = Buffer.alloc(size < 65_536 ? 4 : 10);
  head[0] = 0x80 | opcode;
  head[1] = size < 65_536 ? 126 : 127;
  if (size < 65_536) head.writeUInt16BE(size, 2);
  else head.writeBigUInt64BE(BigInt(size), 2);
  return head;
}
