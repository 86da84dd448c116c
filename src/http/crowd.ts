import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Exchange } from '../model/exchange.ts';
import { milliseconds } from '../model/units.ts';
import { TOO_MANY, writeRaw } from './raw_answer.ts';

/** Connections beyond the limit that may be open at once because they are being refused; further ones are closed unanswered. */
export const BEING_REFUSED = 1_000;

export interface CrowdOptions {
  /** How many connections may be open. */
  readonly max: number;
  /** Whether what is refused is told so in plain HTTP; a TLS connection is not worth its handshake then. */
  readonly plain: boolean;
  readonly report?: ((exchange: Exchange) => void) | undefined;
}

/** Keeps the number of connections bounded, so that those that are open go on being served. */
export function createCrowd({ max, plain, report }: CrowdOptions): (socket: Socket, go: () => void) => void {
  let open = 0;
  const left = () => {
    open--;
  };
  return (socket, go) => {
    if (open < max) {
      open++;
      socket.once('close', left);
      go();
      return;
    }
    const requestId = randomUUID();
    const { status, code } = TOO_MANY;
    report?.({ requestId, method: '', path: '', status, duration: milliseconds(0), refused: code });
    if (!plain) {
      socket.destroy();
      return;
    }
    socket.on('error', () => {});
    socket.resume();
    writeRaw(socket, TOO_MANY, requestId);
  };
}
