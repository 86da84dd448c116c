import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';

/** RFC 9113 §6. */
export const FRAME = {
  ...{ DATA: 0, HEADERS: 1, RST_STREAM: 3, SETTINGS: 4, PING: 6, GOAWAY: 7, WINDOW_UPDATE: 8, CONTINUATION: 9 },
} as const;
export const FLAG = { END_STREAM: 0x1, ACK: 0x1, END_HEADERS: 0x4 } as const;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** A client that sends exactly the frames it is told to, valid or not, and keeps those that come. */
export interface FrameClient {
  readonly socket: TLSSocket;
  readonly frames: readonly Frame[];
  send(...frames: readonly Buffer[]): void;
  /** Resolves with the first frame, past or future, that fits; undefined when the connection ends without one. */
  frame(fits: (frame: Frame) => boolean): Promise<Frame | undefined>;
  /** Resolves when the connection is closed. */
  readonly closed: Promise<void>;
}

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** Connects, and sends the preface with these settings. @param settings identifiers and values. */
export async function frameClient(
  port: number,
  settings: readonly (readonly [number, number])[] = [],
): Promise<FrameClient> {
  const socket = connect({ port, host: '127.0.0.1', ALPNProtocols: ['h2'], rejectUnauthorized: false });
  socket.on('error', () => {});
  socket.setNoDelay(true);
  await once(socket, 'secureConnect');
  const frames: Frame[] = [];
  const waiting = new Set<() => void>();
  let bytes: Buffer = Buffer.alloc(0);
  let ended = false;
  socket.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
    while (bytes.length >= 9) {
      const end = 9 + bytes.readUIntBE(0, 3);
      if (bytes.length < end) break;
      const [type, flags] = [bytes.readUInt8(3), bytes.readUInt8(4)];
      frames.push({ type, flags, stream: bytes.readUInt32BE(5) & 0x7fffffff, payload: bytes.subarray(9, end) });
      bytes = bytes.subarray(end);
    }
    for (const wake of waiting) wake();
  });
  const closed = new Promise<void>((resolve) => {
    socket.on('close', () => {
      ended = true;
      for (const wake of waiting) wake();
      resolve();
    });
  });
  const entries = settings.map(([id, value]) => {
    const entry = Buffer.alloc(6);
    entry.writeUInt16BE(id, 0);
    entry.writeUInt32BE(value, 2);
    return entry;
  });
  socket.write(Buffer.concat([PREFACE, frame(FRAME.SETTINGS, 0, 0, Buffer.concat(entries))]));

  return {
    socket,
    frames,
    closed,
    send: (...all) => void socket.write(Buffer.concat(all)),
    async frame(fits) {
      while (true) {
        const found = frames.find(fits);
        if (found !== undefined || ended) return found;
        await new Promise<void>((resolve) => {
          const wake = (): void => {
            waiting.delete(wake);
            resolve();
          };
          waiting.add(wake);
        });
      }
    },
  };
}

export function frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** HEADERS with everything spelled out: no compression, no table, no check. Values are taken byte by byte (latin1). */
export function headers(stream: number, pairs: readonly (readonly [string, string])[], end: 'ended' | 'open'): Buffer {
  const flags = FLAG.END_HEADERS | (end === 'ended' ? FLAG.END_STREAM : 0);
  return frame(FRAME.HEADERS, flags, stream, headerBlock(pairs));
}

/** RFC 7541 §6.2.2: literal fields without indexing. */
export function headerBlock(pairs: readonly (readonly [string, string])[]): Buffer {
  return Buffer.concat(pairs.map(([name, value]) => Buffer.concat([Buffer.of(0), literal(name), literal(value)])));
}

export function data(stream: number, text: string | Buffer, end: 'ended' | 'open'): Buffer {
  return frame(FRAME.DATA, end === 'ended' ? FLAG.END_STREAM : 0, stream, Buffer.from(text as string));
}

export function reset(stream: number, code: number): Buffer {
  return frame(FRAME.RST_STREAM, 0, stream, number(code));
}

export function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** RFC 7541 §5.2, not Huffman coded. */
function literal(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  if (bytes.length < 127) return Buffer.concat([Buffer.of(bytes.length), bytes]);
  const length = [127];
  let rest = bytes.length - 127;
  for (; rest >= 128; rest = rest >> 7) length.push((rest & 127) | 128);
  length.push(rest);
  return Buffer.concat([Buffer.from(length), bytes]);
}

/** The status of a response head, as far as the static table of RFC 7541 has it as a whole; undefined for others. */
export function statusIn({ payload }: Frame): number | undefined {
  const first = payload.find((byte) => byte >= 0x80 || byte === 0x48);
  return first === undefined ? undefined : { 136: 200, 137: 204, 139: 304, 140: 400, 141: 404, 142: 500 }[first];
}
