import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/model/clock.ts';
import { CorruptRecord, DependencyUnavailable } from '../../src/model/failure.ts';
import { type Milliseconds, milliseconds } from '../../src/model/units.ts';
import type { Backend } from '../../src/stores/backend.ts';
import { redis } from '../../src/stores/redis.ts';
import type { Entry } from '../../src/stores/token_store.ts';
import { auditStoreContract, KEPT } from '../contract/audit_store.ts';
import { type BackendUnderTest, dependencies } from '../contract/backend_under_test.ts';
import { counterStoreContract } from '../contract/counter_store.ts';
import { documentSearchContract, userNamed } from '../contract/document_search.ts';
import { documentStoreContract } from '../contract/document_store.ts';
import { ALICE, HOSTILE_IDS, newGrant, newRef, oneOfEach, rotationOf } from '../contract/records.ts';
import { listenTo, tokenStoreContract, until } from '../contract/token_store.ts';
import { type RedisServer, startRedis } from '../support/redis_server.ts';
import { redisUnderTest } from './redis_under_test.ts';

const start = async (keepAudit?: Milliseconds): Promise<BackendUnderTest> => {
  const server = await startRedis();
  return redisUnderTest({ url: server.url }, () => server.stop(), keepAudit);
};
const open = (options: object): Promise<Backend> =>
  redis.create(redis.options.parse(options), dependencies(systemClock));

const answers = (backend: Backend): Promise<boolean> =>
  backend.ping().then(
    () => true,
    () => false,
  );

describe('redis', () => {
  tokenStoreContract(start);
  documentStoreContract(start);
  documentSearchContract(start);
  counterStoreContract(start);
  auditStoreContract(() => start(KEPT));
});

