import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { STANDARD_TOKENS } from '../../src/model/token_policy.ts';
import { mint, newTag, OWN_SHAPES, refOf } from '../../src/tokens/format.ts';
import { sameSecret, tokenHash } from '../../src/tokens/hashing.ts';

const SHAPES = { ...STANDARD_TOKENS, ...OWN_SHAPES };

describe('mint', () => {
  it.each([
    ['access', 'gha_'],
    ['refresh', 'ghr_'],
    ['code', 'ghc_'],
    ['session', 'ghs_'],
    ['interaction', 'ghi_'],
  ] as const)('%s tokens begin with %s, then tag, then 192 random bits', (kind, prefix) => {
    const tag = newTag();
    const token = mint(SHAPES[kind], tag);
    expect(token).toMatch(/^gh[arcsi]_[A-Za-z0-9_-]{40}$/);
    expect(token.startsWith(prefix + tag)).toBe(true);
    expect(refOf(token)).toEqual({ tag, hash: tokenHash(token) });
  });

  it('never repeats itself', () => {
    expect(new Set(Array.from({ length: 1000 }, () => mint(STANDARD_TOKENS.access, 'AAAAAAAA'))).size).toBe(1000);
  });
});

describe('mint for other dialects', () => {
  it('keeps tag and prefix where refOf finds them, in every alphabet', () => {
    const hex = mint({ prefix: '', alphabet: 'hex', length: 32 });
    expect(hex).toMatch(/^[0-9a-f]{32}$/);
    expect(refOf(hex)?.tag).toBe(hex.slice(0, 8));
    const slashed = mint({ prefix: '1/', alphabet: 'base64url', length: 43 }, 'AAAAAAAA');
    expect(slashed).toMatch(/^1\/AAAAAAAA[A-Za-z0-9_-]{35}$/);
    expect(refOf(slashed)?.tag).toBe('AAAAAAAA');
  });
});

describe('refOf', () => {
  it.each([
    ['gha_8Yt2kQ0z5n0aaaaaaaaaaaaa', '8Yt2kQ0z'],
    ['1/65_EnKJxaaaaaaaaaaaaaaaaaa', '65_EnKJx'],
    ['0123456789abcdef0123456789abcdef', '01234567'],
    ['abcd_fghijklmnopqrstuvwxyz', 'abcd_fgh'],
    ['_/abcdefghijklmnopqrstuvwxyz', '/abcdefg'],
  ])('finds the tag of %s without knowing who minted it', (token, tag) => {
    expect(refOf(token)?.tag).toBe(tag);
  });

  it.each([
    '',
    'short',
    'a'.repeat(19),
    'a'.repeat(513),
    `${'a'.repeat(30)} `,
    `${'a'.repeat(30)}{`,
    `=${'a'.repeat(30)}`,
    `${'a'.repeat(30)}é`,
    `${'a'.repeat(30)}\n`,
  ])('%j is no token', (text) => {
    expect(refOf(text)).toBeUndefined();
  });

  it('gives tags and hashes that cannot leave a key, whatever is presented', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 15, maxLength: 600 }), (text) => {
        const ref = refOf(text);
        if (!ref) return;
        expect(ref.tag).toMatch(/^[A-Za-z0-9\-._~+/=]{8}$/);
        expect(ref.hash).toMatch(/^[A-Za-z0-9_-]{22}$/);
      }),
    );
  });
});

describe('sameSecret', () => {
  it('compares texts of any length', () => {
    expect(sameSecret('a', 'a')).toBe(true);
    expect(sameSecret('a', 'aa')).toBe(false);
    expect(sameSecret('', 'a')).toBe(false);
  });
});
