import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/model/clock.ts';
import { DependencyUnavailable } from '../../src/model/failure.ts';
import type { Backend } from '../../src/stores/backend.ts';
import { redis } from '../../src/stores/redis.ts';
import type { Entry } from '../../src/stores/token_store.ts';
import { dependencies } from '../contract/backend_under_test.ts';
import { another, type Codes, owner, PHONE, startCodes } from '../oauth/codes_under_test.ts';
import { SERVER_SECRET } from '../oauth/core_under_test.ts';
import { isLong, measured } from '../support/measured.ts';
import { type RedisServer, startRedis } from '../support/redis_server.ts';

// Threat: six digits are guessed, by many tries, by many codes, from a copy of the store; a code is used twice or by somebody else;
// and the answers tell which numbers belong to a user.

/** At once, over three nodes. */
const GUESSES = isLong() ? 10_000 : 200;

const TOO_MANY = { failure: { code: 'too_many_attempts' } };
const refusalOf = (outcome: Promise<unknown>): Promise<unknown> =>
  outcome.then(
    (user) => (user ? 'in' : 'wrong'),
    (error) => error.failure?.code ?? error,
  );

describe('a one-time code', () => {
  it('signs its recipient in, once', async () => {
    const codes = await startCodes();
    await codes.send('+1 (555) 01-00');
    const code = codes.lastCode();
    expect(await codes.redeem(code)).toMatchObject({ subject: owner.id, connection: 'sms', username: 'alice' });
    expect(await codes.redeem(code)).toBeUndefined();
  });

  it('is taken by one of twenty that have it at once', async () => {
    const codes = await startCodes();
    await codes.send(PHONE);
    const code = codes.lastCode();
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, index) => refusalOf(codes.redeem(code, PHONE, 'sms', `192.0.2.${index}`))),
    );
    expect(outcomes.filter((it) => it === 'in')).toHaveLength(1);
  });

  it('is worth nothing after five minutes, with another number, or on another connection', async () => {
    const users = [
      owner,
      { ...owner, id: 'u-bob', username: 'bob', phoneNumber: '+15550101', email: 'bob@example.com' },
    ];
    const codes = await startCodes({ users });
    await codes.send(PHONE);
    const code = codes.lastCode();
    expect(await codes.redeem(code, '+15550101')).toBeUndefined();
    expect(await codes.redeem(code, 'alice@example.com', 'email')).toBeUndefined();
    codes.clock.advance(5 * 60_000);
    expect(await codes.redeem(code)).toBeUndefined();
  });

  it('is replaced by the next one', async () => {
    const codes = await startCodes();
    await codes.send(PHONE);
    const first = codes.lastCode();
    await codes.send(PHONE);
    const second = codes.lastCode();
    if (first !== second) expect(await codes.redeem(first)).toBeUndefined();
    expect(await codes.redeem(second)).toBeDefined();
  });

  it('is of all six-digit codes, leading zeros among them', async () => {
    const codes = await startCodes();
    const seen = new Set<string>();
    for (let count = 0; count < 200; count++) {
      await codes.send(PHONE, 'sms', `198.51.100.${count}`);
      seen.add(codes.lastCode());
      codes.clock.advance(24 * 3_600_000);
    }
    for (const code of seen) expect(code).toMatch(/^\d{6}$/);
    expect(seen.size).toBeGreaterThan(190);
    expect([...seen].some((code) => code.startsWith('0'))).toBe(true);
  });
});

