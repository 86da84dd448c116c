import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDistance, suggest } from '../../src/config/suggest.ts';

describe('suggestions', () => {
  it.each([
    ['strip_prefx', 'strip_prefix'],
    ['strip-prefix', 'strip_prefix'],
    ['Upstream', 'upstream'],
    ['upstraem', 'upstream'],
    ['scope', 'scopes'],
    ['xyz', undefined],
    ['', undefined],
    ['u'.repeat(100_000), undefined],
  ])('%j', (word, meant) => {
    expect(suggest(word, ['name', 'path', 'upstream', 'strip_prefix', 'scopes'])).toBe(meant);
  });

  it('counts a swap of neighbours as one mistake', () => {
    expect([editDistance('ab', 'ba'), editDistance('kitten', 'sitting'), editDistance('', 'abc')]).toEqual([1, 3, 3]);
  });

  it('measures a distance: symmetric, zero for the same word only, no longer than the longer word', () => {
    const word = fc.string({ maxLength: 12 });
    fc.assert(
      fc.property(word, word, (one, other) => {
        const distance = editDistance(one, other);
        expect(distance).toBe(editDistance(other, one));
        expect(distance === 0).toBe(one === other);
        expect(distance).toBeLessThanOrEqual(Math.max(one.length, other.length));
      }),
    );
  });
});
