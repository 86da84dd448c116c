import { setTimeout } from 'node:timers/promises';
import type { Clock } from '../model/clock.ts';
import { DependencyUnavailable } from '../model/failure.ts';
import { type Milliseconds, milliseconds } from '../model/units.ts';

/**
 * Deliveries, and what looks like one. Sending takes the provider's time and fails when it is down; an answer that came at once,
 * or that came at all, would tell that nothing was sent. So where nothing is sent, the last real delivery is played again.
 */
export interface Rehearsals {
  /** Sends, and remembers how that went. @param stage the connection. */
  perform(stage: string, deliver: () => Promise<void>): Promise<void>;
  /** Takes as long as the last delivery did, and fails if that failed a moment ago. @throws DependencyUnavailable */
  pretend(stage: string): Promise<void>;
}

interface Performance {
  readonly took: Milliseconds;
  readonly ended: Milliseconds;
  readonly failure?: DependencyUnavailable | undefined;
}

/** For how long a failure is played again: after it nobody knows whether the provider is back. */
const FAILURE_LASTS = milliseconds(10_000);

export function createRehearsals(clock: Clock): Rehearsals {
  const last = new Map<string, Performance>();

  return {
    async perform(stage, deliver) {
      const began = clock.monotonic();
      const remember = (failure?: DependencyUnavailable): void => {
        const ended = clock.monotonic();
        last.set(stage, { took: milliseconds(ended - began), ended, failure });
      };
      try {
        await deliver();
        remember();
      } catch (error) {
        if (error instanceof DependencyUnavailable) remember(error);
        throw error;
      }
    },

    async pretend(stage) {
      const model = last.get(stage);
      if (!model) return;
      await setTimeout(model.took);
      if (model.failure && clock.monotonic() - model.ended < FAILURE_LASTS) throw model.failure;
    },
  };
}
