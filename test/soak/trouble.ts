import { setTimeout as delay } from 'node:timers/promises';
import type { Stage } from './stage.ts';

/** The faults of a soak, one after the other, and the times that they excuse. */
export interface Trouble {
  /** The next fault, from its beginning until it is healed. @returns what it was. */
  next(): Promise<string>;
  /** The machine itself stood still between these two: nobody's budget of time could hold. */
  stood(from: number, until: number): void;
  /** Whether something was broken at some time between these two, or had been until RECOVERY before. Monotonic milliseconds. */
  excuses(from: number, until: number): boolean;
}

/** Milliseconds after the end of a fault in which the gateway may still feel it. */
const RECOVERY = 5_000;
/** Milliseconds after a stall of the machine in which others may still be behind. */
const AFTER_STALL = 1_000;
/** Milliseconds for which something is broken. */
const LASTING = 5_000;

export function createTrouble({ redis, toRedis }: Stage): Trouble {
  const faults: readonly (readonly [string, () => Promise<void>])[] = [
    [
      'Redis killed, and back',
      async () => {
        await redis.kill();
        await delay(LASTING);
        await redis.restart();
      },
    ],
    [
      'Redis frozen',
      async () => {
        redis.pause();
        await delay(LASTING);
        redis.resume();
      },
    ],
    ['connections to Redis reset', async () => toRedis.reset()],
    [
      'Redis slower than its budget',
      async () => {
        toRedis.set({ latency: 400 });
        await delay(LASTING);
        toRedis.heal();
      },
    ],
    [
      'the network to Redis a black hole',
      async () => {
        toRedis.set({ swallow: 'everything', accept: 'hang' });
        await delay(LASTING);
        toRedis.heal();
        // Bytes that TCP has lost do not leave a connection that works.
        toRedis.reset();
      },
    ],
    [
      'Redis refuses connections',
      async () => {
        toRedis.set({ accept: 'reset' });
        toRedis.reset();
        await delay(LASTING);
        toRedis.heal();
      },
    ],
  ];
  const windows: { readonly from: number; until: number }[] = [];
  let count = 0;

  return {
    async next() {
      const [name, happen] = faults[count % faults.length] ?? ['nothing', async () => {}];
      count += 1;
      const window = { from: performance.now(), until: Number.POSITIVE_INFINITY };
      windows.push(window);
      await happen();
      window.until = performance.now();
      return name;
    },
    stood: (from, until) => void windows.push({ from, until: until - RECOVERY + AFTER_STALL }),
    excuses: (from, until) => windows.some((each) => each.from <= until && from <= each.until + RECOVERY),
  };
}
