import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDifferential } from '../support/differential.ts';
import { damagedRequests, readCorpus } from '../support/request_mutations.ts';

/*
 * The fast lane may only ever accept a subset of what llhttp accepts, and must read it in the same way: otherwise somebody's bytes
 * are one request here and two there. `npm run fuzz -- --count 1000000` does the same for longer.
 */

const corpus = readCorpus();

describe('whatever the fast lane carries, node:http reads as the same requests', () => {
  it('each file of the corpus, whole and cut at every byte', async () => {
    const { compare } = createDifferential();
    for (const text of corpus) {
      const whole = Buffer.from(text, 'latin1');
      expect((await compare({ whole, pieces: [whole] })).difference).toBeUndefined();
      for (let cut = 1; cut < Math.min(whole.length, 400); cut++) {
        const pieces = [whole.subarray(0, cut), whole.subarray(cut)];
        expect((await compare({ whole, pieces })).difference).toBeUndefined();
      }
    }
  });

  it('10,000 damaged ones', { timeout: 60_000 }, async () => {
    const { compare } = createDifferential();
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(damagedRequests(corpus), async (bytes) => {
        const result = await compare(bytes);
        taken += result.taken;
        expect(result.difference).toBeUndefined();
      }),
      { numRuns: 10_000 },
    );
    // Otherwise nothing was compared.
    expect(taken).toBeGreaterThan(3_000);
  });
});
