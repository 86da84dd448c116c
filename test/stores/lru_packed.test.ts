import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AccessToken } from '../../src/model/token.ts';
import { seconds } from '../../src/model/units.ts';
import { Packing, unpack } from '../../src/stores/lru_packed.ts';

const text = fc.oneof(fc.string(), fc.constantFrom('', '\n', 'a\nb', 'é', '漢字', '","'));
const texts = fc.array(text, { maxLength: 3 });
const time = fc.integer({ min: 1, max: 4_000_000_000 }).map(seconds);
const user = fc.record(
  {
    ...{ subject: text, username: text, connection: text, roles: texts },
    ...{ name: text, email: text, phoneNumber: text, allowedScopes: texts },
    attributes: fc.dictionary(
      text.filter((name) => name !== '__proto__'),
      text,
      { maxKeys: 2, noNullPrototype: true },
    ),
  },
  { requiredKeys: ['subject', 'username', 'connection', 'roles'], noNullPrototype: true },
);
const record: fc.Arbitrary<AccessToken> = fc.record(
  {
    ...{ family: text, issuedAt: time, expiresAt: time, client: text, scopes: texts, audience: texts },
    ...{ user, authenticatedAt: time },
  },
  { requiredKeys: ['family', 'issuedAt', 'expiresAt', 'client', 'scopes', 'audience'], noNullPrototype: true },
);

describe('the packed form of a cached token', () => {
  it('gives back each record, whatever is in it and whatever was packed before', () => {
    const packing = new Packing();
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 5 }), (records) => {
        const packed = records.map((it) => packing.pack(it));
        expect(packed.map(unpack)).toStrictEqual(records);
      }),
      { numRuns: 1_000 },
    );
  });

  it('gives no token the client, scopes, audience or connection of another that is alike', () => {
    const packing = new Packing();
    const one = { subject: 'u', username: 'u', connection: 'c', roles: [] };
    const base: AccessToken = {
      ...{ family: 'f', issuedAt: seconds(1), expiresAt: seconds(2) },
      ...{ client: 'a', scopes: ['b', 'c'], audience: [], user: one },
    };
    const alike: AccessToken[] = [
      base,
      { ...base, scopes: ['b c'] },
      { ...base, scopes: ['b,c'] },
      { ...base, scopes: ['b'], audience: ['c'] },
      { ...base, client: 'a","b' },
      { ...base, user: { ...one, connection: 'd' } },
      { ...base, user: { ...one, roles: ['c'] } },
    ];
    expect(alike.map((it) => packing.pack(it)).map(unpack)).toStrictEqual(alike);
  });

  it('shares what tokens have in common, and begins anew with more kinds than it remembers', () => {
    const packing = new Packing();
    const of = (client: string): AccessToken => {
      return { family: 'f', issuedAt: seconds(1), expiresAt: seconds(2), client, scopes: ['a'], audience: [] };
    };
    const first = packing.pack(of('first'));
    expect(packing.pack(of('first')).terms).toBe(first.terms);
    for (let other = 0; other < 1_024; other += 1) packing.pack(of(`other-${other}`));
    expect(packing.pack(of('first')).terms).not.toBe(first.terms);
    expect(unpack(first)).toStrictEqual(of('first'));
  });
});
