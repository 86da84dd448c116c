import { beforeEach, describe, expect, it, vi } from 'vitest';
import { DependencyUnavailable, ProtocolError } from '../../src/model/failure.ts';
import { networkOf } from '../../src/model/networks.ts';
import { type Attempts, createAttempts } from '../../src/oauth/attempts.ts';
import { MemoryCounters } from '../../src/stores/memory_counters.ts';
import { ManualClock } from '../support/manual_clock.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let clock: ManualClock;
let attempts: Attempts;
let addresses = 0;
beforeEach(() => {
  clock = new ManualClock();
  attempts = createAttempts({ counters: new MemoryCounters(clock), clock });
});

/** A caller that nobody else is. */
const somebody = () => ({ address: `2001:db8:${(addresses++).toString(16)}::1` });
const alice = { connection: 'users', username: 'alice' };

/** One attempt: `wrong`, `right` or `unavailable`; and, in answer, `refused` with the seconds to wait. */
async function attempt(outcome: 'wrong' | 'right' | 'unavailable', account = alice, caller = somebody()) {
  try {
    const user = await attempts.signIn(caller, async (against) => {
      await against(account);
      if (outcome === 'unavailable') throw new DependencyUnavailable('directory', 'no answer');
      return outcome === 'right' ? 'alice' : undefined;
    });
    return user === undefined ? 'wrong' : 'right';
  } catch (error) {
    if (error instanceof DependencyUnavailable) return 'unavailable';
    if (error instanceof ProtocolError && error.failure.code === 'too_many_attempts') return error.failure.retryAfter;
    throw error;
  }
}

async function repeat(times: number, ...of: Parameters<typeof attempt>) {
  const outcomes = [];
  for (let count = 0; count < times; count++) outcomes.push(await attempt(...of));
  return outcomes;
}
const wrong = (times: number) => Array<string>(times).fill('wrong');

describe('attempts on an account', () => {
  it('are ten, and then none for five minutes, not even the right one', async () => {
    expect(await repeat(10, 'wrong')).toEqual(wrong(10));
    expect(await attempt('right')).toBe(300);
    clock.advance(4 * MINUTE);
    expect(await attempt('right')).toBe(60);
    clock.advance(MINUTE);
    expect(await attempt('right')).toBe('right');
  });

  it('lock it for twice as long each time, up to a day', async () => {
    const locks = [];
    for (let lock = 0; lock < 11; lock++) {
      expect(await repeat(10, 'wrong')).toEqual(wrong(10));
      const wait = Number(await attempt('wrong'));
      locks.push(wait / 60);
      clock.advance(wait * 1000);
    }
    expect(locks).toEqual([5, 10, 20, 40, 80, 160, 320, 640, 1280, 1440, 1440]);
  });

  it('begin at five minutes again after a success', async () => {
    for (const minutes of [5, 10]) {
      await repeat(10, 'wrong');
      expect(await attempt('wrong')).toBe(minutes * 60);
      clock.advance(minutes * MINUTE);
    }
    expect(await attempt('right')).toBe('right');
    expect(await repeat(10, 'wrong')).toEqual(wrong(10));
    expect(await attempt('wrong')).toBe(300);
  });

  it('are never more than ten in any five minutes, wherever the five minutes begin', async () => {
    const evaluated: number[] = [];
    for (let second = 0; second < 3600; second += 7) {
      if ((await attempt('wrong')) === 'wrong') evaluated.push(clock.monotonic());
      clock.advance(7_000);
    }
    for (const begin of evaluated) {
      const within = evaluated.filter((at) => at >= begin && at < begin + 5 * MINUTE);
      expect(within.length).toBeLessThanOrEqual(10);
    }
  });

  it('count slow guesses too, which never fill five minutes', async () => {
    let evaluated = 0;
    for (let minute = 0; minute < 24 * 60; minute++) {
      if ((await attempt('wrong')) === 'wrong') evaluated++;
      clock.advance(MINUTE);
    }
    expect(evaluated).toBeLessThanOrEqual(90);
  });

  it('are those of one person, however the name is written', async () => {
    const spellings = [
      'alice',
      'ALICE',
      ' alice ',
      'ali ce',
      'al\u00adice',
      '\u200balice',
      'ａｌｉｃｅ',
      'alicé',
      'alıce',
    ];
    for (const username of spellings) await attempt('wrong', { ...alice, username });
    await attempt('wrong');
    expect(await attempt('right')).toBe(300);
    expect(await attempt('right', { ...alice, username: 'bob' })).toBe('right');
    expect(await attempt('right', { ...alice, connection: 'corp' })).toBe('right');
  });

  it('are not used up by a directory that is down', async () => {
    expect(await repeat(50, 'unavailable', alice, { address: '192.0.2.1' })).toEqual(Array(50).fill('unavailable'));
    expect(await repeat(50, 'unavailable', alice, { address: '192.0.2.1' })).toEqual(Array(50).fill('unavailable'));
    expect(await repeat(10, 'wrong')).toEqual(wrong(10));
  });

  it('are forgotten when it is unlocked', async () => {
    await repeat(10, 'wrong');
    await attempts.unlock({ connection: 'users', username: 'Alice' });
    expect(await repeat(10, 'wrong')).toEqual(wrong(10));
    expect(await attempt('wrong')).toBe(300);
  });
});

