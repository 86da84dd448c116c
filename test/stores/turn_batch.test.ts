import { describe, expect, it } from 'vitest';
import { TurnBatch } from '../../src/stores/turn_batch.ts';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Remembers what it was given together, and answers each number with its double. */
function doubling(most: number, options?: { readonly early: boolean }) {
  const batches: (readonly number[])[] = [];
  const run = async (items: readonly number[]) => {
    batches.push(items);
    return items.map((item) => (item < 0 ? new Error('negative') : item * 2));
  };
  return { batches, batch: new TurnBatch(run, most, options) };
}

describe('a batch of one turn', () => {
  it('goes out when the turn is over, in parts of the size that it may have', async () => {
    const { batch, batches } = doubling(2);
    const results = Promise.all([1, 2, 3].map((item) => batch.add(item)));
    expect(batches).toEqual([]);
    expect(await results).toEqual([2, 4, 6]);
    expect(batches).toEqual([[1, 2], [3]]);
  });

  it('goes out early when it is full, and the rest when the turn is over', async () => {
    const { batch, batches } = doubling(2, { early: true });
    const results = Promise.all([1, 2, 3].map((item) => batch.add(item)));
    expect(batches).toEqual([[1, 2]]);
    expect(await results).toEqual([2, 4, 6]);
    expect(batches).toEqual([[1, 2], [3]]);
    await turn();
    expect(batches).toHaveLength(2);
    expect(await batch.add(4)).toBe(8);
  });

  it('tells each item its own failure', async () => {
    const { batch } = doubling(4);
    const results = await Promise.allSettled([batch.add(1), batch.add(-1)]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  });
});
