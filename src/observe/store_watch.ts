/**
 * Says in the log that the store was lost, and that it is back: once each, however many calls notice. It asks by itself, because
 * a cache in front may need nothing of the store for long.
 */
import type { Clock } from '../model/clock.ts';
import { DependencyUnavailable } from '../model/failure.ts';
import { type Milliseconds, milliseconds } from '../model/units.ts';

export interface StoreWatch {
  close(): void;
}

export interface StoreWatchDependencies {
  /** Resolves when the store answers, and gives up by itself. */
  readonly ping: () => Promise<void>;
  readonly clock: Clock;
  readonly event: (level: 'info' | 'error', name: string, detail: Readonly<Record<string, string | number>>) => void;
  readonly every?: Milliseconds;
}

const EVERY = milliseconds(1_000);

export function watchStore({ ping, clock, event, every = EVERY }: StoreWatchDependencies): StoreWatch {
  let lostAt: Milliseconds | undefined;
  let asking = false;

  async function ask(): Promise<void> {
    if (asking) return;
    asking = true;
    try {
      // One answer that is late may be this process's own fault; two are an outage.
      await ping().catch(ping);
      if (lostAt === undefined) return;
      event('info', 'store_back', { after_ms: Math.round(clock.monotonic() - lostAt) });
      lostAt = undefined;
    } catch (error) {
      if (lostAt !== undefined) return;
      lostAt = clock.monotonic();
      event('error', 'store_lost', { reason: error instanceof DependencyUnavailable ? error.message : 'unknown' });
    } finally {
      asking = false;
    }
  }

  const timer = setInterval(() => void ask(), every).unref();
  return { close: () => clearInterval(timer) };
}