describe('one attempt on several accounts', () => {
  const corp = { connection: 'corp', username: 'alice' };
  /** Tries one connection in vain, and then another. */
  const both = (last: () => Promise<string | undefined>) =>
    attempts.signIn(somebody(), async (against) => {
      await against(alice);
      await against(corp);
      return last();
    });

  it('counts against none of them when the last one says yes', async () => {
    for (let count = 0; count < 20; count++) expect(await both(async () => 'alice')).toBe('alice');
    expect(await repeat(10, 'wrong')).toEqual(wrong(10));
  });

  it('clears only the account it was for: another user of that name does not', async () => {
    await repeat(9, 'wrong');
    await both(async () => 'alice');
    expect(await attempt('wrong')).toBe('wrong');
    expect(await attempt('wrong')).toBe(300);
  });

  it('counts against those that answered when the next one is down', async () => {
    const down = () => both(() => Promise.reject(new DependencyUnavailable('directory', 'no answer')));
    for (let count = 0; count < 10; count++) await expect(down()).rejects.toThrow(DependencyUnavailable);
    expect(await attempt('right')).toBe(300);
    expect(await attempt('right', corp)).toBe('right');
  });
});

describe('attempts from an address', () => {
  const from = (address: string, outcome: 'wrong' | 'right', name: number | string) =>
    attempt(outcome, { connection: 'users', username: `user-${name}` }, { address });

  it('may fail a hundred times in five minutes, on any accounts', async () => {
    for (let name = 0; name < 100; name++) expect(await from('192.0.2.1', 'wrong', name)).toBe('wrong');
    expect(await from('192.0.2.1', 'right', 'new')).toBe(300);
    expect(await from('192.0.2.2', 'right', 'new')).toBe('right');
    clock.advance(5 * MINUTE);
    expect(await from('192.0.2.1', 'right', 'new')).toBe('right');
  });

  it('may succeed as often as they like', async () => {
    for (let name = 0; name < 500; name++) expect(await from('192.0.2.1', 'right', name)).toBe('right');
  });
});

