import { describe, expect, it, onTestFinished } from 'vitest';
import { DependencyUnavailable } from '../../src/model/failure.ts';
import { milliseconds } from '../../src/model/units.ts';
import { watchStore } from '../../src/observe/store_watch.ts';
import { ManualClock } from '../support/manual_clock.ts';

describe('the watch over the store', () => {
  it('says once that it is lost and once that it is back, and nothing of a single late answer', async () => {
    const clock = new ManualClock(0);
    const said: unknown[] = [];
    let failures = 0;
    let asked = 0;
    const watch = watchStore({
      ping: async () => {
        asked += 1;
        if (failures === 0) return;
        failures -= 1;
        throw new DependencyUnavailable('redis', 'no connection');
      },
      clock,
      event: (...event) => said.push(event),
      every: milliseconds(5),
    });
    onTestFinished(() => watch.close());
    const turns = async (count: number): Promise<void> => {
      const until = asked + count;
      await expect.poll(() => asked, { interval: 1 }).toBeGreaterThanOrEqual(until);
    };

    failures = 1;
    await turns(6);
    expect(said).toEqual([]);
    failures = Number.POSITIVE_INFINITY;
    await turns(10);
    expect(said).toEqual([['error', 'store_lost', { reason: 'redis is unavailable: no connection' }]]);
    clock.advance(3_000);
    failures = 0;
    await turns(10);
    expect(said.slice(1)).toEqual([['info', 'store_back', { after_ms: 3_000 }]]);
  });
});
