import type { Milliseconds } from '../model/units.ts';
import type { Answer } from './token_store.ts';

export interface Count {
  readonly count: number;
  /** How long the window still lasts. */
  readonly remaining: Milliseconds;
}

/** Counts events in fixed windows, together over all nodes that share the store. Errors as in TokenStore. */
export interface CounterStore {
  /**
   * Counts one event; the first one opens a window of `window` milliseconds, at whose end the counter is gone.
   * @returns the count with this event, and how long the window still lasts.
   */
  hit(key: string, window: Milliseconds): Answer<Count>;
  /** What `hit` would count from; undefined if no window is open. */
  peek(key: string): Answer<Count | undefined>;
  /** Takes one event back that turned out not to count. A window that is over, or that has none, stays as it is. */
  forgive(key: string): Answer<void>;
  /** Closes the window. */
  reset(key: string): Answer<void>;
}
