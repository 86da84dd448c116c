/**
 * Threat: a cursor or a search that was made up, or belongs to another list, makes a store fail, or shows what the list itself would not:
 * texts that mean something to Redis or SQLite, bytes that are no text, names that only look alike.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listAudit } from '../../src/admin/audit.ts';
import { createClient, listClients } from '../../src/admin/clients.ts';
import { AdminProblem } from '../../src/admin/problem.ts';
import { listGrants } from '../../src/admin/tokens.ts';
import { listConsents, listDevices, listSessions } from '../../src/admin/user_belongings.ts';
import { createUser, listUsers } from '../../src/admin/users.ts';
import { systemClock } from '../../src/model/clock.ts';
import { embedded } from '../../src/stores/embedded.ts';
import { redis } from '../../src/stores/redis.ts';
import {
  type AdministrationUnderTest,
  identity,
  startAdministration,
  WONDERLAND,
} from '../admin/administration_under_test.ts';
import { dependencies } from '../contract/backend_under_test.ts';
import { type RedisServer, startRedis } from '../support/redis_server.ts';

/** They fold alike, but for the last two. */
const ALIKE = ['alice', 'ALICE', 'aLiCe', 'Ａlice', 'a\u0308lice'];
const EVIL = [
  '[',
  '(',
  '+',
  '-',
  '\xff',
  '\u{10ffff}',
  '\0',
  '~',
  '!',
  ' ',
  '\ud800',
  'gh:{d:user}:v',
  '%',
  '_',
  '*',
  "' OR 1=1 --",
];

describe.each(['embedded', 'redis'])('lists in %s', (store) => {
  let server: RedisServer | undefined;
  let folder: string;
  let under: AdministrationUnderTest;
  let cursors: string[];
  beforeAll(async () => {
    const started = store === 'redis' ? await startRedis() : undefined;
    server = started;
    folder = await mkdtemp(join(tmpdir(), 'gatehouse-'));
    const path = join(folder, 'gatehouse.db');
    under = await startAdministration(async () => {
      const backend = await (started
        ? redis.create(redis.options.parse({ url: started.url }), dependencies(systemClock))
        : embedded.create(embedded.options.parse({ path }), dependencies(systemClock)));
      return { backend, clock: systemClock, stop: () => backend.close() };
    });
    for (const [at, name] of ALIKE.entries()) {
      await under.ask(createUser, { id: `u-${at}`, username: `user-${at}`, name, password_hash: WONDERLAND });
      await under.ask(createClient, { id: `c-${at}`, name, grants: ['client_credentials'] });
      await under.grant({ client: `c-${at}`, user: identity('u-0'), device: name });
      await under.session(identity('u-0'));
      await under.admin.consents.remember('u-0', `c-${at}`, ['write']);
    }
    const pages = await Promise.all(lists({ limit: 1 }).map((list) => list()));
    cursors = pages.flatMap(({ next }) => next ?? []);
  });
  afterAll(async () => {
    await under.close();
    await server?.stop();
    await rm(folder, { recursive: true });
  });

  const lists = (paging: { limit?: number; after?: string }) => [
    () => under.ask(listClients, paging),
    () => under.ask(listClients, { ...paging, search: 'a' }),
    () => under.ask(listUsers, paging),
    () => under.ask(listUsers, { ...paging, search: 'alice' }),
    () => under.ask(listGrants, { ...paging, user: 'u-0' }),
    () => under.ask(listConsents, { ...paging, id: 'u-0' }),
    () => under.ask(listSessions, { ...paging, id: 'u-0' }),
    () => under.ask(listDevices, { ...paging, id: 'u-0' }),
    () => under.ask(listAudit, paging),
  ];

  it('go on anywhere, or say that the cursor is none, whatever it is', async () => {
    expect(cursors.length).toBeGreaterThan(6);
    const made = fc.sample(fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }), 40);
    for (const after of [...cursors, ...EVIL, ...made, 'x'.repeat(2_048)]) {
      const outcomes = await Promise.allSettled(lists({ after }).map((list) => list()));
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') expect(outcome.reason).toSatisfy(isInvalid);
      }
    }
  });

  it('show in a search what is in the list, and of that what begins so', async () => {
    const all = (await under.ask(listUsers, { limit: 200 })).items.map(({ id }) => id);
    const made = fc.sample(fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }), 40);
    for (const search of [...EVIL, ...made, 'x'.repeat(256)]) {
      const found = (await under.ask(listUsers, { search, limit: 200 })).items.map(({ id }) => id);
      expect(all).toEqual(expect.arrayContaining(found));
    }
    for (const search of ['alice', 'ALICE']) {
      const pages: string[] = [];
      for (let after: string | undefined, more = true; more; more = after !== undefined) {
        const { items, next } = await under.ask(listUsers, { search, limit: 1, ...(after !== undefined && { after }) });
        pages.push(...items.map(({ id }) => id));
        after = next;
      }
      expect(pages).toEqual(['u-0', 'u-1', 'u-2']);
    }
  });
});

const isInvalid = (error: unknown): boolean => error instanceof AdminProblem && error.type === 'invalid';
