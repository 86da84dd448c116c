import { describe, expect, it } from 'vitest';
import { CorruptRecord } from '../../src/model/failure.ts';
import { STANDARD_TOKENS } from '../../src/model/token_policy.ts';
import { seconds } from '../../src/model/units.ts';
import { mint } from '../../src/tokens/format.ts';
import { seal, unseal } from '../../src/tokens/replay.ts';

const presented = mint(STANDARD_TOKENS.refresh);
const context = { family: 'F'.repeat(22), generation: 3 };
const pair = {
  accessToken: mint(STANDARD_TOKENS.access),
  refreshToken: mint(STANDARD_TOKENS.refresh),
  scopes: ['read'],
  issuedAt: seconds(1000),
  expiresAt: seconds(4600),
};

describe('a sealed pair', () => {
  it('opens with the token that was presented', () => {
    expect(unseal(seal(pair, presented, context), presented, context)).toEqual(pair);
  });

  it('shows neither token', () => {
    const sealed = seal(pair, presented, context);
    const text = sealed + Buffer.from(sealed, 'base64url').toString('latin1');
    for (const token of [pair.accessToken, pair.refreshToken, presented])
      expect(text).not.toContain(token.slice(4, 20));
  });

  it('is sealed anew each time', () => {
    expect(seal(pair, presented, context)).not.toBe(seal(pair, presented, context));
  });

  it.each([
    ['another token', mint(STANDARD_TOKENS.refresh), context],
    ['another generation', presented, { ...context, generation: 4 }],
    ['another family', presented, { ...context, family: 'G'.repeat(22) }],
  ])('does not open with %s', (_case, token, other) => {
    expect(() => unseal(seal(pair, presented, context), token, other)).toThrow(CorruptRecord);
  });

  it('does not open when a byte was changed or cut off, and the error holds no token', () => {
    const sealed = Buffer.from(seal(pair, presented, context), 'base64url');
    for (const at of [0, 20, sealed.length - 1]) {
      const changed = Buffer.from(sealed);
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
      expect(() => unseal(changed.toString('base64url'), presented, context)).toThrow(
        /^a stored replay record is corrupt$/,
      );
    }
    for (const text of ['', 'AAAA', sealed.subarray(0, 30).toString('base64url')]) {
      expect(() => unseal(text, presented, context)).toThrow(CorruptRecord);
    }
  });
});
