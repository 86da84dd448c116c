import { fork } from 'node:child_process';
import { on } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CorruptRecord, DependencyUnavailable } from '../../src/model/failure.ts';
import type { Milliseconds } from '../../src/model/units.ts';
import type { Backend } from '../../src/stores/backend.ts';
import { embedded } from '../../src/stores/embedded.ts';
import { auditStoreContract, KEPT } from '../contract/audit_store.ts';
import { type BackendUnderTest, dependencies } from '../contract/backend_under_test.ts';
import { counterStoreContract } from '../contract/counter_store.ts';
import { documentSearchContract, userNamed } from '../contract/document_search.ts';
import { documentStoreContract } from '../contract/document_store.ts';
import { newGrant, rotationOf } from '../contract/records.ts';
import { listenTo, tokenStoreContract, until } from '../contract/token_store.ts';
import { ManualClock } from '../support/manual_clock.ts';

const temporary = (): string => mkdtempSync(join(tmpdir(), 'gatehouse-embedded-'));

async function start(keepAudit?: Milliseconds): Promise<BackendUnderTest> {
  const clock = new ManualClock();
  const directory = temporary();
  return {
    clock,
    open: () => embedded.create({ path: 'data/test.db' }, dependencies(clock, directory, keepAudit)),
    elapse: async (time) => clock.advance(time),
    stop: async () => rmSync(directory, { recursive: true }),
  };
}