describe('the secret of a client', () => {
  const secret = (right: boolean, client = 'app', address = '192.0.2.1') =>
    attempts.clientSecret(client, { address }, async () => right).catch((error) => error.failure?.code ?? error);

  it('may be wrong ten times from one address', async () => {
    for (let count = 0; count < 10; count++) expect(await secret(false)).toBe(false);
    expect(await secret(true)).toBe('too_many_attempts');
    expect(await secret(true, 'other')).toBe(true);
    expect(await secret(true, 'app', '192.0.2.2'), 'the client itself is elsewhere').toBe(true);
    clock.advance(5 * MINUTE);
    expect(await secret(true)).toBe(true);
  });

  it('may be right as often as the client likes', async () => {
    for (let count = 0; count < 1_000; count++) expect(await secret(true)).toBe(true);
  });

  describe('that was right a moment ago', () => {
    /** Two nodes with the same counters, and how often they are asked. */
    function nodes() {
      const counters = new MemoryCounters(clock);
      const peek = vi.spyOn(counters, 'peek');
      const [here, there] = [createAttempts({ counters, clock }), createAttempts({ counters, clock })];
      const tried = (node: Attempts, evaluate: () => Promise<boolean>) =>
        node.clientSecret('app', { address: '192.0.2.1' }, evaluate).catch((error) => error.failure?.code ?? 'away');
      const guess = (node: Attempts, right: boolean) => tried(node, async () => right);
      return { here, there, guess, tried, peek };
    }

    it('is evaluated without asking what other nodes have counted, for a tenth of a second', async () => {
      const { here, guess, peek } = nodes();
      for (let count = 0; count < 5; count++) expect(await guess(here, true)).toBe(true);
      expect(peek).toHaveBeenCalledTimes(1);
      clock.advance(99);
      expect(await guess(here, true)).toBe(true);
      expect(peek, 'being right again does not prolong it').toHaveBeenCalledTimes(1);
      clock.advance(1);
      expect(await guess(here, true)).toBe(true);
      expect(peek).toHaveBeenCalledTimes(2);
    });

    it('is refused a tenth of a second after others were wrong too often elsewhere', async () => {
      const { here, there, guess } = nodes();
      expect(await guess(here, true)).toBe(true);
      for (let count = 0; count < 10; count++) expect(await guess(there, false)).toBe(false);
      expect(await guess(there, true)).toBe('too_many_attempts');
      clock.advance(100);
      expect(await guess(here, true)).toBe('too_many_attempts');
    });

    it('gives one guess more to a node that has not heard of the others, and no second one', async () => {
      const { here, there, guess } = nodes();
      expect(await guess(here, true)).toBe(true);
      for (let count = 0; count < 10; count++) expect(await guess(there, false)).toBe(false);
      expect(await guess(here, false)).toBe(false);
      expect(await guess(here, false)).toBe('too_many_attempts');
      expect(await guess(here, true)).toBe('too_many_attempts');
    });

    it('is asked about again after a wrong one, also by those that were under way', async () => {
      const { here, guess, tried, peek } = nodes();
      expect(await guess(here, true)).toBe(true);
      const { promise: open, resolve: finish } = Promise.withResolvers<boolean>();
      const underWay = tried(here, () => open);
      expect(await guess(here, false)).toBe(false);
      finish(true);
      expect(await underWay).toBe(true);
      expect(peek).toHaveBeenCalledTimes(1);
      expect(await guess(here, true)).toBe(true);
      expect(peek).toHaveBeenCalledTimes(2);
    });

    it('is asked about again after one that could not be evaluated or counted, without waiting in line', async () => {
      const { here, guess, tried, peek } = nodes();
      expect(await guess(here, true)).toBe(true);
      expect(await tried(here, () => Promise.reject(new DependencyUnavailable('redis', 'gone')))).toBe('away');
      const { promise: open, resolve: finish } = Promise.withResolvers<boolean>();
      const slow = tried(here, () => open);
      expect(await guess(here, true)).toBe(true);
      expect(peek).toHaveBeenCalledTimes(3);
      finish(true);
      expect(await slow).toBe(true);
    });
  });
});

describe('networkOf', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2:ffff::1', '2001:db8:1:2::/64'],
    ['2001:0db8:0001:0002::', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['1::2:3:4:5:6:7', '1:0:2:3::/64'],
    ['unknown', 'unknown'],
  ])('takes %s for %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});

it('remembers failures for a week, and not longer', async () => {
  await repeat(10, 'wrong');
  clock.advance(7 * 24 * HOUR);
  await repeat(10, 'wrong');
  expect(await attempt('wrong')).toBe(300);
});
