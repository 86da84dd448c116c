import type { Clock } from '../model/clock.ts';
import { ProtocolError } from '../model/failure.ts';
import { type Milliseconds, milliseconds, seconds } from '../model/units.ts';
import type { CounterStore } from '../stores/counter_store.ts';

/** How many events there may be in a window that begins with the first of them. */
export interface Bound {
  readonly most: number;
  readonly window: Milliseconds;
}

/** Takes an admitted event back, because it turned out not to count. */
export type Excuse = () => Promise<void>;

/** Counts one event under a key. @throws ProtocolError `too_many_attempts` beyond the bound. */
export type Admit = (key: string, bound: Bound) => Promise<Excuse>;

/** Time by which the store's clock and this node's may disagree about the end of a window. */
export const CLOCK_MARGIN = milliseconds(1_000);

export function createAdmission({
  counters,
  clock,
}: {
  readonly counters: CounterStore;
  readonly clock: Clock;
}): Admit {
  return async (key, { most, window }) => {
    const began = clock.monotonic();
    const { count, remaining } = await counters.hit(key, window);
    if (count > most) throw tooMany(remaining);
    return async () => {
      // Later it would be an event of the next window.
      if (clock.monotonic() - began < remaining - CLOCK_MARGIN) await counters.forgive(key);
    };
  };
}

/** The refusal of one attempt more. @param wait until the next one is evaluated. */
export function tooMany(wait: Milliseconds): ProtocolError {
  const retryAfter = seconds(Math.max(1, Math.ceil(wait / 1000)));
  const description = `Too many attempts: wait ${inWords(retryAfter)} before the next one.`;
  return new ProtocolError('too_many_attempts', description, { retryAfter });
}

function inWords(count: number): string {
  if (count === 1) return 'a second';
  if (count < 120) return `${count} seconds`;
  return count < 7200 ? `${Math.ceil(count / 60)} minutes` : `${Math.ceil(count / 3600)} hours`;
}
