import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { MUTANTS } from './all_mutants.ts';
import { changesOf, occurrences, planted } from './mutant.ts';

describe('the list of bugs that `npm run test:mutants` plants', () => {
  it('has at least 24, of all ten promises', () => {
    expect(MUTANTS.length).toBeGreaterThanOrEqual(24);
    expect(new Set(MUTANTS.map(({ bug }) => bug)).size).toBe(MUTANTS.length);
    const promises = Array.from({ length: 10 }, (_, at) => `G${at + 1}`);
    expect([...new Set(MUTANTS.map(({ breaks }) => breaks))]).toEqual(expect.arrayContaining(promises));
  });

  it.each(MUTANTS.map((mutant) => [mutant.bug, mutant] as const))('is not stale: %s', async (_, mutant) => {
    for (const change of changesOf(mutant)) {
      expect(occurrences(change, await readFile(change.file, 'utf8')), `${change.file}: ${change.is}`).toBe(1);
      expect(change.becomes).not.toBe(change.is);
    }
    expect(mutant.tests.filter((file) => !existsSync(file))).toEqual([]);
    expect(mutant.tests).not.toEqual([]);
  });

  it('plants the text as it is, and refuses to guess', () => {
    const change = { file: 'a.ts', is: 'b', becomes: "$&$1$'" };
    expect(planted(change, 'abc')).toBe("a$&$1$'c");
    expect(() => planted(change, 'ac')).toThrow('a.ts: a text that a bug of test/mutants/ changes is there 0 times');
    expect(() => planted(change, 'bb')).toThrow('2 times');
  });
});
