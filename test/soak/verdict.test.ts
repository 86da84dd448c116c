/** The threat: a soak that finds nothing because it cannot fail. */
import { describe, expect, it } from 'vitest';
import { complaints, type Failure, heapSlope, type Run, type Sample } from './verdict.ts';

/** A sawtooth over a floor that rises, looked at each second of an hour. */
function heap(mbPerHour: number): Sample[] {
  return Array.from({ length: 3_600 }, (_, second) => ({
    at: second / 60,
    heapMb: 40 + (second % 97) / 5 + (mbPerHour * second) / 3_600,
    rssMb: 120,
    descriptors: 60,
  }));
}

function run(
  change: Partial<Run['nodes'][number]> = {},
  failures: readonly Failure[] = [],
  more: Partial<Run> = {},
): Run {
  const node = { name: 'a', samples: heap(0), quiet: [40, 41], exit: { code: 0, seconds: 1.5 }, ...change };
  return { minutes: 60, nodes: [node], failures, reloadsMissed: 0, stalledMinutes: 0, ...more };
}

const error: Failure = { kind: 'get', what: '503', excused: false, always: false };

describe('a run that kept everything', () => {
  it.each([
    ['with a heap that only saws', run()],
    ['with errors while something was broken', run({}, [{ ...error, excused: true }])],
    ['of a few minutes, whose heap tells nothing', run({ samples: heap(50) }, [], { minutes: 3 })],
  ])('%s', (_, one) => {
    expect(complaints(one)).toEqual([]);
  });
});

describe('a run that did not', () => {
  it.each([
    ['a heap that grows', run({ samples: heap(2) }), /^a: heap grows by (1\.9|2\.0)\d MB\/h$/],
    ['descriptors that stay open', run({ quiet: [40, 46] }), /46 descriptors without load, 40 before/],
    ['descriptors that nobody counted', run({ quiet: [] }), /descriptors/],
    ['an exit code', run({ exit: { code: 1, seconds: 1 } }), /ended with 1/],
    ['an end by a signal', run({ exit: { code: null, seconds: 1 } }), /ended with null/],
    ['an end that takes too long', run({ exit: { code: 0, seconds: 31 } }), /31\.0 s to end/],
    ['an error', run({}, [error, error]), /^2 errors while nothing was broken: 2 × get 503$/],
    ['a wrong 401, whatever was broken', run({}, [{ ...error, what: '401', excused: true, always: true }]), /1 wrong/],
    ['a machine that did not let it run', run({}, [], { stalledMinutes: 5 }), /too busy to judge/],
    ['a reload that was lost', run({}, [], { reloadsMissed: 1 }), /1 reloads/],
  ])('has %s', (_, one, complaint) => {
    expect(complaints(one)).toEqual([expect.stringMatching(complaint)]);
  });
});

it('takes half a megabyte an hour for what it is', () => {
  expect(heapSlope(heap(0.5), 60)).toBeCloseTo(0.5, 1);
});
