import { describe, expect, it } from 'vitest';
import { hashPassword, isPassword, verifyPassword } from '../../src/connections/password_hash.ts';

/*
 * Composing letters takes time that grows with the square of the length when accents stand in the wrong order. A sign-in form takes
 * 64 KiB from anybody, and 64 KiB of accents stopped the whole process for more than half a second. What is too long to be a
 * password must be refused before anything looks at its letters.
 */

/** Two kinds of accents, each of the second kind to be sorted in front of all of the first. */
const accents = (count: number) => `a${'\u0345'.repeat(count / 2)}${'\u0316'.repeat(count / 2)}`;

describe('a form full of accents for a password', () => {
  it('stops the process for less than 100 ms (G10)', async () => {
    const hash = await hashPassword('wonderland');
    const began = performance.now();
    expect(isPassword(accents(32_000))).toBe(false);
    const verdict = verifyPassword(hash, accents(32_000));
    expect(performance.now() - began).toBeLessThan(100);
    expect(await verdict).toBe(false);
  });

  it('is told from the longest password, typed in its longest form', async () => {
    // Three bytes composed, nine in parts: no text grows more.
    const longest = '\u{1112}\u{1161}\u{11ab}'.repeat(341);
    expect(isPassword(longest)).toBe(true);
    expect(await verifyPassword(await hashPassword(longest.normalize('NFC')), longest)).toBe(true);
    expect(isPassword(`${longest}\u{1112}`)).toBe(false);
  });
});
