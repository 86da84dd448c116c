import type { Socket } from 'node:net';
import type { Milliseconds } from '../model/units.ts';

export interface TunnelEnds {
  readonly caller: Socket;
  readonly upstream: Socket;
  /** Without a byte in either direction for so long, both ends are closed. */
  readonly idleTimeout: Milliseconds;
}

/**
 * Two connections joined, byte for byte, at the slower side's pace. Either side may say its last word and go on listening; when
 * one breaks, so does the other. Both must be paused, and everything that was read from them unshifted.
 */
export class Tunnel {
  /** Bytes that came from the caller, and that went to it. */
  bytesIn = 0;
  bytesOut = 0;
  readonly #caller: Socket;
  readonly #upstream: Socket;

  constructor({ caller, upstream, idleTimeout }: TunnelEnds) {
    this.#caller = caller;
    this.#upstream = upstream;
    // The connection of a client ends with its other half otherwise.
    upstream.allowHalfOpen = true;
    this.#carry(caller, upstream, idleTimeout, (count) => {
      this.bytesIn += count;
    });
    this.#carry(upstream, caller, idleTimeout, (count) => {
      this.bytesOut += count;
    });
    caller.resume();
    upstream.resume();
  }

  /** Ends it now, whatever is under way. */
  destroy(): void {
    this.#caller.destroy();
    this.#upstream.destroy();
  }

  #carry(from: Socket, to: Socket, idleTimeout: Milliseconds, passed: (count: number) => void): void {
    from.setNoDelay(true);
    from.on('data', (chunk: Buffer) => {
      passed(chunk.length);
      if (!to.write(chunk)) from.pause();
    });
    to.on('drain', () => from.resume());
    from.on('end', () => to.end());
    from.on('error', () => {});
    from.on('close', (broken) => {
      // An orderly end has been passed on, and what was said before it may still be on its way.
      if (!broken && from.readableEnded) to.destroySoon();
      else to.destroy();
    });
    // Everything that moves is seen by both, so either clock would do; both, because one of the two may be closed already.
    from.setTimeout(idleTimeout, () => this.destroy());
  }
}
