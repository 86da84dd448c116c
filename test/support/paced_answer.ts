import type { Socket } from 'node:net';

/**
 * Writes an answer in pieces, in order, and no more of it once the connection is gone.
 * @param pause milliseconds before each piece, the first included.
 */
export function answerInPieces(socket: Socket, pieces: readonly string[], pause: number): void {
  // One timer at a time: after a busy moment, a longer one that is due may fire before a shorter one.
  let timer: NodeJS.Timeout;
  const next = (at: number): void => {
    const piece = pieces[at];
    if (piece === undefined) {
      socket.off('close', stop);
      return;
    }
    timer = setTimeout(() => {
      socket.write(piece);
      next(at + 1);
    }, pause);
  };
  const stop = (): void => clearTimeout(timer);
  socket.on('close', stop);
  next(0);
}
