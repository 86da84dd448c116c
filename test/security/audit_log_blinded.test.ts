/*
 * The audit log is made useless to those who would look into it: one event that cannot be read (bits rotted, or somebody wrote there)
 * keeps every page with it from being seen, which hides what was done around it; or sign-ins in vain, which anybody can cause from
 * anywhere, push out of a store of a bounded size what operators did; or an auditor does, with what they try and may not do.
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAuditBound } from '../../src/admin/audit_bound.ts';
import type { AuditEntry } from '../../src/model/audit.ts';
import { milliseconds } from '../../src/model/units.ts';
import { createSignInNotes } from '../../src/oauth/sign_in_notes.ts';
import type { Backend } from '../../src/stores/backend.ts';
import { embedded } from '../../src/stores/embedded.ts';
import { redis as redisStore } from '../../src/stores/redis.ts';
import { startConsole } from '../console/console_under_test.ts';
import { PageClient } from '../http/page_client.ts';
import { ManualClock } from '../support/manual_clock.ts';
import { type RedisServer, startRedis } from '../support/redis_server.ts';

const GARBAGE = [
  ...[
    '',
    'x',
    '{}',
    'null',
    '[]',
    '{"at":1e300,"actor":{"kind":"user","id":"u"},"via":"api","action":"a","outcome":"done"}',
  ],
  ...['{"at":"now"}', '\u0000', '{"__proto__":{}}', '9'.repeat(500)],
];
const entry = (id: string): AuditEntry => ({
  at: milliseconds(Date.now()),
  actor: { kind: 'user', id },
  via: 'api',
  action: 'users.delete',
  outcome: 'done',
});

describe.each(['embedded', 'redis'] as const)('an event that cannot be read, in the store %s', (type) => {
  const reported: string[] = [];
  let backend: Backend;
  let plant: (text: string) => Promise<unknown>;
  const undo: (() => unknown)[] = [];

  beforeAll(async () => {
    const clock = { now: () => milliseconds(Date.now()), monotonic: () => milliseconds(performance.now()) };
    const directory = await mkdtemp(join(tmpdir(), 'audit-'));
    undo.push(() => rm(directory, { recursive: true }));
    const report = (event: string, detail?: object) => void reported.push(`${event} ${JSON.stringify(detail)}`);
    if (type === 'redis') {
      const server: RedisServer = await startRedis();
      undo.push(() => server.stop());
      const prefix = randomUUID().slice(0, 8);
      backend = await redisStore.create(redisStore.options.parse({ url: server.url, key_prefix: prefix }), {
        clock,
        directory,
        report,
      });
      await backend.audit.append(entry('first'));
      const [key = ''] = await server.client().keys(`*${prefix}*audit*`);
      plant = (text) => server.client().xadd(key, '*', 'e', text);
    } else {
      backend = await embedded.create({ path: 'x.db' }, { clock, directory, report });
      await backend.audit.append(entry('first'));
      const raw = new DatabaseSync(join(directory, 'x.db'));
      undo.push(() => raw.close());
      const insert = raw.prepare("INSERT INTO audit (at, actor, value) VALUES (?, 'x', ?)");
      plant = async (text) => insert.run(Date.now(), text);
    }
    undo.push(() => backend.close());
  });
  afterAll(async () => {
    for (const each of undo.reverse()) await each();
  });

  it('is seen as one, between all others, is told of, and can be paged past', async () => {
    for (const text of GARBAGE) await plant(text);
    await backend.audit.append(entry('last'));
    const { items } = await backend.audit.page({}, 100);
    expect(items.map(({ action }) => action)).toEqual([
      'users.delete',
      ...GARBAGE.map(() => 'audit.unreadable'),
      'users.delete',
    ]);
    for (const { at } of items) expect(() => new Date(at).toISOString()).not.toThrow();
    expect(reported.filter((it) => !it.startsWith('store_'))).toEqual([
      `corrupt_record {"kind":"audit_event","count":${GARBAGE.length}}`,
    ]);

    const seen: string[] = [];
    for (let before: string | undefined, pages = 0; pages === 0 || before !== undefined; pages++) {
      const page = await backend.audit.page({}, 1, before);
      seen.push(...page.items.map(({ id }) => id));
      before = page.next;
    }
    expect(seen).toEqual(items.map(({ id }) => id));
    expect((await backend.audit.page({ action: 'users.' }, 100)).items).toHaveLength(2);
    expect((await backend.audit.page({ actor: 'last' }, 100)).items).toHaveLength(1);
  });
});

describe('a flood of what an auditor tries and may not do', () => {
  it('leaves little in the log, beside what others do', async () => {
    const gate = await startConsole();
    const as = await gate.token({ subject: 'u-auditor', username: 'auditor' });
    for (let count = 0; count < 100; count++) {
      expect((await gate.call('DELETE', `/clients/shop-${count}`, { as })).status).toBe(403);
    }
    const made = await gate.call('POST', '/clients', { body: { name: 'Shop', grants: ['client_credentials'] } });
    expect(made.status).toBe(201);
    expect((await gate.call('DELETE', '/clients/nobody')).status).toBe(404);
    const told = await gate.audited();
    const by = (id: string) => told.filter(({ actor }) => actor.id === id).map(({ outcome }) => outcome);
    expect(by('u-auditor')).toEqual(Array(60).fill('refused'));
    expect(by('u-admin')).toEqual(['refused', 'done']);
  });

  it('is told of each anew in the next minute and on the next day, and what is withheld is counted', () => {
    const clock = new ManualClock();
    let withheld = 0;
    const mayNote = createAuditBound({ clock, withheld: () => withheld++ });
    const told = (id: string) =>
      Array.from({ length: 100 }, () => mayNote({ kind: 'user', id })).filter(Boolean).length;
    expect([told('a'), told('b'), told('a'), withheld]).toEqual([60, 60, 0, 180]);
    let today = 60;
    for (let minute = 1; minute < 1_440; minute++) {
      clock.advance(60_000);
      today += told('a');
    }
    expect(today).toBe(500);
    clock.advance(60_000);
    expect(told('a')).toBe(60);
  });
});

describe('a flood of sign-ins in vain', () => {
  it('does not fill in weeks what is to be kept for a year', () => {
    const clock = new ManualClock();
    const written: AuditEntry[] = [];
    const notes = createSignInNotes({ note: (it) => written.push(it), clock });
    for (let hour = 0; hour < 72; hour++, clock.advance(3_600_000)) {
      for (let count = 0; count < 2_500; count++)
        notes.lockedOut({ username: `${hour}.${count}`, address: '192.0.2.1' });
    }
    return Promise.resolve().then(() => {
      expect(written.length).toBeGreaterThan(20_000);
      expect(written.length).toBeLessThanOrEqual(40_000);
    });
  });

  it('at the console is one event for each user and minute, and whoever comes in is one event, not two', async () => {
    const gate = await startConsole();
    const signIn = async (username: string, password: string) => {
      const browser = new PageClient(gate.url);
      return (await browser.submit(await browser.get('/sign-in'), '/sign-in', { username, password })).status;
    };
    for (let count = 0; count < 3; count++) {
      expect(await signIn('auditor', 'wrong')).toBe(422);
      expect(await signIn('alice', 'wonderland')).toBe(403);
    }
    expect(await signIn('admin', 'looking-glass')).toBe(303);
    const told = [...(await gate.audited()), ...gate.noted.filter(({ via }) => via !== 'console')];
    expect(told.map(({ action, outcome, actor }) => `${action} ${outcome} ${actor.id}`).sort()).toEqual([
      'console.sign_in done u-admin',
      'console.sign_in refused u-alice',
      'console.sign_in refused u-auditor',
    ]);
  });
});
