import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { milliseconds } from '../../src/model/units.ts';
import { LruRecords } from '../../src/stores/lru_records.ts';
import { accessOf, newGrant } from '../contract/records.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const filledAt = milliseconds(1.5);

/** So many tokens, each of a family of its own. */
function fill(records: LruRecords, count: number) {
  return Array.from({ length: count }, (_, index) => {
    const user = { subject: `u-${index}`, username: 'x', connection: 'users', roles: [] };
    const grant = newGrant(Date.now(), { authorization: { client: 'app', user, scopes: ['a'], audience: [] } });
    const [ref] = grant.access;
    if (ref === undefined) throw new Error('a grant has an access token');
    const record = accessOf(grant.family);
    records.set(ref.hash, { record, filledAt });
    return { hash: ref.hash, record };
  });
}

describe('the records of the cache', () => {
  it('gives each token its own record, also when there are far more than are kept ready', () => {
    const records = new LruRecords(20_000);
    const tokens = fill(records, 10_000);
    for (let round = 0; round < 2; round += 1) {
      for (const { hash, record } of tokens) expect(records.get(hash)?.record).toEqual(record);
    }
    expect(records.get(tokens[0]?.hash as never)?.filledAt).toBe(1);
  });

  it('gives the same object as long as it is kept ready', () => {
    const records = new LruRecords(10);
    const [token] = fill(records, 1);
    expect(records.get(token?.hash as never)?.record).toBe(token?.record);
  });

  it('holds no record of what is cached no longer', async () => {
    const records = new LruRecords(100);
    const gone = fill(records, 300)
      .slice(0, 200)
      .map(({ record }) => new WeakRef(record));
    const [dropped] = fill(records, 1).map(({ hash, record }) => {
      records.drop(hash);
      return new WeakRef(record);
    });
    // What a WeakRef was made for in this turn lives to its end.
    await new Promise((resolve) => setImmediate(resolve));
    collect();
    expect([...gone, dropped].filter((each) => each?.deref() !== undefined)).toEqual([]);
    expect(records.size).toBe(99);
  });

  it('gives nothing that has gone, though it was there when somebody asked whether it was', () => {
    const records = new LruRecords(2);
    const [token, other] = fill(records, 2);
    if (token === undefined || other === undefined) throw new Error('two tokens');
    const { hash, record } = token;
    const again = () => {
      records.set(hash, { record, filledAt });
      expect(records.has(hash)).toBe(true);
    };
    again();
    records.drop(hash);
    expect(records.get(hash)).toBeUndefined();
    again();
    records.clear();
    expect(records.get(hash)).toBeUndefined();
    again();
    records.dropFamily(record.family);
    expect(records.get(hash)).toBeUndefined();
    again();
    const changed = { ...record, client: 'another' };
    records.set(hash, { record: changed, filledAt });
    expect(records.get(hash)?.record).toEqual(changed);
    again();
    fill(records, 2);
    expect(records.get(hash)).toBeUndefined();
    expect(records.get(other.hash)).toBeUndefined();
  });

  it('finds nothing of a family that ended, and what is read of it afterwards', () => {
    const records = new LruRecords(10);
    const [dead, alive] = fill(records, 2);
    if (dead === undefined || alive === undefined) throw new Error('two tokens');
    records.dropFamily(dead.record.family);
    expect(records.get(dead.hash)).toBeUndefined();
    expect(records.get(alive.hash)?.record).toEqual(alive.record);
    records.set(dead.hash, { record: dead.record, filledAt });
    expect(records.get(dead.hash)?.record).toEqual(dead.record);
  });

  it('finds nothing of a family that ended, however many ended after it', () => {
    const records = new LruRecords(10);
    const [dead] = fill(records, 1);
    if (dead === undefined) throw new Error('a token');
    records.dropFamily(dead.record.family);
    for (let other = 0; other < 25_000; other += 1) records.dropFamily(`other-${other}`);
    expect(records.get(dead.hash)).toBeUndefined();
    const [fresh] = fill(records, 1);
    expect(records.get(fresh?.hash as never)).toBeDefined();
  });
});
