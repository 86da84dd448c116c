import type { Clock } from '../model/clock.ts';
import type { Failure } from '../model/failure.ts';
import { type Milliseconds, milliseconds, seconds } from '../model/units.ts';

/** Whether this process has more to do than it can. */
export interface Overload {
  /** While true, calls should be refused before anything is done for them: that is what brings the process back. */
  readonly now: boolean;
  close(): void;
}

export interface OverloadDependencies {
  readonly clock: Clock;
  /** How far behind the process may fall. */
  readonly limit: Milliseconds;
  /** Told when it begins and when it is over. */
  readonly changed: (overloaded: boolean, behind: Milliseconds) => void;
  /** Between two looks; 100 ms by default. */
  readonly every?: Milliseconds;
}

const EVERY = milliseconds(100);

/**
 * Watches how late the event loop comes to a timer. What waits in the sockets waits at least as long, and its callers give up while
 * work is still being done for them: from there on more calls mean fewer answers. One late look may be a pause of the machine, so it
 * takes two in a row; it is over when the loop is less than half as late.
 */
export function watchOverload({ clock, limit, changed, every = EVERY }: OverloadDependencies): Overload {
  let now = false;
  let lateBefore = false;
  let last = clock.monotonic();

  function look(): void {
    const at = clock.monotonic();
    const behind = milliseconds(at - last - every);
    last = at;
    const next = now ? behind > limit / 2 : lateBefore && behind > limit;
    lateBefore = behind > limit;
    if (next === now) return;
    now = next;
    changed(now, behind);
  }

  const timer = setInterval(look, every).unref();
  return {
    get now() {
      return now;
    },
    close: () => clearInterval(timer),
  };
}

export const OVERLOADED: Failure = {
  code: 'temporarily_unavailable',
  description: 'There is more to do here than can be done at the moment; try again.',
  retryAfter: seconds(1),
};
