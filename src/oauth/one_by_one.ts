import type { Clock } from '../model/clock.ts';
import { type Milliseconds, milliseconds } from '../model/units.ts';

/**
 * Lets guesses in one after the other until one was right. What is counted after it was evaluated is worth nothing against guesses
 * that come all at once; but an honest client comes many times at once too, and must not wait in line for itself.
 */
export interface OneByOne {
  /** Runs `attempt` at once where one has lately been right, else when no other of this key is under way. */
  run(key: string, attempt: Attempt): Promise<boolean>;
}

export interface Attempt {
  /**
   * Throws where too many were wrong, over all nodes. It is not asked again for a tenth of a second after it let in an attempt that
   * was right, unless one is wrong here: what other nodes have counted is seen that much later, so each may let in one guess more.
   */
  admit(): Promise<void>;
  evaluate(): Promise<boolean>;
}

/** How a key stands whose last attempt was right. */
interface Standing {
  readonly since: Milliseconds;
  /** When `admit` was last asked. */
  readonly admitted: Milliseconds;
}

/** So many keys that were right are remembered. */
const MOST = 10_000;
const ADMITTED_FOR = milliseconds(100);
const NEVER = milliseconds(Number.NEGATIVE_INFINITY);

/** @param trust how long a right one lets the others in together; the first wrong one ends it. */
export function createOneByOne({ clock, trust }: { readonly clock: Clock; readonly trust: Milliseconds }): OneByOne {
  /** Those that were right last are last. */
  const right = new Map<string, Standing>();
  const underWay = new Map<string, Promise<unknown>>();
  /** Of any key: what was admitted before the latest of them is not believed after it. */
  let failures = 0;

  const isTrusted = (key: string): boolean => {
    const standing = right.get(key);
    return standing !== undefined && clock.monotonic() - standing.since < trust;
  };

  async function judged(key: string, { admit, evaluate }: Attempt): Promise<boolean> {
    const began = clock.monotonic();
    const before = failures;
    let admitted = right.get(key)?.admitted ?? NEVER;
    let isRight = false;
    try {
      if (began - admitted >= ADMITTED_FOR) {
        admitted = began;
        await admit();
      }
      isRight = await evaluate();
    } catch (error) {
      failures += 1;
      const standing = right.get(key);
      // Nothing is known of the secret, so trust stays.
      if (standing !== undefined) right.set(key, { ...standing, admitted: NEVER });
      throw error;
    }
    if (!isRight) {
      failures += 1;
      right.delete(key);
      return false;
    }
    right.delete(key);
    right.set(key, { since: clock.monotonic(), admitted: failures === before ? admitted : NEVER });
    forgetOldest();
    return true;
  }

  /** A client that comes from ever new addresses has a key for each, and trust of which most is over. */
  function forgetOldest(): void {
    for (const key of right.keys()) {
      if (right.size <= MOST && isTrusted(key)) return;
      right.delete(key);
    }
  }

  async function inTurn(key: string, attempt: Attempt): Promise<boolean> {
    // Whoever wakes first takes the next turn; the others find it taken.
    for (let other = underWay.get(key); other && !isTrusted(key); other = underWay.get(key)) await other;
    if (isTrusted(key)) return judged(key, attempt);
    const mine = judged(key, attempt);
    const settled = mine.then(
      () => {},
      () => {},
    );
    underWay.set(key, settled);
    try {
      return await mine;
    } finally {
      underWay.delete(key);
    }
  }

  return { run: (key, attempt) => (isTrusted(key) ? judged(key, attempt) : inTurn(key, attempt)) };
}
