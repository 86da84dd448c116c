import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Balanced, chooserOf } from '../../src/gateway/upstream/balance.ts';
import type { Balance } from '../../src/model/route.ts';

const target = (name: string, inFlight = 0) => ({ origin: `http://${name}`, basePath: '', inFlight, answers: 0 });

function choosing(balance: Balance, targets: readonly Balanced[]) {
  const choose = chooserOf(balance, targets);
  return (affinity?: string, out: readonly Balanced[] = []) =>
    choose(targets, (it) => !out.includes(it), affinity)?.origin.slice('http://'.length);
}

describe('round_robin', () => {
  it('takes targets in turn and leaves out those that are out', () => {
    const [a, b, c] = [target('a'), target('b'), target('c')];
    const choose = choosing('round_robin', [a, b, c]);
    expect([choose(), choose(), choose(), choose()]).toEqual(['a', 'b', 'c', 'a']);
    expect([choose('', [b]), choose('', [b]), choose('', [b])]).toEqual(['c', 'a', 'c']);
    expect(choose('', [a, b, c])).toBeUndefined();
  });
});

describe('least_connections', () => {
  it('takes the target with the fewest calls under way, and equals in turn', () => {
    const targets = [target('a'), target('b'), target('c')];
    const choose = choosing('least_connections', targets);
    expect([choose(), choose(), choose(), choose()]).toEqual(['a', 'b', 'c', 'a']);
    const [a, b, c] = targets;
    if (!a || !b || !c) throw new Error('three targets');
    a.inFlight = 5;
    b.inFlight = 2;
    c.inFlight = 3;
    expect([choose(), choose()]).toEqual(['b', 'b']);
    expect(choose('', [b])).toBe('c');
    expect(choose('', [a, b, c])).toBeUndefined();
  });
});

describe('consistent_hash', () => {
  const users = Array.from({ length: 10_000 }, (_, at) => `user u-${at}`);

  it('sends the same caller to the same target, whatever comes in between and in whatever order targets are written', () => {
    const targets = ['a', 'b', 'c', 'd', 'e'].map((name) => target(name));
    const choose = choosing('consistent_hash', targets);
    const other = choosing('consistent_hash', targets.toReversed());
    for (const user of users.slice(0, 200)) expect([choose(user), other(user)]).toEqual([choose(user), choose(user)]);
  });

  it('spreads callers evenly: each of five targets gets a fifth, give or take a tenth of it', () => {
    const targets = ['10.0.0.1:9000', '10.0.0.2:9000', '10.0.0.3:9000', '10.0.0.4:9000', '10.0.0.5:9000'];
    const choose = choosing(
      'consistent_hash',
      targets.map((name) => target(name)),
    );
    const counts = Map.groupBy(users, (user) => choose(user));
    expect(counts.size).toBe(5);
    for (const { length } of counts.values()) expect(Math.abs(length - 2000)).toBeLessThan(200);
  });

  it('moves only the callers of a target that leaves, to all that are left', () => {
    const targets = ['a', 'b', 'c', 'd', 'e'].map((name) => target(name));
    const choose = choosing('consistent_hash', targets);
    const gone = targets[2];
    if (gone === undefined) throw new Error('five targets');
    const before = new Map(users.map((user) => [user, choose(user)]));
    const moved = users.filter((user) => choose(user, [gone]) !== before.get(user));
    expect(moved.every((user) => before.get(user) === 'c')).toBe(true);
    expect(moved).toHaveLength(users.filter((user) => before.get(user) === 'c').length);
    expect(new Set(moved.map((user) => choose(user, [gone])))).toEqual(new Set(['a', 'b', 'd', 'e']));
    // And when it is back, exactly they return.
    expect(users.every((user) => choose(user) === before.get(user))).toBe(true);
  });
});

it('never chooses a target that is out, and always one if any is in', () => {
  const balances = fc.constantFrom<Balance>('round_robin', 'least_connections', 'consistent_hash');
  const loads = fc.array(fc.tuple(fc.nat(3), fc.boolean()), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(balances, loads, fc.array(fc.string(), { minLength: 1, maxLength: 12 }), (balance, of, callers) => {
      const targets = of.map(([inFlight], at) => target(String(at), inFlight));
      const out = targets.filter((_, at) => of[at]?.[1] === true);
      const choose = choosing(balance, targets);
      for (const caller of callers) {
        const chosen = choose(caller, out);
        expect(chosen === undefined).toBe(out.length === targets.length);
        expect(out.map(({ origin }) => origin)).not.toContain(`http://${chosen}`);
      }
    }),
    { numRuns: 500 },
  );
});
