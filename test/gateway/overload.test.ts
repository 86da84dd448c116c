import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { watchOverload } from '../../src/gateway/overload.ts';
import { milliseconds } from '../../src/model/units.ts';

/** The clock is what the event loop would see: a timer of 100 ms that fires after `behind` more. */
let time = 0;
const clock = { now: () => milliseconds(0), monotonic: () => milliseconds(time) };
const changes: boolean[] = [];
const look = (behind: number) => {
  time += 100 + behind;
  vi.advanceTimersByTime(100);
};

beforeEach(() => {
  vi.useFakeTimers();
  time = 0;
  changes.length = 0;
});
afterEach(() => {
  vi.useRealTimers();
});

const watch = () =>
  watchOverload({ clock, limit: milliseconds(1_000), changed: (overloaded) => changes.push(overloaded) });

it('is overloaded after two late looks in a row, not after one pause of the machine', () => {
  const overload = watch();
  look(60_000);
  look(10);
  look(1_500);
  expect(overload.now).toBe(false);
  look(1_500);
  expect(overload.now).toBe(true);
  expect(changes).toEqual([true]);
  overload.close();
});

it('is over when the loop is less than half as late', () => {
  const overload = watch();
  look(1_500);
  look(1_500);
  look(600);
  expect(overload.now).toBe(true);
  look(400);
  expect(overload.now).toBe(false);
  // And does not come back for a single late look.
  look(1_500);
  expect(overload.now).toBe(false);
  expect(changes).toEqual([true, false]);
  overload.close();
});
