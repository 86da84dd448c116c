import { describe, expect, it } from 'vitest';
import { CorruptRecord } from '../../src/model/failure.ts';
import type { RecordKind } from '../../src/model/token.ts';
import { decodeRecord, encodeRecord } from '../../src/stores/record_codec.ts';
import { oneOfEach } from '../contract/records.ts';

const KINDS: readonly RecordKind[] = ['access', 'refresh', 'family', 'code', 'session', 'interaction', 'otp', 'answer'];
/** What never stands in a place of a record where something else does. */
const WRONG: readonly unknown[] = [null, true, -1, 1.5, 1e300, {}, [null], [[]], ['a', 1, 2], { __proto__: null }];

describe.each(KINDS)('a stored %s record', (kind) => {
  const records = { full: oneOfEach(Date.now(), 'full'), bare: oneOfEach(Date.now(), 'bare') };
  const id = records.full.family.id;
  const places = (how: 'full' | 'bare'): unknown[] => JSON.parse(encodeRecord(kind, records[how][kind]));
  const decode = (value: unknown): unknown => decodeRecord(kind, value, id);

  it('reads back as it was written', () => {
    expect(decode(encodeRecord(kind, records.full[kind]))).toEqual(records.full[kind]);
    const bare = { ...records.bare[kind], ...(kind === 'family' && { id }) };
    expect(decode(encodeRecord(kind, records.bare[kind]))).toEqual(bare);
  });

  it('is corrupt with a wrong value in any place', () => {
    for (const how of ['full', 'bare'] as const) {
      for (const [at] of places(how).entries()) {
        for (const wrong of WRONG) {
          const text = JSON.stringify(places(how).with(at, wrong));
          expect(() => decode(text), text).toThrow(CorruptRecord);
        }
      }
    }
  });

  it('is corrupt with a place too many, or without a place that every record has', () => {
    expect(() => decode(JSON.stringify([...places('full'), 'more']))).toThrow(CorruptRecord);
    for (let length = 0; length < places('bare').length; length += 1) {
      expect(() => decode(JSON.stringify(places('bare').slice(0, length)))).toThrow(CorruptRecord);
    }
  });

  it('is corrupt if it is of another version, of another kind, cut off, or no record at all', () => {
    expect(() => decode(JSON.stringify(places('full').with(0, 2)))).toThrow(CorruptRecord);
    for (const other of KINDS.filter((it) => it !== kind)) {
      expect(() => decode(encodeRecord(other, records.full[other]))).toThrow(CorruptRecord);
    }
    const text = encodeRecord(kind, records.full[kind]);
    for (const no of [text.slice(0, -1), '', '[]', '{}', 'null', '1', '"x"', undefined, null, 1, Buffer.from(text)]) {
      expect(() => decode(no)).toThrow(CorruptRecord);
    }
  });

  it('is not quoted by the error', () => {
    const failure = (() => {
      try {
        return decode('["a-canary');
      } catch (error) {
        return error;
      }
    })() as Error;
    expect(`${failure.stack} ${JSON.stringify(failure)} ${failure.cause}`).not.toContain('canary');
  });
});

it('reads the sessions of older versions, which said less', () => {
  const old = decodeRecord('session', '[1,["s","alice","users"],1750000000,1750000100]', 'x');
  expect(old).toEqual({
    user: { subject: 's', username: 'alice', connection: 'users', roles: [] },
    authenticatedAt: 1_750_000_000,
    expiresAt: 1_750_000_100,
  });
  // A session of the console must never read as one of a browser.
  expect(decodeRecord('session', '[1,["s","alice","users"],1,2,0,0,1]', 'x').purpose).toBe('console');
  for (const purpose of ['2', '"console"', '"x"', '{}']) {
    expect(() => decodeRecord('session', `[1,["s","alice","users"],1,2,0,0,${purpose}]`, 'x')).toThrow(CorruptRecord);
  }
});
