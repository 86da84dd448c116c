/*
 * Ids that are no ids: user names, clients, tags and keys with colons, braces, spaces, line ends, NUL, Redis's own patterns and
 * commands, lone surrogates. None may name a key outside its own namespace, or the same key as another id,
 * or another slot of a Cluster. Redis itself tells (MONITOR) which keys it was asked for.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../src/model/clock.ts';
import { milliseconds } from '../../src/model/units.ts';
import type { Backend } from '../../src/stores/backend.ts';
import { redis } from '../../src/stores/redis.ts';
import { dependencies } from '../contract/backend_under_test.ts';
import { ALICE, HOSTILE_IDS, newGrant, oneOfEach } from '../contract/records.ts';
import { isLong, measured } from '../support/measured.ts';
import { type RedisServer, startRedis } from '../support/redis_server.ts';

const IDS = isLong() ? 10_000 : 1_500;
const AT_ONCE = 10;
/** Longer ones are among the pieces; many of them only take time. */
const LONGEST = 2_000;
const PIECES = [
  ...HOSTILE_IDS,
  ...[
    ':',
    '{',
    '}',
    '{}',
    '}:{',
    '%',
    '%3A',
    '#',
    '*',
    '?',
    '[a]',
    '\\',
    '/',
    ' ',
    '\t',
    '\r\n',
    '\0',
    '\x7f',
    '$6\r\nFLUSHALL\r\n',
  ],
  ...[
    'gh',
    'gh:',
    'gh:{',
    '{u:',
    '{n:',
    '{d:',
    ':v',
    ':i',
    ':f',
    ':r:',
    '\ud800',
    '\udfff',
    'é',
    'e\u0301',
    '😀',
    '\u202e',
    'a',
    'A',
    '0',
  ],
];
const OWN =
  /^gh:(\{[A-Za-z0-9._~@%#-]+\}(:[rcsio]:[A-Za-z0-9._~@%#-]+)?|\{[uc]:[A-Za-z0-9._~@%#-]+\}:f|\{u:[A-Za-z0-9._~@%#-]+\}:s|\{d:username\}:[vi]|\{n:[A-Za-z0-9._~@%#-]+\})$/;

let server: RedisServer;
let backend: Backend;
beforeAll(async () => {
  server = await startRedis(['--appendonly', 'no']);
  backend = await redis.create(redis.options.parse({ url: server.url }), dependencies(systemClock));
});
afterAll(async () => {
  await backend.close();
  await server.stop();
});

/** Different ids: pieces in every number and order, by a generator that does the same each time. */
function hostileIds(count: number): string[] {
  let state = 20_261_121;
  const next = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const ids = new Set(HOSTILE_IDS);
  while (ids.size < count) {
    const pieces = Array.from({ length: 1 + next(5) }, () => PIECES[next(PIECES.length)] ?? '');
    const id = pieces.join('').repeat(next(20) === 0 ? 40 : 1);
    if (id !== '' && id.length <= LONGEST) ids.add(id);
  }
  return [...ids];
}

it(
  `E9: ${IDS} of them keep to their namespaces, and apart from each other`,
  async () => {
    const ids = hostileIds(IDS);
    const monitor = await server.client().monitor();
    const outside: string[] = [];
    const commands = new Map<string, number>();
    let touched = 0;
    const ended = new Promise<void>((resolve) => {
      monitor.on('monitor', (_time: string, [command = '', ...rest]: string[]) => {
        const name = command.toLowerCase();
        commands.set(name, (commands.get(name) ?? 0) + 1);
        if (name === 'echo') resolve();
        for (const key of keysOf(name, rest)) {
          touched += 1;
          if (!OWN.test(key)) outside.push(key);
        }
      });
    });
    const record = oneOfEach(Date.now(), 'full').session;
    for (let at = 0; at < ids.length; at += AT_ONCE) {
      await Promise.all(
        ids.slice(at, at + AT_ONCE).map(async (id) => {
          const hostile = { tag: id, hash: id as never };
          await backend.tokens.put([{ kind: 'session', ref: hostile, record }]);
          expect(await backend.tokens.get('session', hostile)).toEqual(record);
          await backend.tokens.revoke(hostile);
          expect((await backend.counters.hit(id, milliseconds(600_000))).count).toBe(1);
          const user = { subject: id, username: id, connection: id, roles: [] };
          await backend.tokens.put(newGrant(Date.now(), { authorization: { ...ALICE, client: id, user } }).entries);
          expect(await backend.tokens.families({ of: 'user', id }, 10)).toHaveLength(1);
        }),
      );
    }
    await server.client().echo('the end');
    await ended;
    monitor.disconnect();
    expect(outside).toEqual([]);
    expect([...commands.keys()].filter((it) => ['flushall', 'config', 'keys', 'debug'].includes(it))).toEqual([]);
    expect(touched).toBeGreaterThan(IDS * 6);
    // Session, counter, two listings and a grant for each: no two ids share one. The sessions are all of one user, who has one listing.
    expect(await server.client().dbsize()).toBe(IDS * 5 + 1);
    measured({
      id: 'E9',
      what: `keys outside their namespace, of ${touched} that hostile ids led to`,
      count: IDS,
      max: outside.length,
      unit: 'keys',
    });
  },
  isLong() ? 120_000 : 20_000,
);

function keysOf(command: string, rest: readonly string[]): readonly string[] {
  if (command === 'mget' || command === 'del') return rest;
  if (/^(get|set|getdel|zadd|zrem|hset|incr|pttl|pexpire|expireat|zrevrangebyscore)$/.test(command))
    return rest.slice(0, 1);
  return command === 'evalsha' || command === 'eval' ? rest.slice(2, 2 + Number(rest[1])) : [];
}
