/** Pieces of bodies from so many bytes on lie in blocks that are used again; smaller ones are cheap to make and to forget. */
const SMALLEST = 16_384;
/** As long as the longest read. */
const BLOCK = 65_536;
/** So many blocks are kept for later: 4 MiB. */
const KEPT = 64;

const free: Buffer[] = [];
/** The pieces that are out, each by the block that it lies in. */
const lent = new WeakMap<Buffer, Buffer>();

/** A copy of some bytes, for their receiver to keep. */
export function copyOf(bytes: Buffer, from: number, end: number): Buffer {
  const length = end - from;
  if (length < SMALLEST || length > BLOCK) {
    const copy = Buffer.allocUnsafe(length);
    bytes.copy(copy, 0, from, end);
    return copy;
  }
  const block = free.pop() ?? Buffer.allocUnsafeSlow(BLOCK);
  bytes.copy(block, 0, from, end);
  const piece = block.subarray(0, length);
  lent.set(piece, block);
  return piece;
}

/** Pieces that nobody but their sender has. */
const owned = new WeakSet<Buffer>();

/**
 * Says of a piece as it was read that nobody else has it: given back, its memory is free at once. Left to the collector, a fast
 * upload would pile up to 60 MiB before it comes by.
 */
export function own(piece: Buffer): void {
  // Of anything else there may be another part somewhere.
  if (piece.length >= SMALLEST && piece.length === piece.buffer.byteLength) owned.add(piece);
}

/**
 * Gives a piece of a body back when the system has taken all of it. Nobody must give back what may still be read: its place is
 * another caller's next. Not to give one back only costs its memory, until it is collected; a second time does nothing.
 */
export function giveBack(piece: Buffer): void {
  if (owned.delete(piece)) {
    if (piece.buffer instanceof ArrayBuffer) piece.buffer.transfer(0);
    return;
  }
  const block = lent.get(piece);
  if (block === undefined) return;
  lent.delete(piece);
  if (free.length < KEPT) free.push(block);
}