describe('redis: what is in the server', () => {
  let server: RedisServer;
  let backend: Backend;
  beforeAll(async () => {
    server = await startRedis(['--repl-diskless-sync-delay', '0']); // replicas need not wait for others to come
    backend = await open({ url: server.url });
  });
  afterAll(async () => {
    await backend?.close();
    await server?.stop();
  });
  beforeEach(() => server.client().flushall());

  it('lets no hostile id leave its namespace', async () => {
    const monitor = await server.client().monitor();
    const commands: string[][] = [];
    monitor.on('monitor', (_time: string, args: string[]) => commands.push(args));
    const record = oneOfEach(Date.now(), 'full').session;
    for (const id of HOSTILE_IDS) {
      const hostile = { tag: id, hash: id as never };
      await backend.tokens.put([{ kind: 'session', ref: hostile, record }]);
      await backend.tokens.get('session', hostile);
      await backend.tokens.take('access', hostile);
      await backend.tokens.revoke(hostile);
      await backend.counters.hit(id, milliseconds(60_000));
      await backend.documents.put('username', id, { id: 'x' });
      const user = { subject: id, username: id, connection: id, roles: [] };
      await backend.tokens.put(newGrant(Date.now(), { authorization: { ...ALICE, client: id, user } }).entries);
    }
    await server.client().echo('the end');
    await until(() => commands.some(([command]) => command === 'echo'));
    monitor.disconnect();
    const own =
      /^gh:(\{[A-Za-z0-9._~@%#-]+\}(:[rcsioa]:[A-Za-z0-9._~@%#-]+)?|\{[uc]:[A-Za-z0-9._~@%#-]+\}:[fs]|\{d:username\}:[vi]|\{n:[A-Za-z0-9._~@%#-]+\})$/;
    for (const key of await server.client().keys('*')) expect(key).toMatch(own);
    const touched = commands.flatMap(([command = '', first = '', second = '', ...more]) => {
      if (/^mget$/i.test(command)) return [first, second, ...more].filter((key) => key !== '');
      if (/^(get|set|del|getdel|zadd|zrem|hset|incr|pttl|pexpire|expireat)$/i.test(command)) return [first];
      return /^evalsha$/i.test(command) ? more.slice(0, Number(second)) : [];
    });
    expect(touched.length).toBeGreaterThan(HOSTILE_IDS.length * 8);
    for (const key of touched) expect(key).toMatch(own);
  });

  it('gives every key an expiry, documents apart', async () => {
    const grant = newGrant(Date.now());
    await backend.tokens.put(grant.entries);
    await backend.tokens.rotate(grant.ref, 0, rotationOf(grant).entries);
    await backend.tokens.put([{ kind: 'code', ref: newRef(), record: oneOfEach(Date.now(), 'full').code }]);
    await backend.counters.hit('x', milliseconds(1_000));
    const keys = await server.client().keys('*');
    expect(keys.length).toBe(5); // the grant with all its tokens, 2 listings, code, counter
    for (const key of keys) expect(await server.client().pttl(key)).toBeGreaterThan(0);
  });

  it('answers 503, not nonsense, for a corrupt record, and still ends its family and empties the caches', async () => {
    const grant = newGrant(Date.now());
    await backend.tokens.put(grant.entries);
    for (const corrupt of ['', '[]', '[2,0]', '{"a":1}', '[1,[]]', '[3,[]]', 'x'.repeat(99)]) {
      await server.client().set(`gh:{${grant.ref.tag}}`, corrupt);
      await expect(backend.tokens.get('family', grant.ref)).rejects.toThrow(CorruptRecord);
      await expect(backend.tokens.get('access', grant.refresh)).rejects.toThrow(CorruptRecord);
    }
    await expect(backend.tokens.rotate(grant.ref, 0, rotationOf(grant).entries)).rejects.toThrow(CorruptRecord);
    let resets = 0;
    const stop = backend.tokens.invalidation.subscribe({ invalidated: () => {}, reset: () => (resets += 1) });
    expect(await backend.tokens.revoke(grant.ref)).toBe(true);
    await until(() => resets === 1);
    expect(await backend.tokens.get('family', grant.ref)).toBeUndefined();
    stop();
  });

  it('finds what an older version has stored, whoever looks first, and whatever changes meanwhile', async () => {
    const other = await open({ url: server.url });
    const ids = Array.from({ length: 700 }, (_, at) => `old-${String(at).padStart(3, '0')}`);
    for (const id of ids) {
      await server.client().hset('gh:{d:user}:v', id, JSON.stringify(userNamed(id, { name: `Name ${id}` })));
      await server.client().zadd('gh:{d:user}:i', 0, id);
    }
    await server.client().hset('gh:{d:user}:v', 'old-001', '{');
    const gone = ids.slice(500, 600);
    const searched = (backend: Backend, text: string) =>
      until(() =>
        backend.documents.search('user', text, 1_000).then(
          () => true,
          (error: unknown) => {
            // Half an index would say that users are not there who are.
            expect(String(error)).toContain('index for searching');
            return false;
          },
        ),
      );
    await Promise.all([
      searched(backend, 'name'),
      searched(other, 'old'),
      ...gone.map((id) => other.documents.delete('user', id)),
      backend.documents.put('user', 'old-002', userNamed('old-002', { name: 'Changed' })),
    ]);
    const left = ids.filter((id) => !gone.includes(id) && id !== 'old-001');
    for (const { documents } of [backend, other]) {
      expect((await documents.search('user', 'old-', 1_000)).items.map(({ id }) => id)).toEqual(left);
      expect((await documents.search('user', 'name old-', 1_000)).items).toHaveLength(left.length - 1);
      expect((await documents.search('user', 'changed', 10)).items.map(({ id }) => id)).toEqual(['old-002']);
    }
    expect(await server.client().zcard('gh:{d:user}:w1')).toBe(left.length * 2 + 1); // two words each, and the mark
    // What nobody could read is found as soon as somebody has written it anew, and what is left of it is in nobody's way.
    await backend.documents.put('user', 'old-001', userNamed('old-001', { username: 'mended' }));
    await server.client().hset('gh:{d:user}:v', 'old-001', '{');
    await backend.documents.put('user', 'old-001', userNamed('old-001'));
    expect((await backend.documents.search('user', 'mended', 10)).items).toEqual([]);
    expect((await backend.documents.search('user', 'old-001', 10)).items).toHaveLength(1);
    await other.close();
  });

  it('keeps audit events for as long as it is told, and no more than it can hold', async () => {
    const short = await redis.create(
      redis.options.parse({ url: server.url }),
      dependencies(systemClock, undefined, milliseconds(200)),
    );
    const event = { actor: { kind: 'user', id: 'u1' }, via: 'api', action: 'users.delete', outcome: 'done' } as const;
    const append = () => short.audit.append({ ...event, at: milliseconds(Date.now()) });
    const kept = async () => (await server.client().xrange('gh:{a:audit}', '-', '+')).map(([id]) => id);
    for (let at = 0; at < 3; at += 1) await append();
    const old = await kept();
    expect(old).toHaveLength(3);
    await until(async () => (await short.audit.page({}, 10)).items.length === 0);
    // The server counts from when it got an event, which is a little later than when it happened.
    await until(async () => {
      await append();
      return !(await kept()).some((id) => old.includes(id));
    });
    await short.close();
  });

  it('answers 503, not 401, for a key that holds something else than a record', async () => {
    const [grant, good] = [newGrant(Date.now()), newGrant(Date.now())];
    const session = newRef();
    await backend.tokens.put(good.entries);
    await server.client().rpush(`gh:{${grant.ref.tag}}`, 'a list');
    await server.client().hset(`gh:{${session.tag}}:s:${session.hash}`, 'a', 'hash');
    const [token = newRef(), other = newRef()] = [...grant.access, ...good.access];
    const found = await Promise.allSettled([
      backend.tokens.get('access', token),
      backend.tokens.get('access', other),
      backend.tokens.get('access', newRef()),
      backend.tokens.get('session', session),
    ]);
    expect(found).toMatchObject([
      { reason: expect.any(CorruptRecord) },
      { value: { client: ALICE.client } },
      { status: 'fulfilled', value: undefined },
      { reason: expect.any(CorruptRecord) },
    ]);
    await expect(backend.tokens.take('session', session)).rejects.toThrow(DependencyUnavailable);
  });

  it("asks once for all of one turn of the event loop and writes in a few batches, and what is wrong with one is that one's alone", async () => {
    const grants = Array.from({ length: 60 }, () => newGrant(Date.now()));
    const { commands, stop } = await watch();
    await Promise.all(grants.map((grant) => backend.tokens.put(grant.entries)));
    await server.client().set(`gh:{${grants[7]?.ref.tag}}`, 'corrupt');
    const found = await Promise.allSettled(
      grants
        .flatMap(({ access: [token = newRef()] }) => [token, token])
        .map(async (it) => backend.tokens.get('access', it)),
    );
    for (const [at, outcome] of found.entries()) {
      if (Math.floor(at / 2) === 7) expect(outcome).toMatchObject({ reason: expect.any(CorruptRecord) });
      else expect(outcome).toMatchObject({ value: { client: ALICE.client } });
    }
    await Promise.all(Array.from({ length: 60 }, (_, at) => backend.counters.peek(`k${at % 30}`)));
    await stop();
    const [mgets, scripts] = [/^mget$/i, /^evalsha$/i].map((name) => commands.filter(([it = '']) => name.test(it)));
    // In a batch of 60 a server that does not know a script yet is sent it by text.
    expect(mgets).toHaveLength(1);
    expect(mgets?.[0]).toHaveLength(61);
    // Four for the grants, sixteen at a time, and one for the counters.
    expect(scripts).toHaveLength(5);
  });

  it('gives up a whole batch within the budget, and bounds its size', async () => {
    const { commands, stop } = await watch();
    await Promise.all(Array.from({ length: 1_100 }, () => backend.tokens.get('access', newRef())));
    await stop();
    expect(commands.filter(([name = '']) => /^mget$/i.test(name)).map((keys) => keys.length - 1)).toEqual([
      512, 512, 76,
    ]);
    server.pause();
    const began = performance.now();
    const asked = Array.from({ length: 100 }, async () => backend.tokens.get('access', newRef()));
    const outcomes = await Promise.allSettled(asked);
    server.resume();
    expect(performance.now() - began).toBeLessThan(400);
    for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: expect.any(DependencyUnavailable) });
  });

  it('keeps two families apart that happen to have one tag', async () => {
    const [one, other] = [newGrant(Date.now()), newGrant(Date.now())];
    const ref = { tag: one.ref.tag, hash: other.ref.hash };
    const entries = other.entries.map((it) => ({ ...it, ref: { ...it.ref, tag: one.ref.tag } }));
    await Promise.all([backend.tokens.put(one.entries), backend.tokens.put(entries)]);
    expect(await backend.tokens.get('family', one.ref)).toEqual(one.family);
    expect(await backend.tokens.get('family', ref)).toEqual(other.family);
    expect(await backend.tokens.rotate(one.ref, 0, rotationOf(one).entries)).toBe(true);
    expect(await backend.tokens.revoke(one.ref)).toBe(true);
    expect(await backend.tokens.get('family', one.ref)).toBeUndefined();
    expect(await backend.tokens.get('family', ref)).toEqual(other.family);
  });

  it('gives a refresh token that its family lists no longer a key of its own, so that a grant does not grow', async () => {
    const grant = newGrant(Date.now());
    await backend.tokens.put(grant.entries);
    const rotation = rotationOf(grant);
    const family = { ...rotation.family, refresh: rotation.family.refresh.slice(-1) };
    const entries = rotation.entries.map((it): Entry => (it.kind === 'family' ? { ...it, record: family } : it));
    expect(await backend.tokens.rotate(grant.ref, 0, entries)).toBe(true);
    expect(await server.client().keys('*:r:*')).toHaveLength(1);
    const before = { family: grant.family.id, generation: 0, expiresAt: grant.family.expiresAt };
    expect(await backend.tokens.get('refresh', grant.refresh)).toEqual(before);
    expect(await backend.tokens.take('refresh', grant.refresh)).toEqual(before);
    expect(await backend.tokens.get('refresh', grant.refresh)).toBeUndefined();
  });

  /** Every command that the server gets from now on. @returns also a function that waits for all of them. */
  async function watch() {
    const monitor = await server.client().monitor();
    const commands: string[][] = [];
    monitor.on('monitor', (_time: string, args: string[]) => commands.push(args));
    const stop = async (): Promise<void> => {
      const end = newRef().hash;
      await server.client().echo(end);
      await until(() => commands.some(([, text]) => text === end));
      monitor.disconnect();
    };
    return { commands, stop };
  }

  it('keeps revoking when the server is out of memory, and writes nothing by halves', async () => {
    const grant = newGrant(Date.now(), { tokens: 2 });
    await backend.tokens.put(grant.entries);
    await server.client().config('SET', 'maxmemory', '1');
    try {
      const other = newGrant(Date.now());
      await expect(backend.tokens.put(other.entries)).rejects.toThrow(/redis is unavailable: it answered OOM/);
      await expect(backend.tokens.rotate(grant.ref, 0, rotationOf(grant).entries)).rejects.toThrow(
        DependencyUnavailable,
      );
      expect(await backend.tokens.get('family', grant.ref)).toEqual(grant.family);
      const [first] = grant.access;
      if (first === undefined) throw new Error('a grant has an access token');
      expect(await backend.tokens.take('access', first)).toBeDefined();
      const announced = listenTo(backend.tokens);
      expect(await backend.tokens.revoke(grant.ref)).toBe(true);
      await announced.exactly(grant.access, []);
      expect(await server.client().keys('*:[arf]:*')).toEqual([]);
    } finally {
      await server.client().config('SET', 'maxmemory', '0');
    }
  });

  it('works on after the server has forgotten its scripts', async () => {
    await server.client().script('FLUSH');
    const grant = newGrant(Date.now());
    await backend.tokens.put(grant.entries);
    expect(await backend.tokens.get('family', grant.ref)).toEqual(grant.family);
  });

  it('confirms a revocation only once replicas have it, if they must', async () => {
    const careful = await open({ url: server.url, wait_replicas: 1 });
    const replica = await startRedis([
      '--replicaof',
      server.host,
      String(server.port),
      '--repl-diskless-sync-delay',
      '0',
    ]);
    try {
      await until(async () => (await server.client().info('replication')).includes('state=online'));
      // A replica that has just come online may need longer than the budget for its first answers.
      await until(async () => {
        const first = newGrant(Date.now());
        await careful.tokens.put(first.entries);
        return careful.tokens.revoke(first.ref).catch(() => false);
      });
      const second = newGrant(Date.now());
      await careful.tokens.put(second.entries);
      replica.pause();
      await expect(careful.tokens.revoke(second.ref)).rejects.toThrow(/too few replicas/);
    } finally {
      await careful.close();
      await replica.stop();
    }
  });
});

describe('redis: when the server is away', () => {
  let server: RedisServer;
  let backend: Backend;
  beforeEach(async () => {
    server = await startRedis(['--requirepass', 'a-secret-password']);
    backend = await open({ url: server.url, password: 'a-secret-password' });
  });
  afterEach(async () => {
    await backend.close();
    await server.stop();
  });

  /** Every method, told about this grant. */
  const calls = (grant: ReturnType<typeof newGrant>): Record<string, () => unknown> => ({
    get: () => backend.tokens.get('access', grant.refresh),
    put: () => backend.tokens.put(grant.entries),
    take: () => backend.tokens.take('code', grant.refresh),
    'take access': () => backend.tokens.take('access', grant.refresh),
    rotate: () => backend.tokens.rotate(grant.ref, 0, rotationOf(grant).entries),
    revoke: () => backend.tokens.revoke(grant.ref),
    families: () => backend.tokens.families({ of: 'user', id: 'u-alice' }, 10),
    'get document': () => backend.documents.get('username', grant.ref.hash),
    'put document': () => backend.documents.put('username', grant.ref.hash, { id: grant.ref.hash }),
    'delete document': () => backend.documents.delete('username', grant.ref.hash),
    list: () => backend.documents.list('client', 10),
    hit: () => backend.counters.hit(grant.ref.hash, milliseconds(1_000)),
    ping: () => backend.ping(),
  });

  it.each(['frozen', 'killed'] as const)('answers every call within 250 ms, and tells nothing (%s)', async (how) => {
    const grant = newGrant(Date.now());
    if (how === 'frozen') server.pause();
    else await server.kill();
    const secrets = [grant.ref.tag, grant.ref.hash, grant.refresh.hash, 'u-alice', 'a-secret-password'];
    await Promise.all(
      Object.entries(calls(grant)).map(async ([name, call]) => {
        const began = performance.now();
        const failure = await Promise.resolve(call()).then(
          () => 'no failure',
          (error: unknown) => error,
        );
        expect([name, failure]).toEqual([name, expect.any(DependencyUnavailable)]);
        expect(performance.now() - began).toBeLessThan(400);
        const told = [
          String(failure),
          (failure as Error).stack,
          JSON.stringify(failure),
          inspect(failure, { depth: 9, showHidden: true }),
        ];
        for (const secret of secrets) expect(told.join('\n')).not.toContain(secret);
      }),
    );
  });

  it('waits for as long as the configuration allows, and no longer', async () => {
    const patient = await open({ url: server.url, password: 'a-secret-password', command_timeout: '600ms' });
    server.pause();
    const began = performance.now();
    await expect(patient.counters.hit('patient', milliseconds(1_000))).rejects.toThrow('no answer within 600 ms');
    expect(performance.now() - began).toBeGreaterThan(590);
    expect(performance.now() - began).toBeLessThan(900);
    await patient.close();
  });

  it.each(['frozen', 'killed'] as const)(
    'is back by itself, and says that caches must be emptied (%s)',
    async (how) => {
      const stream = backend.tokens.invalidation;
      let resets = 0;
      stream.subscribe({ invalidated: () => {}, reset: () => (resets += 1) });
      const grant = newGrant(Date.now());
      await backend.tokens.put(grant.entries);
      expect(stream.up).toBe(true);
      if (how === 'frozen') server.pause();
      else await server.kill();
      await until(() => !stream.up);
      const asked = await Promise.resolve(backend.tokens.get('family', grant.ref)).catch((error: unknown) => error);
      expect(asked).toBeInstanceOf(DependencyUnavailable);
      if (how === 'frozen') server.resume();
      else await server.restart();
      const began = performance.now();
      await until(
        async () =>
          (await Promise.resolve(backend.tokens.get('family', grant.ref)).catch(() => undefined)) !== undefined,
      );
      await until(() => stream.up && resets > 0);
      await backend.ping();
      expect(performance.now() - began).toBeLessThan(5_000);
    },
  );

  it('does not do later what it has reported as not done', async () => {
    const code = oneOfEach(Date.now(), 'full').code;
    const ref = newRef();
    await backend.tokens.put([{ kind: 'code', ref, record: code }]);
    await server.kill();
    await expect(backend.tokens.take('code', ref)).rejects.toThrow(DependencyUnavailable);
    await server.restart();
    await until(async () => answers(backend));
    expect(await backend.tokens.get('code', ref)).toEqual(code);
  });

  it('starts without the server and finds it when it comes', async () => {
    await server.kill();
    const early = await open({ url: server.url, password: 'a-secret-password' });
    await expect(early.ping()).rejects.toThrow(DependencyUnavailable);
    expect(early.tokens.invalidation.up).toBe(false);
    await server.restart();
    await until(async () => early.tokens.invalidation.up && (await answers(early)));
    await early.close();
  });
});

describe('redis: options', () => {
  const problems = (options: object): string[] =>
    redis.options.safeParse(options).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];

  it('wants exactly one way to find Redis', () => {
    expect(problems({ url: 'redis://h/0' })).toEqual([]);
    expect(problems({ sentinels: ['h:1', '[::1]:2'], master: 'm' })).toEqual([]);
    expect(problems({ cluster: ['h:1'], tls: true })).toEqual([]);
    expect(problems({})).toEqual([expect.stringContaining('exactly one')]);
    expect(problems({ url: 'redis://h', cluster: ['h:1'] })).toEqual([expect.stringContaining('exactly one')]);
    expect(problems({ sentinels: ['h:1'] })).toEqual([expect.stringContaining('name of the master')]);
    expect(problems({ url: 'redis://h', master: 'm' })).toEqual([expect.stringContaining('belongs to sentinels')]);
    expect(problems({ url: 'http://h' })).toEqual([expect.stringContaining('must be a URL')]);
    expect(problems({ cluster: ['h'] })).toEqual([expect.stringContaining('host:port')]);
  });
});
