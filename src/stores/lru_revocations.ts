import type { Clock } from '../model/clock.ts';
import { DependencyUnavailable } from '../model/failure.ts';
import type { TokenRef } from '../model/token.ts';

/** More revocations than this without a store are not remembered: the oldest denials give way. */
const MOST = 100_000;
const RETRY_EVERY_MS = 1_000;
/** A failover may lose what was confirmed shortly before it (replication is asynchronous); those are made certain again. */
const REASSERT_MS = 60_000;

type Revocation = () => Promise<unknown>;

/** A space is in no hash, family id or tag. */
const placeOf = ({ tag }: TokenRef, client: string): string => `${tag} ${client}`;

const asError = (error: unknown): unknown => error ?? new Error('nothing was thrown');
const isUnavailable = (error: unknown): boolean => error instanceof DependencyUnavailable;

/**
 * Revocations that the store could not confirm. Whoever asked was told so (503), but here the token is dead from that moment
 * on, and the store is asked again until it confirms (guarantee G5). Keys are token hashes and family ids.
 */
export class LruRevocations {
  readonly #clock: Clock;
  readonly #unconfirmed = new Map<string, Revocation>();
  readonly #recent = new Map<string, { readonly at: number; readonly revocation: Revocation }>();
  #timer: NodeJS.Timeout | undefined;
  #retrying = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#unconfirmed.size;
  }

  denies(key: string): boolean {
    return this.#unconfirmed.size > 0 && this.#unconfirmed.has(key);
  }

  /**
   * Whether this node has revoked it, confirmed or not: for when the store that answers may be one that has not heard of it. Dearer
   * than `denies`, and never needed for what is in the cache.
   */
  ended(key: string): boolean {
    return this.#unconfirmed.has(key) || this.#recent.has(key);
  }

  /** Whether a revocation that nobody could work out yet may be about this token of this client. */
  doubts(ref: TokenRef, client: string): boolean {
    return this.#unconfirmed.size > 0 && this.#unconfirmed.has(placeOf(ref, client));
  }

  /** Denies a token, and all of its grant that the client has: which of them the revocation ends is for the store to say. */
  doubt(ref: TokenRef, client: string, finish: Revocation): void {
    const place = placeOf(ref, client);
    const settle = async (): Promise<void> => {
      await finish();
      this.#forget(ref.hash);
      this.#forget(place);
    };
    this.#deny(ref.hash, settle);
    this.#deny(place, settle);
  }

  /** Runs a revocation; denies the key here if the store does not confirm it. @throws what the revocation throws. */
  async attempt<T>(key: string, revocation: () => Promise<T>): Promise<T> {
    try {
      const result = await revocation();
      this.#confirm(key, revocation);
      return result;
    } catch (error) {
      if (isUnavailable(error)) this.#deny(key, revocation);
      throw error;
    }
  }

  /** The store may have lost its last minute: the revocations of that time are made once more, or denied here meanwhile. */
  async reassert(): Promise<void> {
    this.#trimRecent();
    // Denied first: whoever asks before it is done may be answered by a store that knows nothing of it.
    for (const [key, { revocation }] of this.#recent) this.#deny(key, revocation);
    await this.#retry();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #forget(key: string): void {
    this.#unconfirmed.delete(key);
    if (this.#unconfirmed.size === 0) this.close();
  }

  #confirm(key: string, revocation: Revocation): void {
    this.#forget(key);
    this.#trimRecent();
    // Made once more it is no younger, or a stream that comes and goes would have it made for ever.
    if (!this.#recent.has(key)) this.#recent.set(key, { at: this.#clock.monotonic(), revocation });
  }

  #deny(key: string, revocation: Revocation): void {
    this.#unconfirmed.delete(key); // so that it becomes the youngest
    this.#unconfirmed.set(key, revocation);
    for (const oldest of this.#unconfirmed.keys()) {
      if (this.#unconfirmed.size <= MOST) break;
      this.#unconfirmed.delete(oldest);
    }
    this.#timer ??= setInterval(() => void this.#retry(), RETRY_EVERY_MS).unref();
  }

  async #retry(): Promise<void> {
    if (this.#retrying) return;
    this.#retrying = true;
    try {
      // One after another, so that a store that is back is not met by all of them at once.
      for (const [key, revocation] of [...this.#unconfirmed]) {
        if (!this.#unconfirmed.has(key)) continue;
        const failure = await this.attempt(key, revocation).then(() => undefined, asError);
        // Still away: the rest would only wait for the same answer.
        if (isUnavailable(failure)) break;
        // An answer, though not the usual one: the grant could not be read, and has been removed as a whole.
        if (failure !== undefined) this.#forget(key);
      }
    } finally {
      this.#retrying = false;
    }
  }

  #trimRecent(): void {
    const since = this.#clock.monotonic() - REASSERT_MS;
    for (const [key, { at }] of this.#recent) {
      if (at > since && this.#recent.size <= MOST) break;
      this.#recent.delete(key);
    }
  }
}
