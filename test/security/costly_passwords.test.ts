import { hashSync } from 'bcryptjs';
import { describe, expect, it } from 'vitest';
import { hashPassword, isPassword, verifyPassword } from '../../src/connections/password_hash.ts';
import { DependencyUnavailable } from '../../src/model/failure.ts';
import { measured } from '../support/measured.ts';

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

/*
 * A bcrypt hash of cost 12 takes JavaScript a third of a second. Whoever knows the name of one user who came with such a hash could stop
 * the process that long with each guess.
 */
describe('passwords that bcrypt hashed elsewhere', () => {
  const dear = hashSync('wonderland', 12);

  it('are compared beside the event loop (G10)', async () => {
    // The first comparison starts the thread.
    expect(await verifyPassword(hashSync('x', 4), 'x')).toBe(true);
    const whole = process.cpuUsage();
    const here = process.threadCpuUsage();
    const verdicts = await Promise.all([verifyPassword(dear, 'wonderland'), verifyPassword(dear, 'wonderful')]);
    const { user, system } = process.threadCpuUsage(here);
    const all = process.cpuUsage(whole);
    expect(verdicts).toEqual([true, false]);
    // Time on the processor, not on the clock: what other tests do meanwhile is not bcrypt's fault.
    expect((user + system) / 1000).toBeLessThan(100);
    expect(all.user - user).toBeGreaterThan(2 * user);
    const max = (user + system) / 1000;
    measured({ id: 'G10', what: 'the event loop’s time for two bcrypt hashes of cost 12', count: 2, max, unit: 'ms' });
  });

  it('wait in a queue that has an end', async () => {
    const cheap = hashSync('x', 4);
    const outcomes = await Promise.allSettled(Array.from({ length: 110 }, () => verifyPassword(cheap, 'x')));
    const refused = outcomes.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
    expect(outcomes.filter((each) => each.status === 'fulfilled' && each.value)).toHaveLength(102);
    expect(refused).toHaveLength(8);
    for (const reason of refused) expect(reason).toBeInstanceOf(DependencyUnavailable);
    expect(await verifyPassword(cheap, 'x')).toBe(true);
  });
});