describe('tries', () => {
  it('are five, and then not even the right code counts', async () => {
    const codes = await startCodes();
    await codes.send(PHONE);
    const code = codes.lastCode();
    for (let count = 0; count < 5; count++) expect(await codes.redeem(another(code))).toBeUndefined();
    await expect(codes.redeem(code)).rejects.toMatchObject(TOO_MANY);
  });

  it('are not given anew by asking for another code', async () => {
    const codes = await startCodes();
    let evaluated = 0;
    for (let round = 0; round < 4; round++) {
      await codes.send(PHONE);
      for (let count = 0; count < 3; count++) {
        const outcome = await refusalOf(codes.redeem(another(codes.lastCode())));
        if (outcome === 'wrong') evaluated++;
      }
    }
    expect(evaluated).toBe(5);
    await expect(codes.redeem(codes.lastCode())).rejects.toMatchObject(TOO_MANY);
  });

  it('are five for one code, even where the recipient’s five minutes end meanwhile', async () => {
    const codes = await startCodes();
    await codes.redeem('000000');
    codes.clock.advance(4 * 60_000);
    await codes.send(PHONE);
    const code = codes.lastCode();
    for (let count = 0; count < 4; count++) expect(await codes.redeem(another(code))).toBeUndefined();
    codes.clock.advance(61_000);
    expect(await codes.redeem(another(code))).toBeUndefined();
    await expect(codes.redeem(code)).rejects.toMatchObject(TOO_MANY);
  });

  it('begin anew after a success', async () => {
    const codes = await startCodes();
    for (let round = 0; round < 3; round++) {
      await codes.send(PHONE);
      for (let count = 0; count < 4; count++) await codes.redeem(another(codes.lastCode()));
      expect(await codes.redeem(codes.lastCode())).toBeDefined();
    }
  });

  describe('on three nodes with one Redis', () => {
    let server: RedisServer;
    let backends: Backend[];
    beforeAll(async () => {
      server = await startRedis();
      backends = await Promise.all(
        [1, 2, 3].map(() =>
          redis.create(redis.options.parse({ url: server.url, command_timeout: '10s' }), dependencies(systemClock)),
        ),
      );
    });
    afterAll(async () => {
      await Promise.all(backends.map((backend) => backend.close()));
      await server?.stop();
    });

    it('are five together, whatever comes at once; and any node takes the code of any other', async () => {
      const nodes = await Promise.all(backends.map((backend) => startCodes({ backend, now: Date.now() })));
      const [one, two] = nodes;
      if (!one || !two) throw new Error('there are three nodes');
      await one.send(PHONE);
      expect(await two.redeem(one.lastCode())).toBeDefined();

      await one.send(PHONE);
      const guesses = Array.from({ length: GUESSES }, (_, index) => {
        const node = nodes[index % nodes.length] ?? one;
        const caller = `198.51.${Math.floor(index / 250)}.${index % 250}`;
        return refusalOf(node.redeem(another(one.lastCode()), PHONE, 'sms', caller));
      });
      const outcomes = await Promise.all(guesses);
      expect(outcomes.filter((it) => it === 'wrong')).toHaveLength(5);
      expect(outcomes.filter((it) => it === 'too_many_attempts')).toHaveLength(GUESSES - 5);
      expect(await refusalOf(two.redeem(one.lastCode()))).toBe('too_many_attempts');
      const max = outcomes.filter((it) => it === 'wrong').length;
      measured({
        id: 'F3',
        what: 'tries for one code that were evaluated, over three nodes',
        count: GUESSES,
        max,
        unit: 'evaluated',
      });
    });
  });
});

describe('what is stored', () => {
  it('is neither code nor recipient, nor a hash that a million tries would open', async () => {
    const written: Entry[] = [];
    const codes = await startCodes({
      store: (store) => ({
        get: (kind, ref) => store.get(kind, ref),
        put: (entries) => {
          written.push(...entries);
          return store.put(entries);
        },
        take: (kind, ref) => store.take(kind, ref),
        rotate: (family, from, entries) => store.rotate(family, from, entries),
        revoke: (family) => store.revoke(family),
        families: (who, limit) => store.families(who, limit),
        sessions: (subject, limit) => store.sessions(subject, limit),
        claim: (ref, record) => store.claim(ref, record),
        invalidation: store.invalidation,
      }),
    });
    await codes.send(PHONE);
    const text = JSON.stringify(written);
    expect(written).toMatchObject([{ kind: 'otp' }]);
    for (const secret of [codes.lastCode(), PHONE, PHONE.slice(1), SERVER_SECRET]) expect(text).not.toContain(secret);
    // Of the same recipient and, once in a million, the same code: with another key nothing is the same.
    const { createHash } = await import('node:crypto');
    for (const plain of [codes.lastCode(), `${PHONE}${codes.lastCode()}`, `${PHONE}:${codes.lastCode()}`]) {
      expect(text).not.toContain(createHash('sha256').update(plain).digest('base64url'));
    }
  });
});

