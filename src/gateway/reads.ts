import { Buffer } from 'node:buffer';
import { type OnReadOpts, Socket } from 'node:net';
import { copyOf } from './upstream/blocks.ts';

/** Every read of every connection comes to lie here, and is used up before the next one: what is kept of it is copied. */
export const READS = Buffer.allocUnsafeSlow(65_536);

/** The same bytes for longer than until the next read. */
export function lasting(bytes: Buffer): Buffer {
  return bytes.buffer === READS.buffer ? copyOf(bytes, 0, bytes.length) : bytes;
}

/** The fields in which a socket keeps the two halves of its option `onread`. */
interface Fields {
  readonly buffer: symbol;
  readonly callback: symbol;
}

/** What is touched of a socket below its documented side. */
interface Inner {
  [field: symbol]: unknown;
  readonly _handle?: { readonly useUserBuffer?: unknown } | null;
}

const fields = fieldsOfOnread({ buffer: READS, callback: () => true });

/** Node gives `onread` to sockets that dial only. Where they keep it is seen on one of those, and is where all others keep it too. */
function fieldsOfOnread(onread: OnReadOpts): Fields | undefined {
  const probe = innerOf(new Socket({ onread } as ConstructorParameters<typeof Socket>[0]));
  const symbols = Object.getOwnPropertySymbols(probe);
  const buffer = symbols.find((symbol) => probe[symbol] === onread.buffer);
  const callback = symbols.find((symbol) => probe[symbol] === onread.callback);
  return buffer && callback && { buffer, callback };
}

/**
 * Has an accepted connection read into `READS`, as `onread` would: without it, each read costs a new buffer and a walk through the
 * stream. Its `data` events cease; all its other events and methods stay what they are.
 * @param onRead is given how many bytes lie there.
 * @returns false if this socket (TLS) or this Node keeps it elsewhere: nothing has changed then.
 */
export function readInto(socket: Socket, onRead: (length: number) => void): boolean {
  if (fields === undefined || Object.getPrototypeOf(socket) !== Socket.prototype) return false;
  const inner = innerOf(socket);
  const handle = inner._handle;
  if (typeof handle?.useUserBuffer !== 'function') return false;
  if (inner[fields.buffer] !== null || inner[fields.callback] !== null) return false;
  inner[fields.buffer] = READS;
  inner[fields.callback] = onRead;
  handle.useUserBuffer(READS);
  socket.resume();
  return true;
}

/** Has a connection of `readInto` emit its reads again, like any other. */
export function emitReads(socket: Socket): void {
  if (fields === undefined) return;
  innerOf(socket)[fields.callback] = (length: number) => socket.push(Buffer.from(READS.subarray(0, length)));
}

function innerOf(socket: Socket): Inner {
  // The type leaves out what is not documented.
  return socket as unknown as Inner;
}
