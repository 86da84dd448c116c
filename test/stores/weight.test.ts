import { expect, it } from 'vitest';
import { bytesPerPair, heapPerCachedToken } from '../../bench/memory.ts';

/* What operators size their machines by: the figures that the bench publishes must not creep up unseen. */

it('keeps an access and a refresh token with all that belongs to them in 800 bytes of Redis', async () => {
  expect(await bytesPerPair(20_000)).toBeLessThanOrEqual(800);
});

it('caches a token in 400 bytes of heap', async () => {
  expect(await heapPerCachedToken(100_000)).toBeLessThanOrEqual(400);
});
