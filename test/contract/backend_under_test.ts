import type { Clock } from '../../src/model/clock.ts';
import type { Milliseconds } from '../../src/model/units.ts';
import type { Backend, BackendDependencies } from '../../src/stores/backend.ts';
import { ManualClock } from '../support/manual_clock.ts';

/** What a backend's own test file offers to the contract suites. */
export interface BackendUnderTest {
  readonly clock: Clock;
  /** Opens one more handle on the same data, as another gateway or worker would. The suite closes it. */
  open(): Promise<Backend>;
  /** Lets time pass for the records: at once where the clock is injected, really where a server has its own. */
  elapse(milliseconds: number): Promise<void>;
  stop(): Promise<void>;
}

export function dependencies(
  clock: Clock = new ManualClock(),
  directory = '/nowhere',
  keepAudit?: Milliseconds,
): BackendDependencies {
  return { clock, directory, report: () => {}, keepAudit };
}
