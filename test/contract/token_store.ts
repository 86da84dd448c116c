import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RecordKind, TokenHash, TokenRef } from '../../src/model/token.ts';
import { seconds } from '../../src/model/units.ts';
import type { Backend } from '../../src/stores/backend.ts';
import type { Entry, TokenStore } from '../../src/stores/token_store.ts';
import type { BackendUnderTest } from './backend_under_test.ts';
import { ALICE, accessOf, type Grant, HOSTILE_IDS, newGrant, newRef, oneOfEach, rotationOf } from './records.ts';

/** What every token store promises, races included. @param start is called once; every test works on records of its own. */
export function tokenStoreContract(start: () => Promise<BackendUnderTest>): void {
  describe('token store contract', () => {
    let under: BackendUnderTest;
    let first: Backend;
    let second: Backend;
    let store: TokenStore;
    let announced: ReturnType<typeof listenTo>;

    beforeAll(async () => {
      under = await start();
      [first, second] = await Promise.all([under.open(), under.open()]);
      store = first.tokens;
    });
    afterAll(async () => {
      await Promise.all([first?.close(), second?.close()]);
      await under?.stop();
    });
    beforeEach(() => {
      announced = listenTo(store);
    });
    afterEach(() => announced.stop());

    const now = (): number => under.clock.now();
    const alive = async (...refs: readonly (readonly [RecordKind, TokenRef])[]): Promise<boolean[]> =>
      Promise.all(refs.map(async ([kind, ref]) => (await store.get(kind, ref)) !== undefined));
    const tokensOf = (grant: Grant) => [
      ...grant.access.map((ref) => ['access', ref] as const),
      ['refresh', grant.refresh] as const,
    ];

    it.each(['full', 'bare'] as const)('returns every kind of record as it was put (%s)', async (how) => {
      const records = oneOfEach(now(), how);
      const entries = [
        { kind: 'access', ref: newRef('t1'), record: records.access },
        { kind: 'refresh', ref: newRef('t1'), record: records.refresh },
        { kind: 'family', ref: { tag: 't1', hash: records.family.id as TokenHash }, record: records.family },
        { kind: 'code', ref: newRef('t1'), record: records.code },
        { kind: 'session', ref: newRef('t1'), record: records.session },
        { kind: 'interaction', ref: newRef('t1'), record: records.interaction },
        { kind: 'otp', ref: newRef('t1'), record: records.otp },
        { kind: 'answer', ref: newRef('t1'), record: records.answer },
      ] as const satisfies readonly Entry[];
      await store.put(entries);
      for (const { kind, ref, record } of entries) {
        expect(await store.get(kind, ref)).toEqual(record);
        expect(await second.tokens.get(kind, ref)).toEqual(record);
        expect(await store.take(kind, ref)).toEqual(record);
        expect(await store.get(kind, ref)).toBeUndefined();
      }
    });

    it('knows nothing of what was never put, nor of a record under another kind or tag', async () => {
      const grant = newGrant(now());
      await store.put(grant.entries);
      const [token] = grant.access;
      if (token === undefined) throw new Error('a grant has an access token');
      expect(
        await alive(['access', newRef()], ['refresh', token], ['code', token], ['access', { ...token, tag: 'other' }]),
      ).toEqual([false, false, false, false]);
      expect(await store.take('access', newRef())).toBeUndefined();
      expect(await store.revoke(newRef())).toBe(false);
    });

    it('refuses to write entries of two tags together, and writes none of them', async () => {
      const [a, b] = [newGrant(now()), newGrant(now())];
      await expect(store.put([...a.entries, ...b.entries])).rejects.toThrow(RangeError);
      expect(await alive(...tokensOf(a), ...tokensOf(b))).not.toContain(true);
    });

    it('gives a record to exactly one of fifty that take it at once, over two handles', async () => {
      const code = oneOfEach(now(), 'full').code;
      const ref = newRef();
      await store.put([{ kind: 'code', ref, record: code }]);
      const taken = await Promise.all(
        Array.from({ length: 50 }, (_, index) => (index % 2 ? first : second).tokens.take('code', ref)),
      );
      expect(taken.filter((it) => it !== undefined)).toEqual([code]);
    });

    it('lets exactly one of twenty rotations of one generation through, and the others write nothing', async () => {
      const grant = newGrant(now());
      await store.put(grant.entries);
      const rotations = Array.from({ length: 20 }, () => rotationOf(grant));
      const results = await Promise.all(
        rotations.map((it, index) => (index % 2 ? first : second).tokens.rotate(grant.ref, 0, it.entries)),
      );
      expect(results.filter(Boolean)).toHaveLength(1);
      const [winner] = rotations.filter((_, index) => results[index]);
      expect(await store.get('family', grant.ref)).toEqual(winner?.family);
      for (const [index, rotation] of rotations.entries()) {
        expect(await alive(...tokensOf(rotation))).toEqual([results[index], results[index]]);
      }
    });

    it('drops and announces the access tokens a rotation leaves out, and keeps the old refresh token', async () => {
      const grant = newGrant(now(), { tokens: 2 });
      await store.put(grant.entries);
      const [kept] = grant.access;
      if (kept === undefined) throw new Error('a grant has an access token');
      const rotation = rotationOf(grant);
      const family = {
        ...rotation.family,
        live: [...rotation.family.live, [kept.hash, seconds(grant.family.expiresAt)] as const],
      };
      const entries = rotation.entries.map((it): Entry => (it.kind === 'family' ? { ...it, record: family } : it));
      expect(await store.rotate(grant.ref, 0, entries)).toBe(true);
      await announced.exactly(grant.access.slice(1), [kept, ...rotation.access, grant.refresh, rotation.refresh]);
      expect(await alive(...tokensOf(grant))).toEqual([true, false, true]);
      expect(await alive(...tokensOf(rotation))).toEqual([true, true]);
    });

    it('rotates nothing that is gone or of another generation', async () => {
      const grant = newGrant(now());
      const rotation = rotationOf(grant);
      expect(await store.rotate(grant.ref, 0, rotation.entries)).toBe(false);
      await store.put(grant.entries);
      expect(await store.rotate(grant.ref, 1, rotation.entries)).toBe(false);
      expect(await alive(...tokensOf(rotation))).toEqual([false, false]);
      expect(await store.get('family', grant.ref)).toEqual(grant.family);
    });

    it('ends a whole family with one revocation and announces its access tokens, no others', async () => {
      const [grant, other] = [newGrant(now(), { tokens: 3 }), newGrant(now())];
      await store.put(grant.entries);
      await store.put(other.entries);
      const rotation = rotationOf(grant);
      const family = { ...rotation.family, live: [...grant.family.live, ...rotation.family.live] };
      const entries = rotation.entries.map((it): Entry => (it.kind === 'family' ? { ...it, record: family } : it));
      expect(await store.rotate(grant.ref, 0, entries)).toBe(true);
      expect(await store.revoke(grant.ref)).toBe(true);
      await announced.exactly(
        [...grant.access, ...rotation.access],
        [...other.access, grant.refresh, rotation.refresh],
      );
      expect(await alive(['family', grant.ref], ...tokensOf(grant), ...tokensOf(rotation))).not.toContain(true);
      expect(await alive(['family', other.ref], ...tokensOf(other))).not.toContain(false);
      expect(await store.revoke(grant.ref)).toBe(false);
    });

    it('revokes once when two handles revoke and rotate at once, and leaves nothing alive', async () => {
      const grant = newGrant(now());
      await store.put(grant.entries);
      const rotation = rotationOf(grant);
      const [, , revoked] = await Promise.all([
        first.tokens.rotate(grant.ref, 0, rotation.entries),
        second.tokens.rotate(grant.ref, 0, rotation.entries),
        second.tokens.revoke(grant.ref),
      ]);
      expect(revoked).toBe(true);
      expect(await alive(['family', grant.ref], ...tokensOf(grant), ...tokensOf(rotation))).not.toContain(true);
    });

    it('announces an access token that was taken', async () => {
      const grant = newGrant(now(), { tokens: 2 });
      await store.put(grant.entries);
      const [token] = grant.access;
      if (token === undefined) throw new Error('a grant has an access token');
      expect(await store.take('access', token)).toEqual(accessOf(grant.family));
      await announced.exactly([token], [...grant.access.slice(1), grant.refresh]);
      expect(await alive(...tokensOf(grant))).toEqual([false, true, true]);
    });

    it('tells every handle what another one revoked', async () => {
      const elsewhere = listenTo(second.tokens);
      const grant = newGrant(now(), { tokens: 2 });
      await store.put(grant.entries);
      await store.revoke(grant.ref);
      await elsewhere.exactly(grant.access, [grant.refresh]);
      elsewhere.stop();
    });

    it('has a stream that is up and was heard of within a second', async () => {
      await until(() => store.invalidation.up);
      expect(under.clock.monotonic() - store.invalidation.lastHeard).toBeLessThan(1_500);
    });

    it('never returns, takes, rotates or lists what has expired', async () => {
      const user = { subject: `u-${newRef().hash}`, username: 'x', connection: 'users', roles: [] };
      const grant = newGrant(now(), { life: 2, authorization: { ...ALICE, user } });
      await store.put(grant.entries);
      expect(await alive(['family', grant.ref], ...tokensOf(grant))).toEqual([true, true, true]);
      await under.elapse(2_050);
      expect(await alive(['family', grant.ref], ...tokensOf(grant))).toEqual([false, false, false]);
      expect(await store.take('refresh', grant.refresh)).toBeUndefined();
      expect(await store.families({ of: 'user', id: user.subject }, 10)).toEqual([]);
      expect(await store.rotate(grant.ref, 0, rotationOf(grant).entries)).toBe(false);
      expect(await store.revoke(grant.ref)).toBe(false);
    });

    it('lists families of a user and of a client, latest expiry first, up to the limit', async () => {
      const user = { subject: `u-${newRef().hash}`, username: 'x', connection: 'users', roles: [] };
      const authorization = { ...ALICE, client: `c-${newRef().hash}`, user };
      const grants = [100, 300, 200].map((life) => newGrant(now(), { life, authorization }));
      for (const grant of grants) await store.put(grant.entries);
      const [shortest, longest, middle] = grants.map(({ ref, family }) => ({ ref, expiresAt: family.expiresAt }));
      for (const owner of [
        { of: 'user', id: user.subject },
        { of: 'client', id: authorization.client },
      ] as const) {
        expect(await store.families(owner, 10)).toEqual([longest, middle, shortest]);
        expect(await store.families(owner, 2)).toEqual([longest, middle]);
        expect(await store.families(owner, 10, middle?.expiresAt)).toEqual([middle, shortest]);
      }
      expect(await store.families({ of: 'client', id: user.subject }, 10)).toEqual([]);
    });

    it('lists the browser sessions of a user, latest expiry first, until they end', async () => {
      const subject = `u-${newRef().hash}`;
      const user = { subject, username: 'x', connection: 'users', roles: [] };
      const begun = [100, 300, 200, 2].map((life) => {
        const { session } = oneOfEach(now(), 'bare', life);
        return { ref: newRef(), record: { ...session, user } };
      });
      await Promise.all(begun.map(({ ref, record }) => store.put([{ kind: 'session', ref, record }])));
      const [shortest, longest, middle, brief] = begun.map(({ ref, record: { expiresAt } }) => ({ ref, expiresAt }));
      if (middle === undefined) throw new Error('four sessions');
      expect(await second.tokens.sessions(subject, 10)).toEqual([longest, middle, shortest, brief]);
      expect(await store.sessions(subject, 2)).toEqual([longest, middle]);
      expect(await store.sessions(subject, 1, middle.expiresAt)).toEqual([middle]);
      expect(await store.families({ of: 'user', id: subject }, 10)).toEqual([]);
      expect(await second.tokens.take('session', middle.ref)).toBeDefined();
      await until(async () => (await store.sessions(subject, 10)).length === 3);
      await under.elapse(2_050);
      expect(await store.sessions(subject, 10)).toEqual([longest, shortest]);
    });

    it('keeps the sessions of hostile users apart', async () => {
      const begun = HOSTILE_IDS.map((id) => {
        const { session } = oneOfEach(now(), 'bare');
        return { id, ref: newRef(), record: { ...session, user: { ...session.user, subject: `s${id}` } } };
      });
      await Promise.all(begun.map(({ ref, record }) => store.put([{ kind: 'session', ref, record }])));
      for (const { id, ref, record } of begun) {
        expect(await store.sessions(`s${id}`, 10)).toEqual([{ ref, expiresAt: record.expiresAt }]);
      }
    });

    it('lets exactly one of fifty claim a key at once, over two handles, and others once it has expired', async () => {
      const ref = newRef();
      const answers = Array.from({ length: 50 }, (_, at) => ({
        ...oneOfEach(now(), 'full', 2).answer,
        sealed: `${at}`,
      }));
      const claimed = await Promise.all(
        answers.map((record, at) => (at % 2 ? first : second).tokens.claim(ref, record)),
      );
      expect(claimed.filter(Boolean)).toHaveLength(1);
      expect(await store.get('answer', ref)).toEqual(answers[claimed.indexOf(true)]);
      await under.elapse(2_050);
      const later = oneOfEach(now(), 'full').answer;
      expect(await store.claim(ref, later)).toBe(true);
      expect(await store.claim(ref, later)).toBe(false);
      await store.put([{ kind: 'answer', ref, record: { ...later, sealed: 'done' } }]);
      expect(await store.get('answer', ref)).toEqual({ ...later, sealed: 'done' });
    });

    it('keeps hostile owners apart', async () => {
      const grants = HOSTILE_IDS.map((subject, index) =>
        newGrant(now(), {
          authorization: {
            ...ALICE,
            client: `${subject}!`,
            user: { subject, username: `${index}`, connection: 'x', roles: [] },
          },
        }),
      );
      await Promise.all(grants.map((grant) => store.put(grant.entries)));
      for (const [index, grant] of grants.entries()) {
        const subject = HOSTILE_IDS[index] ?? '';
        const listing = [{ ref: grant.ref, expiresAt: grant.family.expiresAt }];
        expect(await store.families({ of: 'user', id: subject }, 10)).toEqual(listing);
        expect(await store.families({ of: 'client', id: `${subject}!` }, 10)).toEqual(listing);
        expect(await store.get('family', grant.ref)).toEqual(grant.family);
      }
      for (const grant of grants) await store.revoke(grant.ref);
    });

    it('keeps hostile tags and hashes apart', async () => {
      const record = oneOfEach(now(), 'bare').session;
      const refs = HOSTILE_IDS.flatMap((id): TokenRef[] => [
        { tag: id, hash: 'x' as TokenHash },
        { tag: 'x', hash: `${id}|` as TokenHash },
      ]);
      for (const [index, ref] of refs.entries()) {
        const user = { ...record.user, subject: `s-${index}` };
        await store.put([{ kind: 'session', ref, record: { ...record, user } }]);
      }
      for (const [index, ref] of refs.entries()) {
        expect((await store.take('session', ref))?.user.subject).toBe(`s-${index}`);
        expect(await store.take('session', ref)).toBeUndefined();
      }
    });
  });
}

/** Collects what a store announces. */
export function listenTo(store: TokenStore) {
  const heard: TokenHash[] = [];
  const stop = store.invalidation.subscribe({
    invalidated: (hashes) => heard.push(...hashes),
    reset: () => {},
  });
  return {
    stop,
    /** Resolves once all of these were announced, and none of the others; one more than once is fine. */
    exactly: async (refs: readonly TokenRef[], notThese: readonly TokenRef[]): Promise<void> => {
      await until(() => refs.every(({ hash }) => heard.includes(hash)));
      expect(notThese.filter(({ hash }) => heard.includes(hash))).toEqual([]);
    },
  };
}

/** @throws after five seconds. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error('gave up waiting');
    await delay(5);
  }
}
