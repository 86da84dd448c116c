import type { Socket } from 'node:net';
import type { FirstReader } from '../gateway/first_reader.ts';
import type { OtherConnections } from './drain.ts';

/** The connections that a first reader has, as long as the HTTP server does not know them. */
export interface FirstReading extends OtherConnections {
  take(socket: Socket, handOver: () => void): void;
}

export function createFirstReading(reader: FirstReader): FirstReading {
  const held = new Set<Socket>();
  function letGo(this: Socket): void {
    held.delete(this);
  }
  return {
    take(socket, handOver) {
      held.add(socket);
      socket.once('close', letGo);
      reader.take(socket, () => {
        held.delete(socket);
        socket.off('close', letGo);
        handOver();
      });
    },
    drain: () => reader.drain(),
    cut() {
      for (const socket of held) socket.destroy();
    },
  };
}
