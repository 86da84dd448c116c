/** The threat: a soak that finds nothing because it cannot fail. */
import { describe, expect, it } from 'vitest';
import { complaints, type Failure, heapSlope, type Run, type Weight } from './verdict.ts';

/** Weighed every five minutes from the tenth to the end of an hour, a little more and a little less in turn. */
function heap(mbPerHour: number, every = 5): Weight[] {
  return Array.from({ length: 50 / every + 1 }, (_, turn) => {
    const at = 10 + turn * every;
    return { at, heapMb: 40 + (turn % 2) / 10 + (mbPerHour * at) / 60 };
  });
}

function run(
  change: Partial<Run['nodes'][number]> = {},
  failures: readonly Failure[] = [],
  more: Partial<Run> = {},
): Run {
  const node = { name: 'a', weights: heap(0), quiet: [40, 41], exit: { code: 0, seconds: 1.5 }, ...change };
  return { minutes: 60, nodes: [node], failures, reloadsMissed: 0, stalledMinutes: 0, ...more };
}

const error: Failure = { kind: 'get', what: '503', excused: false, always: false };

describe('a run that kept everything', () => {
  it.each([
    ['with a heap that stays', run()],
    ['with errors while something was broken', run({}, [{ ...error, excused: true }])],
    ['of a few minutes, whose heap tells nothing', run({ weights: heap(50).slice(0, 2) }, [], { minutes: 3 })],
  ])('%s', (_, one) => {
    expect(complaints(one)).toEqual([]);
  });
});

describe('a run that did not', () => {
  it.each([
    ['a heap that grows', run({ weights: heap(2) }), /^a: heap grows by (1\.9|2\.0)\d MB\/h$/],
    ['a heap that was not weighed', run({ weights: heap(0).slice(0, 1) }), /^a: heap not weighed$/],
    ['a weight that is no number', run({ weights: heap(Number.NaN) }), /heap grows by NaN/],
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
  expect(heapSlope(heap(0.5))).toBeCloseTo(0.5, 1);
});