describe('embedded', () => {
  tokenStoreContract(start);
  documentStoreContract(start);
  documentSearchContract(start);
  counterStoreContract(start);
  auditStoreContract(() => start(KEPT));

  describe('the file', () => {
    let directory: string;
    let file: string;
    let clock: ManualClock;
    let backend: Backend;
    const open = (): Promise<Backend> => embedded.create({ path: file }, dependencies(clock, directory));

    beforeEach(async () => {
      directory = temporary();
      file = join(directory, 'sub', 'gatehouse.db');
      clock = new ManualClock();
      backend = await open();
    });
    afterEach(async () => {
      await backend.close();
      rmSync(directory, { recursive: true });
    });

    /** Changes the file behind the store's back. */
    const tamper = (sql: string): unknown => {
      const raw = new DatabaseSync(file);
      const row = raw.prepare(sql).get();
      raw.close();
      return row;
    };

    it('is readable for its owner only, side files included', async () => {
      await backend.tokens.put(newGrant(clock.now()).entries);
      for (const suffix of ['', '-wal', '-shm']) expect(statSync(file + suffix).mode & 0o777).toBe(0o600);
      expect(statSync(join(directory, 'sub')).mode & 0o777).toBe(0o700);
    });

    it('keeps everything over a restart', async () => {
      const grant = newGrant(clock.now());
      await backend.tokens.put(grant.entries);
      await backend.documents.put('username', 'users:alice', { id: 'u-alice' });
      await backend.close();
      backend = await open();
      expect(await backend.tokens.get('family', grant.ref)).toEqual(grant.family);
      expect(await backend.documents.get('username', 'users:alice')).toEqual({ id: 'u-alice' });
    });

    it('answers 503, not nonsense, for a record that is corrupt, and still ends its family', async () => {
      const grant = newGrant(clock.now(), { tokens: 2 });
      await backend.tokens.put(grant.entries);
      const [first, second] = grant.access;
      if (first === undefined || second === undefined) throw new Error('a grant with two tokens');
      tamper(`UPDATE records SET value = '[1,"f",1,2]' WHERE hash = '${first.hash}'`);
      tamper(`UPDATE records SET value = '{"__proto__":1' WHERE kind = 'family'`);
      expect(() => backend.tokens.get('access', first)).toThrow(CorruptRecord);
      expect(() => backend.tokens.get('family', grant.ref)).toThrow(CorruptRecord);
      await expect(backend.tokens.rotate(grant.ref, 0, rotationOf(grant).entries)).rejects.toThrow(CorruptRecord);
      const announced = listenTo(backend.tokens);
      expect(await backend.tokens.revoke(grant.ref)).toBe(true);
      await announced.exactly([first, second], [grant.refresh]);
      for (const token of grant.access) expect(await backend.tokens.get('access', token)).toBeUndefined();
    });

    it('refuses a file of a newer version, or one that is no database', async () => {
      await backend.close();
      tamper('PRAGMA user_version = 99');
      await expect(open()).rejects.toThrow(/newer version/);
      await expect(embedded.create({ path: '/dev/null/x.db' }, dependencies(clock, directory))).rejects.toBeInstanceOf(
        DependencyUnavailable,
      );
    });

    it('sweeps what has expired, in bounded steps, and nothing else', async () => {
      const old = Array.from({ length: 250 }, () => newGrant(clock.now(), { life: 1 }));
      for (const grant of old) await backend.tokens.put(grant.entries);
      const kept = newGrant(clock.now(), { life: 100 });
      await backend.tokens.put(kept.entries);
      clock.advance(1_000);
      await until(
        () => Number((tamper('SELECT count(*) AS n FROM records') as { n: number }).n) === kept.entries.length,
      );
      await until(() => Number((tamper('SELECT count(*) AS n FROM listings') as { n: number }).n) === 2);
      expect(await backend.tokens.get('family', kept.ref)).toEqual(kept.family);
    });

    it('lets nobody change what was done, nor take it away before its time', async () => {
      const event = { actor: { kind: 'user', id: 'u1' }, via: 'api', action: 'users.delete', outcome: 'done' } as const;
      const written = await backend.audit.append({ ...event, at: clock.now() });
      for (const sql of [
        "UPDATE audit SET value = '{}'",
        "UPDATE audit SET actor = 'somebody else'",
        'DELETE FROM audit',
        "INSERT OR REPLACE INTO audit (seq, at, actor, value) VALUES (1, 1, 'x', '{}')",
        "REPLACE INTO audit (seq, at, actor, value) SELECT seq, at, 'x', '{}' FROM audit",
        'DELETE FROM audit WHERE at < 1',
      ]) {
        const raw = new DatabaseSync(file);
        expect(() => raw.exec(sql), sql).toThrow();
        raw.close();
      }
      expect((await backend.audit.page({}, 10)).items).toEqual([written]);
      clock.advance(364 * 86_400_000);
      const late = await backend.audit.append({ ...event, at: clock.now() });
      expect((await backend.audit.page({}, 10)).items).toEqual([late, written]);
      clock.advance(2 * 86_400_000);
      await until(() => Number((tamper('SELECT count(*) AS n FROM audit') as { n: number }).n) === 1);
      expect((await backend.audit.page({}, 10)).items).toEqual([late]);
    });

    it('looks at a bounded number of events, and goes on where it stopped', async () => {
      const actor = (id: string) => ({ actor: { kind: 'user', id }, via: 'api', outcome: 'done' }) as const;
      const append = (action: string, id: string) => backend.audit.append({ ...actor(id), action, at: clock.now() });
      const wanted = await append('users.delete', 'u1');
      await Promise.all(Array.from({ length: 5_000 }, () => append('users.update', 'u2')));
      const first = await backend.audit.page({ action: 'users.delete' }, 10);
      expect(first).toEqual({ items: [], next: expect.any(String) });
      expect(await backend.audit.page({ action: 'users.delete' }, 10, first.next)).toEqual({ items: [wanted] });
      expect(await backend.audit.page({ action: 'users.delete', actor: 'u1' }, 10)).toEqual({ items: [wanted] });
    });

    it('finds what an older version has stored, and is not stopped by what it cannot read', async () => {
      await backend.documents.put('user', 'u1', userNamed('u1', { name: 'Alice Liddell' }));
      await backend.documents.put('user', 'u2', userNamed('u2'));
      await backend.close();
      const raw = new DatabaseSync(file);
      raw.exec(`DROP TABLE document_words; DROP TABLE audit; PRAGMA user_version = 1;
        UPDATE documents SET value = '{' WHERE id = 'u2'`);
      raw.close();
      const [again, beside] = await Promise.all([open(), open()]);
      backend = again;
      const { items } = await beside.documents.search('user', 'liddell', 10);
      expect(items.map(({ id }) => id)).toEqual(['u1']);
      await again.documents.put('user', 'u2', userNamed('u2'));
      expect((await beside.documents.search('user', 'u', 10)).items.map(({ id }) => id)).toEqual(['u1', 'u2']);
      await beside.close();
    });

    it('answers within 250 ms while another process keeps it locked: reads go on, writes are unavailable', async () => {
      const grant = newGrant(clock.now());
      await backend.tokens.put(grant.entries);
      const raw = new DatabaseSync(file);
      raw.exec('BEGIN IMMEDIATE');
      const began = performance.now();
      const failure = await backend.tokens.revoke(grant.ref).catch((error: unknown) => error);
      expect(performance.now() - began).toBeLessThan(350);
      expect(failure).toBeInstanceOf(DependencyUnavailable);
      expect(String(failure)).toContain('locked');
      expect(await backend.tokens.get('family', grant.ref)).toEqual(grant.family);
      raw.exec('ROLLBACK');
      raw.close();
      expect(await backend.tokens.revoke(grant.ref)).toBe(true);
    });

    it('trusts nothing after a pause longer than the stream may be silent, and says so when it is back', async () => {
      let resets = 0;
      backend.tokens.invalidation.subscribe({ invalidated: () => {}, reset: () => (resets += 1) });
      clock.advance(3_001);
      expect(backend.tokens.invalidation.up).toBe(false);
      await until(() => backend.tokens.invalidation.up);
      expect(resets).toBe(1);
    });

    it('tells another process what was revoked, and hears what that one revokes', async () => {
      const [mine, theirs] = [newGrant(clock.now(), { tokens: 2 }), newGrant(clock.now(), { tokens: 2 })];
      await backend.tokens.put(mine.entries);
      await backend.tokens.put(theirs.entries);
      const announced = listenTo(backend.tokens);
      const child = fork(join(import.meta.dirname, 'embedded_process.ts'), [file, JSON.stringify(theirs.ref)]);
      const messages = on(child, 'message');
      const next = async (): Promise<unknown> => (await messages.next()).value?.[0];
      expect(await next()).toBe('ready');
      await backend.tokens.revoke(mine.ref);
      expect(await next()).toEqual({ heard: mine.access.map(({ hash }) => hash) });
      expect(await next()).toBe('revoked');
      await announced.exactly([...mine.access, ...theirs.access], []);
      for (const token of theirs.access) expect(await backend.tokens.get('access', token)).toBeUndefined();
      child.kill();
    });
  });
});