describe('an unknown number', () => {
  const steps = async (codes: Codes, recipient: string): Promise<unknown[]> => {
    const outcomes: unknown[] = [];
    outcomes.push(await codes.send(recipient));
    for (let count = 0; count < 6; count++) outcomes.push(await refusalOf(codes.redeem('x', recipient)));
    for (let count = 0; count < 5; count++) outcomes.push(await refusalOf(codes.send(recipient)));
    return outcomes;
  };

  it('gets the same answers as a known one, to the last refusal, and no message', async () => {
    const known = await steps(await startCodes(), PHONE);
    const codes = await startCodes();
    expect(await steps(codes, '+15550199')).toEqual(known);
    expect(codes.lines).toEqual([]);
  });

  it('is answered in the time that a message takes, and as badly while the provider is down', async () => {
    let provider: () => Promise<void> = () => new Promise((resolve) => setTimeout(resolve, 120));
    const codes = await startCodes({ deliver: () => provider() });
    // The clock of the core stands still; how long deliveries take is told it here.
    provider = async () => codes.clock.advance(120);
    await codes.send(PHONE);
    const began = performance.now();
    await codes.send('+15550199');
    expect(performance.now() - began).toBeGreaterThanOrEqual(115);

    provider = () => Promise.reject(new DependencyUnavailable('SMS provider', 'answered 500'));
    await expect(codes.send(PHONE)).rejects.toThrow(DependencyUnavailable);
    await expect(codes.send('+15550199')).rejects.toThrow(DependencyUnavailable);
  });

  it('becomes a user where the connection lets people sign up, and the same one again', async () => {
    const codes = await startCodes({ signUp: true });
    const users = [];
    for (let round = 0; round < 2; round++) {
      await codes.send('+15550199');
      users.push(await codes.redeem(codes.lastCode(), '+15550199'));
    }
    expect(users[0]).toEqual({
      subject: 'sms|+15550199',
      username: '+15550199',
      phoneNumber: '+15550199',
      connection: 'sms',
      roles: [],
    });
    expect(users[1]).toEqual(users[0]);
  });

  it('is a disabled user’s: no message, no way in, not even by signing up', async () => {
    const codes = await startCodes({ signUp: true, users: [{ ...owner, disabled: true }] });
    await codes.send(PHONE);
    expect(codes.lines).toEqual([]);
  });
});

describe('a provider that is down', () => {
  it('uses nothing up: the last code still counts, and so do the messages that were not sent', async () => {
    let down = false;
    const codes = await startCodes({
      deliver: () =>
        down ? Promise.reject(new DependencyUnavailable('SMS provider', 'no answer')) : Promise.resolve(),
    });
    await codes.send(PHONE);
    down = true;
    for (let count = 0; count < 40; count++) await expect(codes.send(PHONE)).rejects.toThrow(DependencyUnavailable);
    expect(await codes.redeem(codes.lastCode())).toBeDefined();
    down = false;
    for (let count = 0; count < 4; count++) await codes.send(PHONE);
    await expect(codes.send(PHONE)).rejects.toMatchObject(TOO_MANY);
  });
});

describe('a wrong request', () => {
  it.each([
    ['no recipient', { recipient: undefined }, 'invalid_request'],
    ['a number without country', { recipient: '0555 0100' }, 'invalid_request'],
    ['digits of another alphabet', { recipient: '+١٥٥٥٠١٠٠' }, 'invalid_request'],
    ['two numbers', { recipient: '+15550100,+15550101' }, 'invalid_request'],
    ['a number that is too long', { recipient: '+1234567890123456' }, 'invalid_request'],
    ['no connection', { connection: undefined }, 'invalid_request'],
    ['a connection that sends nothing', { connection: 'users' }, 'invalid_request'],
    ['no client', { clientId: undefined }, 'invalid_request'],
    ['an unknown client', { clientId: 'nobody' }, 'invalid_client'],
  ])('with %s is told so, and sends nothing', async (_title, change, code) => {
    const codes = await startCodes();
    const asked = { clientId: 'app', connection: 'sms', recipient: PHONE, caller: { address: '192.0.2.1' }, ...change };
    await expect(codes.protocol.operations.send_code(asked)).rejects.toMatchObject({ failure: { code } });
    expect(codes.lines).toEqual([]);
  });

  it('without naming the connection never tries a code for a password', async () => {
    const codes = await startCodes();
    await codes.send(PHONE);
    const { token, lastCode } = codes;
    expect((await token({ grant_type: 'password', username: PHONE, password: lastCode() })).status).toBe(400);
    expect(await codes.redeem(lastCode())).toBeDefined();
  });
});
