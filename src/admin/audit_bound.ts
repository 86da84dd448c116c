import type { Actor } from '../model/audit.ts';
import type { Clock } from '../model/clock.ts';
import { type Milliseconds, milliseconds } from '../model/units.ts';

/**
 * Whether one more event of somebody is written down, of those that people can cause who may change nothing: what they tried and were
 * refused, and what they read as a whole. A store that keeps a bounded number of events must not lose what was changed to them.
 */
export type AuditBound = (actor: Actor) => boolean;

export interface AuditBoundDependencies {
  readonly clock: Clock;
  /** Told of each event that is not written. */
  readonly withheld: () => void;
}

/** Of one actor. */
const MOST_A_MINUTE = 60;
const MOST_A_DAY = 500;
const MINUTE = milliseconds(60_000);
const DAY = milliseconds(86_400_000);

export function createAuditBound({ clock, withheld }: AuditBoundDependencies): AuditBound {
  const minute = tally(MINUTE, MOST_A_MINUTE);
  const day = tally(DAY, MOST_A_DAY);

  return ({ kind, id }) => {
    const who = `${kind} ${id}`;
    const now = clock.monotonic();
    const isWritten = minute.has(who, now) && day.has(who, now);
    if (!isWritten) {
      withheld();
      return false;
    }
    minute.count(who);
    day.count(who);
    return true;
  };
}

/** Counts by name, anew in each period. */
function tally(period: Milliseconds, most: number) {
  let began: Milliseconds = milliseconds(Number.NEGATIVE_INFINITY);
  let counts = new Map<string, number>();
  return {
    /** Whether there is room for one more. */
    has(name: string, now: Milliseconds): boolean {
      if (now - began >= period) {
        began = now;
        counts = new Map();
      }
      return (counts.get(name) ?? 0) < most;
    },
    count: (name: string) => void counts.set(name, (counts.get(name) ?? 0) + 1),
  };
}
