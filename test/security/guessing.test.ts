import { randomInt, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashPassword } from '../../src/connections/password_hash.ts';
import { systemClock } from '../../src/model/clock.ts';
import { DependencyUnavailable } from '../../src/model/failure.ts';
import type { Backend } from '../../src/stores/backend.ts';
import { redis } from '../../src/stores/redis.ts';
import { dependencies } from '../contract/backend_under_test.ts';
import { alice, app, basic, type Core, expectStep, newPkce, request, startCore } from '../oauth/core_under_test.ts';
import { isLong, measured } from '../support/measured.ts';
import { type RedisServer, startRedis } from '../support/redis_server.ts';

// Threat: passwords, codes and secrets are guessed, all at once and over many nodes and addresses, so that a counter which is read
// first and written later sees none of it; or slowly; or by the one grant, dialect or page that forgot to count.

const guess = (core: Core, password: string, callerAddress: string, username = 'alice') =>
  core.send('token', {
    body: [
      ['grant_type', 'password'],
      ['username', username],
      ['password', password],
    ],
    authorization: basic('app', 'app-secret'),
    callerAddress,
  });

/** Counting is under test here, not the time it takes: on a busy machine no answer of Redis may be given up. */
const PATIENT = (url: string) => ({ url, command_timeout: '10s' });

/** All at once. */
const GUESSES = isLong() ? 10_000 : 1_000;

/** As many different callers as are needed. */
const address = (index: number) => `198.51.${100 + Math.floor(index / 250)}.${1 + (index % 250)}`;

describe('three nodes on one Redis', () => {
  let server: RedisServer;
  let backends: Backend[];
  let nodes: Core[];
  beforeAll(async () => {
    server = await startRedis();
    backends = await Promise.all(
      [1, 2, 3].map(() => redis.create(redis.options.parse(PATIENT(server.url)), dependencies(systemClock))),
    );
    nodes = await Promise.all(
      backends.map((backend) =>
        startCore({
          backend,
          users: [alice],
          now: Date.now(),
          passwords: { verify: async (_, tried) => tried === 'wonderland' },
        }),
      ),
    );
  });
  afterAll(async () => {
    await Promise.all(backends.map((backend) => backend.close()));
    await server?.stop();
  });
  const node = (index: number): Core => {
    const core = nodes[index % nodes.length];
    if (!core) throw new Error('there are three nodes');
    return core;
  };
  const evaluated = () => nodes.reduce((sum, { passwords }) => sum + passwords.count, 0);

  it(`evaluate ten of ${GUESSES} guesses that come at once, and not the right one after them`, async () => {
    await node(0).attempts.unlock({ connection: 'users', username: 'alice' });
    const before = evaluated();
    const answers = await Promise.all(
      Array.from({ length: GUESSES }, (_, index) => guess(node(index), `guess-${index}`, address(index))),
    );
    const tried = evaluated() - before;
    expect(tried).toBe(10);
    expect(answers.filter(({ status }) => status === 400)).toHaveLength(10);
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(GUESSES - 10);
    for (const { body, headers } of refused) {
      expect(body['error']).toBe('too_many_attempts');
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
      expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(300);
    }

    expect((await guess(node(1), 'wonderland', '192.0.2.9')).status).toBe(429);
    await node(2).attempts.unlock({ connection: 'users', username: 'alice' });
    expect((await guess(node(1), 'wonderland', '192.0.2.9')).status).toBe(200);
    measured({
      id: 'F1',
      what: 'guesses evaluated for one account, over three nodes',
      count: GUESSES,
      max: tried,
      unit: 'evaluated',
    });
  });

  it('evaluate no more for a user that does not exist', async () => {
    // Nobody who was ever counted before, also when the test is tried again.
    const nobody = `nobody-${randomUUID()}`;
    const before = evaluated();
    await Promise.all(Array.from({ length: 100 }, (_, index) => guess(node(index), 'x', address(index), nobody)));
    expect(evaluated() - before).toBe(10);
  });

  it('evaluate a hundred from one address, however many accounts they are for', async () => {
    const caller = `203.0.113.${randomInt(1, 255)}`;
    const before = evaluated();
    await Promise.all(
      Array.from({ length: 300 }, (_, index) => guess(node(index), 'x', caller, `user-${randomUUID()}-${index}`)),
    );
    expect(evaluated() - before).toBe(100);
  });
});

describe('every way in', () => {
  it('counts together with the others: the page goes on where a grant left off', async () => {
    const core = await startCore();
    for (let count = 0; count < 5; count++) await guess(core, 'wrong', address(count));
    const page = expectStep(await core.authorize(request(newPkce().query)), 'sign_in');
    const signIn = (password: string, index: number) =>
      core.protocol.authorization.signIn(
        page.interaction,
        { id: page.browser },
        { csrf: page.csrf, caller: { address: address(index) }, username: 'ALICE', password },
      );
    for (let count = 0; count < 5; count++) expect((await signIn('wrong', 10 + count)).do).toBe('sign_in');
    await expect(signIn('wonderland', 20)).rejects.toMatchObject({ failure: { code: 'too_many_attempts' } });
    expect((await guess(core, 'wonderland', address(21))).status).toBe(429);
    expect(core.passwords.count).toBe(10);
  });

  it('asks no password of an account that is locked, and no account of a password that is empty', async () => {
    const core = await startCore();
    for (let count = 0; count < 12; count++) await guess(core, '', address(count));
    expect(core.passwords.count).toBe(0);
    for (let count = 0; count < 12; count++) await guess(core, 'x', address(count));
    expect(core.passwords.count).toBe(10);
  });
});

describe('the secret of a client', () => {
  it('that a person chose is evaluated ten times in vain, on every endpoint that asks for one', async () => {
    const chosen = { ...app, secrets: [{ hash: await hashPassword('chosen') }] };
    const core = await startCore({ clients: [chosen] });
    const wrong = basic('app', 'x');
    const endpoints = [
      (secret: string) => core.token({ grant_type: 'client_credentials' }, secret),
      (secret: string) => core.introspect({ token: 'x' }, secret),
      (secret: string) => core.revoke({ token: 'x' }, secret),
    ];
    const statuses: number[] = [];
    for (let count = 0; count < 4; count++) {
      for (const endpoint of endpoints) statuses.push((await endpoint(wrong)).status);
    }
    expect(statuses).toEqual([...Array(10).fill(401), 429, 429]);
    expect(core.passwords.count).toBe(10);
    for (const endpoint of endpoints) expect((await endpoint(basic('app', 'chosen'))).status).toBe(429);
    expect(core.passwords.count).toBe(10);
  });

  it('is as hard to guess for a client that does not exist', async () => {
    const core = await startCore();
    const status = async () => (await core.token({ grant_type: 'password' }, basic('nobody', 'x'))).status;
    for (let count = 0; count < 10; count++) expect(await status()).toBe(401);
    expect(await status()).toBe(429);
  });
});

describe('counters that are away', () => {
  it('let nobody in: 503, and no password is evaluated', async () => {
    const away = () => Promise.reject(new DependencyUnavailable('redis', 'gone'));
    const core = await startCore({ counters: () => ({ hit: away, peek: away, forgive: away, reset: away }) });
    await expect(guess(core, 'wonderland', '192.0.2.1')).rejects.toThrow(DependencyUnavailable);
    expect(core.passwords.count).toBe(0);
  });
});
