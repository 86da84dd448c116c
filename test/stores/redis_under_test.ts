import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../src/model/clock.ts';
import type { Milliseconds } from '../../src/model/units.ts';
import { redis } from '../../src/stores/redis.ts';
import { type BackendUnderTest, dependencies } from '../contract/backend_under_test.ts';

/** A Redis of any topology for the contract suites. Its server has a clock of its own, so time really passes. */
export function redisUnderTest(options: object, stop: () => Promise<void>, keepAudit?: Milliseconds): BackendUnderTest {
  return {
    clock: systemClock,
    open: () => redis.create(redis.options.parse(options), dependencies(systemClock, undefined, keepAudit)),
    elapse: async (time) => {
      await delay(time);
    },
    stop,
  };
}
