import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Exchange } from '../model/exchange.ts';
import { networkOf } from '../model/networks.ts';
import { milliseconds } from '../model/units.ts';
import { TOO_MANY, type Wording, writeRaw } from './raw_answer.ts';

/** Connections beyond the limit that may be open at once because they are being refused; further ones are closed unanswered. */
export const BEING_REFUSED = 1_000;

export interface CrowdOptions {
  /** How many connections may be open. */
  readonly max: number;
  /** How many of them may come from one address; absent: all. */
  readonly perAddress?: number | undefined;
  /** Whether an address may have as many as there are. */
  readonly isProxy?: ((address: string | undefined) => boolean) | undefined;
  /** Whether what is refused is told so in plain HTTP; a TLS connection is not worth its handshake then. */
  readonly plain: boolean;
  readonly report?: ((exchange: Exchange) => void) | undefined;
  /** The standard's words unless told otherwise. */
  readonly wording?: Wording | undefined;
}

/** Keeps the number of connections bounded, so that those that are open go on being served. */
export function createCrowd(options: CrowdOptions): (socket: Socket, go: () => void) => void {
  const { max, plain, report, wording } = options;
  const enter = createQuota(options);
  let open = 0;
  const left = () => {
    open--;
  };
  return (socket, go) => {
    if (open < max && enter(socket)) {
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
    writeRaw(socket, TOO_MANY, requestId, wording);
  };
}

/** Counts the open connections of each address. @returns whether one more may be open; it counts from then on. */
function createQuota({ perAddress, isProxy = () => false }: CrowdOptions): (socket: Socket) => boolean {
  if (perAddress === undefined) return () => true;
  const counts = new Map<string, number>();
  return (socket) => {
    const { remoteAddress } = socket;
    // A unix socket has no address: who may open it decides who comes.
    if (remoteAddress === undefined || isProxy(remoteAddress)) return true;
    const network = networkOf(remoteAddress);
    const count = counts.get(network) ?? 0;
    if (count >= perAddress) return false;
    counts.set(network, count + 1);
    socket.once('close', () => {
      const left = (counts.get(network) ?? 1) - 1;
      if (left > 0) counts.set(network, left);
      else counts.delete(network);
    });
    return true;
  };
}
