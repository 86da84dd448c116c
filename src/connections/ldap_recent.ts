import type { Clock } from '../model/clock.ts';
import type { Milliseconds } from '../model/units.ts';

/** Values by key that are forgotten after a hard age, and the oldest of them when there are too many. Use renews nothing. */
export interface Recent<Value> {
  get(key: string): Value | undefined;
  set(key: string, value: Value): void;
}

export function createRecent<Value>(
  clock: Clock,
  { age, entries }: { readonly age: Milliseconds; readonly entries: number },
): Recent<Value> {
  const kept = new Map<string, { readonly value: Value; readonly since: Milliseconds }>();
  return {
    get(key) {
      const found = kept.get(key);
      if (found && clock.monotonic() - found.since < age) return found.value;
      kept.delete(key);
      return undefined;
    },
    set(key, value) {
      // Deleted first, so that the map's order is the order of age.
      kept.delete(key);
      kept.set(key, { value, since: clock.monotonic() });
      const [oldest] = kept.keys();
      if (kept.size > entries && oldest !== undefined) kept.delete(oldest);
    },
  };
}
