import { describe, expect, it } from 'vitest';
import type { Family } from '../../src/model/token.ts';
import { milliseconds, seconds } from '../../src/model/units.ts';
import { listAccess, listRefresh } from '../../src/tokens/families.ts';
import { hashToken } from '../../src/tokens/hashing.ts';
import { planRotation } from '../../src/tokens/rotation.ts';

const [oldest, previous, live] = ['r0', 'r1', 'r2'].map(hashToken) as [never, never, never];
const family: Family = {
  id: 'family',
  client: 'app',
  scopes: [],
  audience: [],
  generation: 2,
  live: [],
  refresh: [oldest, previous, live].map((hash) => [hash, seconds(9_000)] as const),
  replay: { sealed: 'sealed', until: seconds(110) },
  issuedAt: seconds(100),
  expiresAt: seconds(9_000),
};
const inside = milliseconds(109_999);
const after = milliseconds(110_000);

describe('planRotation', () => {
  it.each([
    ['the live token', live, inside, 'rotate'],
    ['the live token later', live, after, 'rotate'],
    ['the previous one inside the window', previous, inside, 'replay'],
    ['the previous one at its end', previous, after, 'reuse'],
    ['an older one inside the window', oldest, inside, 'reuse'],
    ['one that the family does not list', hashToken('other'), inside, 'reuse'],
  ])('%s', (_case, hash, now, plan) => {
    expect(planRotation(family, hash, now).do).toBe(plan);
  });

  it('replays nothing where nothing was sealed', () => {
    expect(planRotation({ ...family, replay: undefined }, previous, inside).do).toBe('reuse');
  });
});

describe('what a family lists', () => {
  const many = Array.from({ length: 100 }, (_, index) => [hashToken(String(index)), seconds(200 + index)] as const);

  it('drops what has expired and, beyond the bound, the oldest', () => {
    const added = [hashToken('new'), seconds(5_000)] as const;
    const list = listAccess({ ...family, live: many }, added, seconds(210));
    expect(list).toHaveLength(64);
    expect(list.at(-1)).toEqual(added);
    expect(list[0]).toEqual(many[37]);
    expect(listAccess({ ...family, live: many }, added, seconds(298))).toEqual([many[99], added]);
  });

  it('keeps few refresh tokens, the newest', () => {
    const added = [hashToken('new'), seconds(5_000)] as const;
    expect(listRefresh({ ...family, refresh: many }, added, seconds(0))).toEqual([...many.slice(-7), added]);
  });
});
