import { describe, expect, it } from 'vitest';
import { CorruptRecord } from '../../src/model/failure.ts';
import type { AccessToken, Family, RefreshToken, TokenHash } from '../../src/model/token.ts';
import { seconds } from '../../src/model/units.ts';
import { decodeAccess, decodeGrant, encodeGrant, type GrantRecord } from '../../src/stores/grant_record.ts';
import { ALICE, accessOf, newGrant, newHash, oneOfEach } from '../contract/records.ts';

/** What never stands in a place of a record where something else does. */
const WRONG: readonly unknown[] = [null, true, 1.5, 1e300, {}, [null], [[]], ['a', 1, 2], 'not a hash!'];

function grantOf(family: Family, refresh: readonly RefreshToken[], access: readonly AccessToken[]): GrantRecord {
  return {
    families: [family],
    access: new Map(family.live.flatMap(([hash], at) => (access[at] ? [[hash, access[at]] as const] : []))),
    refresh: new Map(family.refresh.flatMap(([hash], at) => (refresh[at] ? [[hash, refresh[at]] as const] : []))),
  };
}

const { family } = newGrant(Date.now(), { tokens: 3 });
const token = accessOf(family);
const [, refreshExpiry = seconds(0)] = family.refresh[0] ?? [];
const live: RefreshToken = { family: family.id, generation: 0, expiresAt: refreshExpiry };

describe('the record of a grant', () => {
  it.each<[string, GrantRecord]>([
    ['of one family and its tokens', grantOf(family, [live], [token, token, token])],
    [
      'whose tokens differ from their family',
      grantOf(
        family,
        [live],
        [
          { ...token, scopes: ['demo:read'] },
          { ...token, user: { subject: 'u', username: 'n', connection: 'c', roles: [] } },
          { ...token, issuedAt: seconds(family.issuedAt - 5) },
        ],
      ),
    ],
    ['that lists tokens which are gone', grantOf(family, [], [])],
    [
      'of a later generation, with a device and an answer to repeat',
      grantOf(
        { ...family, generation: 7, device: 'phone', replay: { sealed: 'x', until: seconds(9) } },
        [{ ...live, generation: 7 }],
        [{ ...token, issuedAt: seconds(family.issuedAt + 100) }],
      ),
    ],
    [
      'with an access token of no family here',
      {
        families: [],
        access: new Map([[newHash(), { ...token, family: 'elsewhere' }]]),
        refresh: new Map(),
      },
    ],
    [
      'of two families with one tag',
      {
        families: [family, { ...newGrant(Date.now()).family, user: undefined }],
        access: new Map([[family.live[1]?.[0] as TokenHash, token]]),
        refresh: new Map(),
      },
    ],
  ])('reads back as it was written: %s', (_case, grant) => {
    const text = encodeGrant(grant);
    expect(decodeGrant(text)).toEqual(grant);
    for (const [hash, record] of grant.access) expect(decodeAccess(text, hash)).toEqual(record);
    expect(decodeAccess(text, newHash())).toBeUndefined();
  });

  it('says what a family and its tokens share once, and a whole pair in 300 bytes', () => {
    const text = encodeGrant(grantOf({ ...family, live: family.live.slice(0, 1) }, [live], [token]));
    expect(text.split(ALICE.user?.email ?? '')).toHaveLength(2);
    expect(text.length).toBeLessThan(300);
  });

  const records = oneOfEach(Date.now(), 'full');
  const texts = [
    encodeGrant(grantOf(records.family, [], [])),
    encodeGrant(grantOf(family, [live], [token, { ...token, scopes: [] }])),
    encodeGrant({ families: [], access: new Map([[newHash(), records.access]]), refresh: new Map() }),
  ];

  it('is corrupt with a wrong value in any place, with a place too many or one too few', () => {
    for (const text of texts) {
      for (const changed of mutationsOf(JSON.parse(text))) {
        const read = attempt(JSON.stringify(changed));
        // Some changes make another record that is well-formed; none may be half-read or throw anything else.
        if (read !== undefined) expect(attempt(encodeGrant(read))).toEqual(read);
      }
    }
  });

  it('is corrupt if it is of another version, cut off, or no record at all', () => {
    for (const text of texts) {
      for (const no of [text.replace('[2', '[1'), text.replace('[2', '[3'), text.slice(0, -1), `${text}]`]) {
        expect(attempt(no)).toBeUndefined();
      }
    }
    for (const no of ['', '[]', '[2]', '[2,0]', '[2,{}]', '{}', 'null', undefined, null, 1])
      expect(attempt(no)).toBeUndefined();
  });

  it.each([0, 1])('is corrupt with something else in the place of a number, a text or a list', (which) => {
    const parsed = JSON.parse(texts[which] ?? '') as [number, unknown[][]];
    for (const [at] of (parsed[1][0] ?? []).entries()) {
      for (const wrong of WRONG) {
        // An absent place and a text that may be anything are no mistakes.
        if (typeof wrong === 'string' && typeof parsed[1][0]?.[at] === 'string') continue;
        const changed = structuredClone(parsed);
        changed[1][0] = (changed[1][0] ?? []).with(at, wrong);
        const read = attempt(JSON.stringify(changed));
        if (read !== undefined) expect(attempt(encodeGrant(read)), JSON.stringify(changed)).toEqual(read);
      }
    }
  });
});

/** @returns undefined for a corrupt record. */
function attempt(text: unknown): GrantRecord | undefined {
  try {
    return decodeGrant(text);
  } catch (error) {
    if (error instanceof CorruptRecord) return undefined;
    throw error;
  }
}

/** The value with one place changed, added or taken away, at any depth. */
function* mutationsOf(value: unknown): Generator<unknown> {
  if (!Array.isArray(value)) {
    yield* WRONG;
    return;
  }
  yield [...value, 'more'];
  yield value.slice(0, -1);
  for (const [at, place] of value.entries()) {
    for (const changed of mutationsOf(place)) yield value.with(at, changed);
  }
}
