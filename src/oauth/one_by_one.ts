import type { Clock } from '../model/clock.ts';
import type { Milliseconds } from '../model/units.ts';

/**
 * Lets guesses in one after the other until one was right. What is counted after it was evaluated is worth nothing against guesses
 * that come all at once; but an honest client comes many times at once too, and must not wait in line for itself.
 */
export interface OneByOne {
  /** Runs `attempt` at once where one has lately been right, else when no other of this key is under way. */
  run(key: string, attempt: () => Promise<boolean>): Promise<boolean>;
}

/** Keys that were right are forgotten from the oldest on. */
const MOST = 10_000;

/** @param trust how long a right one lets the others in together; the first wrong one ends it. */
export function createOneByOne({ clock, trust }: { readonly clock: Clock; readonly trust: Milliseconds }): OneByOne {
  const right = new Map<string, Milliseconds>();
  const underWay = new Map<string, Promise<unknown>>();

  const isTrusted = (key: string): boolean => {
    const since = right.get(key);
    return since !== undefined && clock.monotonic() - since < trust;
  };

  async function judged(key: string, attempt: () => Promise<boolean>): Promise<boolean> {
    const isRight = await attempt();
    right.delete(key);
    if (!isRight) return false;
    right.set(key, clock.monotonic());
    const [oldest] = right.keys();
    if (right.size > MOST && oldest !== undefined) right.delete(oldest);
    return true;
  }

  return {
    async run(key, attempt) {
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
    },
  };
}
