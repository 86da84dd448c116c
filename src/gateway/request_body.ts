import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { Milliseconds } from '../model/units.ts';
import { TOKEN_PARAMETER } from './bearer.ts';
import { ParameterScan } from './parameter_scan.ts';

/** The form that a caller is sending carries a token (RFC 6750 §2.2), which is not accepted. */
export class TokenInBody extends Error {
  override readonly name = 'TokenInBody';
}

/** The caller stopped sending in the middle of the body. */
export class BodyStalled extends Error {
  override readonly name = 'BodyStalled';
}

/** The caller's connection broke in the middle of the body. */
export class BodyBroken extends Error {
  override readonly name = 'BodyBroken';
}

/**
 * A request's body on its way upstream, chunk by chunk as fast as the slower side goes. Whoever reads it may destroy it: that
 * stops the reading and leaves the request itself alone, so that it can still be answered.
 *
 * It fails with `BodyStalled` when the caller pauses for longer than `idleTimeout`, with `TokenInBody` before the chunk that
 * completes the name `access_token` is passed on, and with `BodyBroken` when the caller leaves.
 */
export class RequestBody extends Readable {
  /** How many bytes have come so far. */
  received = 0;
  readonly #source: IncomingMessage;
  readonly #scan: ParameterScan | undefined;
  readonly #idleTimeout: Milliseconds;
  /** A chunk that ends with the forbidden name: the next byte, or the end, says whether that is the whole name. */
  #held: Buffer | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(source: IncomingMessage, { idleTimeout, scan }: { idleTimeout: Milliseconds; scan: boolean }) {
    super();
    this.#source = source;
    this.#idleTimeout = idleTimeout;
    this.#scan = scan ? new ParameterScan(TOKEN_PARAMETER) : undefined;
    // Its reader listens for errors only while it is reading.
    this.on('error', () => {});
  }

  override _read(): void {
    if (this.#timer === undefined) {
      this.#source.on('data', this.#onData).on('end', this.#onEnd).on('close', this.#onClose);
      this.#timer = setTimeout(this.#onIdle, this.#idleTimeout);
    } else {
      this.#timer.refresh();
    }
    this.#source.resume();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearTimeout(this.#timer);
    this.#source.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose);
    this.#source.pause();
    done(error);
  }

  readonly #onData = (chunk: Buffer): void => {
    this.received += chunk.length;
    if (this.#scan !== undefined) {
      if (contains(this.#scan, chunk)) {
        this.destroy(new TokenInBody());
        return;
      }
      if (this.#scan.end()) {
        this.#held = chunk;
        return;
      }
    }
    const next = this.#held === undefined ? chunk : Buffer.concat([this.#held, chunk]);
    this.#held = undefined;
    if (this.push(next)) this.#timer?.refresh();
    else this.#source.pause();
  };

  readonly #onEnd = (): void => {
    clearTimeout(this.#timer);
    if (this.#scan?.end()) this.destroy(new TokenInBody());
    else this.push(null);
  };

  readonly #onClose = (): void => {
    if (!this.#source.complete) this.destroy(new BodyBroken());
  };

  readonly #onIdle = (): void => {
    // Paused means that the upstream is the slow one; its own timeouts watch it.
    if (this.#source.isPaused()) this.#timer?.refresh();
    else this.destroy(new BodyStalled());
  };
}

function contains(scan: ParameterScan, chunk: Buffer): boolean {
  for (const byte of chunk) {
    if (scan.next(byte)) return true;
  }
  return false;
}
