import type { Clock } from '../model/clock.ts';
import { type Milliseconds, milliseconds } from '../model/units.ts';
import type { Count, CounterStore } from './counter_store.ts';

/** How many counters one sweep looks at. */
const STEPS = 1_000;

export class MemoryCounters implements CounterStore {
  readonly #clock: Clock;
  readonly #windows = new Map<string, { count: number; readonly endsAt: number }>();
  #cursor: MapIterator<[string, { readonly endsAt: number }]> | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  hit(key: string, window: Milliseconds): Count {
    const now = this.#clock.monotonic();
    let open = this.#windows.get(key);
    if (open === undefined || open.endsAt <= now) {
      open = { count: 0, endsAt: now + window };
      this.#windows.set(key, open);
    }
    open.count += 1;
    return { count: open.count, remaining: milliseconds(open.endsAt - now) };
  }

  peek(key: string): Count | undefined {
    const now = this.#clock.monotonic();
    const open = this.#windows.get(key);
    if (open === undefined || open.endsAt <= now) return undefined;
    return { count: open.count, remaining: milliseconds(open.endsAt - now) };
  }

  forgive(key: string): void {
    const open = this.#windows.get(key);
    if (open !== undefined && open.count > 0) open.count -= 1;
  }

  reset(key: string): void {
    this.#windows.delete(key);
  }

  /** Forgets some of the windows that are over, going on where the last sweep stopped. */
  sweep(): void {
    const now = this.#clock.monotonic();
    this.#cursor ??= this.#windows.entries();
    for (let step = 0; step < STEPS; step += 1) {
      const next = this.#cursor.next();
      if (next.done) {
        this.#cursor = undefined;
        return;
      }
      const [key, { endsAt }] = next.value;
      if (endsAt <= now) this.#windows.delete(key);
    }
  }
}
