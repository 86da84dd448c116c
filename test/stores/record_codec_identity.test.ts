import { describe, expect, it } from 'vitest';
import { CorruptRecord } from '../../src/model/failure.ts';
import type { AccessToken, Identity } from '../../src/model/token.ts';
import { seconds } from '../../src/model/units.ts';
import { decodeRecord, encodeRecord } from '../../src/stores/record_codec.ts';

const bare: Identity = { subject: 's', username: 'u', connection: 'corp', roles: [] };
const tokenOf = (user: Identity): AccessToken => ({
  ...{ client: 'app', user, scopes: [], audience: [], family: 'f' },
  ...{ issuedAt: seconds(1), expiresAt: seconds(2) },
});

describe('what a directory says about a user', () => {
  it.each([
    ['nothing more', bare],
    ['no scope at all', { ...bare, allowedScopes: [] }],
    ['two scopes', { ...bare, allowedScopes: ['a', 'b'] }],
    ['an attribute and no limit of scopes', { ...bare, attributes: { department: 'R&D' } }],
    ['names that every object has', { ...bare, allowedScopes: [], attributes: { toString: 'x', valueOf: '' } }],
  ])('reads back as it was written: %s', (_case, user) => {
    const read = decodeRecord('access', encodeRecord('access', tokenOf(user)), 'hash');
    expect(read).toEqual(tokenOf(user));
    expect(Object.keys(read.user ?? {}).sort()).toEqual(Object.keys(user).sort());
  });

  it('is corrupt with a name that has no value', () => {
    const text = encodeRecord('access', tokenOf({ ...bare, attributes: { department: 'R&D' } }));
    expect(() => decodeRecord('access', text.replace(',"R&D"', ''), 'hash')).toThrow(CorruptRecord);
  });
});
