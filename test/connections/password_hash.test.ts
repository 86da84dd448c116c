import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import {
  createPasswordVerifier,
  hashPassword,
  isPassword,
  isPasswordHash,
  unmatchableHash,
  verifyPassword,
} from '../../src/connections/password_hash.ts';
import { CorruptRecord, DependencyUnavailable } from '../../src/model/failure.ts';

// From the tests of the reference implementation: password "password", salt "somesalt".
const REFERENCE = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';

describe('hashPassword and verifyPassword', () => {
  it('make and know argon2id strings with the parameters of OWASP', async () => {
    const hash = await hashPassword('wonderland');
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(await hashPassword('wonderland')).not.toBe(hash);
    expect([await verifyPassword(hash, 'wonderland'), await verifyPassword(hash, 'Wonderland')]).toEqual([true, false]);
  });

  it('know the hash of another implementation', async () => {
    expect(await verifyPassword(REFERENCE, 'password')).toBe(true);
  });

  it('take a password for the same however its letters are composed', async () => {
    expect(await verifyPassword(await hashPassword('zo\u00eb'), 'zoe\u0308')).toBe(true);
  });

  it.each(['', 'a\0b', 'é'.repeat(513)])('refuse what is no password', async (text) => {
    expect(isPassword(text)).toBe(false);
    await expect(hashPassword(text)).rejects.toThrow(RangeError);
    expect(await verifyPassword(REFERENCE, text)).toBe(false);
  });

  it('match nothing with the hash of nobody', async () => {
    const nobody = unmatchableHash();
    expect(isPasswordHash(nobody)).toBe(true);
    expect(await verifyPassword(nobody, 'password')).toBe(false);
  });
});

describe('isPasswordHash', () => {
  it.each([
    ['another algorithm', REFERENCE.replace('argon2id', 'argon2i')],
    ['another version', REFERENCE.replace('v=19', 'v=16')],
    ['too much memory', REFERENCE.replace('65536', '262145')],
    ['too many passes', REFERENCE.replace('t=2', 't=11')],
    ['too many lanes', REFERENCE.replace('p=1', 'p=5')],
    ['less memory than lanes need', REFERENCE.replace('65536', '7')],
    ['a leading zero', REFERENCE.replace('t=2', 't=02')],
    ['padding', `${REFERENCE}=`],
    ['stray bits at the end', REFERENCE.replace(/c$/, 'd')],
    ['something before', ` ${REFERENCE}`],
    ['a line end', `${REFERENCE}\n`],
    ['a short hash', REFERENCE.slice(0, 60)],
    ['nothing', ''],
  ])('refuses %s', async (_case, text) => {
    expect(isPasswordHash(text)).toBe(false);
    await expect(verifyPassword(text, 'password')).rejects.toThrow(CorruptRecord);
  });
});

describe('createPasswordVerifier', () => {
  it('lets few run and few wait, and refuses the rest at once with a 503', async () => {
    const verifier = createPasswordVerifier({ atOnce: 1, waiting: 2 });
    const tries = Array.from({ length: 5 }, () => verifier.verify(REFERENCE, 'password'));
    const outcomes = await Promise.allSettled(tries);
    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
      'rejected',
    ]);
    expect(outcomes[4]).toMatchObject({ reason: expect.any(DependencyUnavailable) });
  });

  it('gives its place back, also after a corrupt hash', async () => {
    const verifier = createPasswordVerifier({ atOnce: 1, waiting: 0 });
    for (let count = 0; count < 3; count++) {
      await expect(verifier.verify('corrupt', 'password')).rejects.toThrow(CorruptRecord);
      await setImmediate();
    }
    expect(await verifier.verify(REFERENCE, 'password')).toBe(true);
  });
});
