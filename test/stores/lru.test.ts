import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CacheSettings } from '../../src/model/config.ts';
import { CorruptRecord, DependencyUnavailable } from '../../src/model/failure.ts';
import type { AccessToken, TokenRef } from '../../src/model/token.ts';
import { milliseconds } from '../../src/model/units.ts';
import { type CachedTokenStore, cached } from '../../src/stores/lru.ts';
import type { Answer } from '../../src/stores/token_store.ts';
import { accessOf, type Grant, newGrant, newRef, rotationOf } from '../contract/records.ts';
import { ManualClock } from '../support/manual_clock.ts';
import { ControlledStore } from './controlled_store.ts';

const SETTINGS: CacheSettings = {
  maxTokens: 100,
  ttl: milliseconds(60_000),
  staleness: milliseconds(5_000),
  negativeTtl: milliseconds(1_000),
};
const away = new DependencyUnavailable('store', 'test');

describe('the cache of tokens', () => {
  let clock: ManualClock;
  let store: ControlledStore;
  let cache: CachedTokenStore;
  let grant: Grant;
  let token: TokenRef;
  let record: AccessToken;

  const get = (ref = token, staleness?: number): Answer<AccessToken | undefined> =>
    cache.get('access', ref, staleness === undefined ? undefined : milliseconds(staleness));
  const reads = (): number => store.reads;
  const open = (settings: Partial<CacheSettings> = {}): void => {
    cache?.close();
    cache = cached(store, { ...SETTINGS, ...settings }, clock);
  };

  beforeEach(async () => {
    clock = new ManualClock();
    store = new ControlledStore(clock);
    open();
    grant = newGrant(clock.now(), { tokens: 2 });
    [token = newRef()] = grant.access;
    record = accessOf(grant.family);
    await store.put(grant.entries);
  });
  afterEach(() => cache.close());

  describe('hits', () => {
    it('answers at once, without a promise, with the same object every time', async () => {
      const first = await get();
      expect(first).toEqual(record);
      expect(get()).toBe(first);
      expect(get()).toBe(first);
      expect(reads()).toBe(1);
      expect(cache.stats()).toMatchObject({ hits: 2, misses: 1, size: 1 });
    });

    it('asks the store once for fifty that want the same token at once', async () => {
      const answers = await Promise.all(Array.from({ length: 50 }, () => get()));
      expect(new Set(answers).size).toBe(1);
      expect(reads()).toBe(1);
    });

    it('keeps what a store answered at once, too', () => {
      store.atOnce = true;
      const first = get();
      expect(first).toEqual(record);
      expect(get()).toBe(first);
      expect(reads()).toBe(1);
    });

    it('reaches its hard age however much it is used', async () => {
      await get();
      for (let age = 0; age < 60_000; age += 10_000) {
        expect(get()).toEqual(record);
        clock.advance(10_000);
      }
      expect(get()).toEqual(record);
      clock.advance(1);
      await get();
      expect(reads()).toBe(2);
    });

    it('counts its age from when the read began, not from when it ended', async () => {
      const slow = store.holdReads();
      const waiting = get();
      clock.advance(59_000);
      slow.release();
      await waiting;
      expect(get()).toEqual(record);
      clock.advance(1_001);
      await get();
      expect(reads()).toBe(2);
    });

    it('returns nothing that has expired', async () => {
      open({ ttl: milliseconds(1e9) });
      await get();
      clock.advance(3_600_000);
      expect(get()).toBeUndefined();
    });

    it('drops the least recently used ones beyond its size', async () => {
      open({ maxTokens: 2 });
      const [a, b, c] = [token, grant.access[1] ?? token, newGrant(clock.now())] as const;
      await store.put(c.entries);
      await get(a);
      await get(b);
      await get(a);
      await get(c.access[0]);
      expect(cache.stats()).toMatchObject({ size: 2, evictions: 1 });
      expect(get(a)).toEqual(record);
      expect(get(b)).toBeInstanceOf(Promise);
    });

    it('is off with a size of 0', async () => {
      open({ maxTokens: 0 });
      await get();
      await get();
      expect(reads()).toBe(2);
      store.failWith(away);
      await expect(get()).rejects.toBe(away);
    });
  });

  describe('"no such token"', () => {
    it('is believed for its own short time', async () => {
      const unknown = newRef();
      expect(await get(unknown)).toBeUndefined();
      clock.advance(1_000);
      expect(get(unknown)).toBeUndefined();
      expect(reads()).toBe(1);
      clock.advance(1);
      await get(unknown);
      expect(reads()).toBe(2);
    });

    it('is only learned from a definite answer', async () => {
      store.failWith(away);
      await expect(get()).rejects.toBe(away);
      store.failWith(undefined);
      expect(await get()).toEqual(record);
    });

    it('keeps no more than 10,000 and pushes out no real token', async () => {
      const kept = await get();
      store.atOnce = true;
      for (let guess = 0; guess < 12_000; guess += 1) get(newRef());
      expect(cache.stats().negativeSize).toBe(10_000);
      expect(get()).toBe(kept);
    });

    it('ends when the token is put', async () => {
      const fresh = newGrant(clock.now());
      const [ref] = fresh.access;
      expect(await get(ref)).toBeUndefined();
      await cache.put(fresh.entries);
      expect(await get(ref)).toEqual(accessOf(fresh.family));
    });

    it('ends when the token is put, even if a read was under way', async () => {
      const fresh = newGrant(clock.now());
      const [ref] = fresh.access;
      const slow = store.holdReads();
      const waiting = get(ref);
      await cache.put(fresh.entries);
      slow.release();
      await waiting;
      expect(await get(ref)).toEqual(accessOf(fresh.family));
    });
  });

  describe('a revocation elsewhere', () => {
    it('ends a cached token', async () => {
      await get();
      await store.revoke(grant.ref);
      expect(await get()).toBeUndefined();
    });

    it.each(['invalidated', 'reset'] as const)('during a read keeps its result out of the cache (%s)', async (how) => {
      const slow = store.holdReads();
      const before = get();
      if (how === 'invalidated') store.announce([token.hash]);
      else store.reset();
      const after = get(); // asks anew: what is under way may have been read before
      slow.release();
      await Promise.all([before, after]);
      expect(reads()).toBe(2);
      expect(get()).not.toBeInstanceOf(Promise); // the second read was kept
    });

    it('during a read that nobody repeats leaves nothing behind', async () => {
      const slow = store.holdReads();
      const before = get();
      store.announce([token.hash]);
      slow.release();
      await before;
      expect(cache.stats().size).toBe(0);
    });

    it('is followed by forgetting everything when messages may have been missed', async () => {
      await get();
      await get(newRef());
      store.reset();
      expect(cache.stats()).toMatchObject({ size: 0, negativeSize: 0 });
    });
  });

  it('forgets what is not there when it may not say so any more', async () => {
    for (let count = 0; count < 50; count += 1) await get(newRef());
    expect(cache.stats().negativeSize).toBe(50);
    clock.advance(SETTINGS.negativeTtl + 1);
    for (let count = 0; count < 50; count += 1) await get(newRef());
    expect(cache.stats().negativeSize).toBe(50);
  });

  describe('while the stream is down', () => {
    it('asks the store every time and keeps nothing', async () => {
      await get();
      store.streamDown();
      for (let times = 0; times < 3; times += 1) expect(await get()).toEqual(record);
      await get(newRef());
      expect(reads()).toBe(5);
      expect(cache.stats().negativeSize).toBe(0);
      store.streamUp();
      expect(cache.stats().size).toBe(0);
      await get();
      expect(reads()).toBe(6);
    });

    it('keeps nothing of a read that began before', async () => {
      const slow = store.holdReads();
      const before = get();
      store.streamDown();
      slow.release();
      await before;
      expect(cache.stats().size).toBe(0);
    });
  });

  describe('while the store gives no answer', () => {
    /** Fills, then takes stream and store away. */
    const cutOff = async (): Promise<void> => {
      await get();
      store.streamDown();
      store.failWith(away);
    };

    it('serves no fact to those who count its age themselves', async () => {
      await get();
      store.streamDown();
      store.failWith(away);
      clock.advance(1);
      await expect(get(token, 0)).rejects.toBe(away);
      expect(await get(token)).toEqual(record);
    });

    it('serves a fact up to the staleness bound, which use does not renew', async () => {
      await cutOff();
      for (let age = 0; age <= 5_000; age += 1_000) {
        expect(await get()).toEqual(record);
        clock.advance(1_000);
      }
      await expect(get()).rejects.toBe(away);
      expect(cache.stats().stale).toBe(6);
    });

    it('serves it for longer where a route asks for that, and only there', async () => {
      await cutOff();
      clock.advance(30_000);
      await expect(get()).rejects.toBe(away);
      expect(await get(token, 30_000)).toEqual(record);
      clock.advance(1);
      await expect(get(token, 30_000)).rejects.toBe(away);
    });

    it('counts from when the stream was last heard, if that is later than the read', async () => {
      await get();
      clock.advance(50_000);
      await cutOff();
      clock.advance(5_000);
      expect(await get()).toEqual(record);
      clock.advance(1);
      await expect(get()).rejects.toBe(away);
    });

    it('serves past the hard age while the stream still proves the fact', async () => {
      await get();
      clock.advance(60_001);
      store.failWith(away);
      expect(await get()).toEqual(record);
    });

    it('serves nothing that was revoked, has expired, or is not in the cache', async () => {
      await get();
      store.announce([token.hash]);
      store.streamDown();
      store.failWith(away);
      await expect(get()).rejects.toBe(away);
      await expect(get(grant.access[1])).rejects.toBe(away);
      store.failWith(undefined);
      store.streamUp();
      await cutOff();
      clock.advance(3_600_000);
      await expect(get(token, 9_000_000)).resolves.toBeUndefined();
    });

    it('serves nothing in place of a corrupt record', async () => {
      await get();
      clock.advance(60_001);
      store.failWith(new CorruptRecord('access'));
      await expect(get()).rejects.toThrow(CorruptRecord);
      store.failWith(away);
      await expect(get()).rejects.toBe(away);
    });

    it('falls back the same way when the store throws at once', async () => {
      await cutOff();
      store.atOnce = true;
      expect(get()).toEqual(record);
      clock.advance(5_001);
      expect(() => get()).toThrow(away);
    });
  });

  describe('what this node does', () => {
    const actions: Record<string, () => Promise<unknown>> = {
      take: () => cache.take('access', token),
      revoke: () => cache.revoke(grant.ref),
      rotate: () => cache.rotate(grant.ref, 0, rotationOf(grant).entries),
    };

    it.each(Object.keys(actions))('ends cached tokens before the store answers (%s)', async (name) => {
      await get();
      store.silent = true; // no announcement comes to the rescue
      const slow = store.holdWrites();
      const acting = actions[name]?.();
      const asked = reads();
      await get();
      expect(reads()).toBe(asked + 1);
      slow.release();
      await acting;
      expect(await get()).toBeUndefined();
    });

    it.each(Object.keys(actions))('keeps no read out of date that overlaps with it (%s)', async (name) => {
      store.silent = true;
      const slowRead = store.holdReads();
      const slowWrite = store.holdWrites();
      const before = get();
      const acting = actions[name]?.();
      const during = get();
      slowRead.release();
      await Promise.all([before, during]);
      slowWrite.release();
      await acting;
      expect(await get()).toBeUndefined();
    });

    it('passes everything through', async () => {
      const fresh = newGrant(clock.now());
      await cache.put(fresh.entries);
      expect(await cache.get('refresh', fresh.refresh)).toEqual(await store.get('refresh', fresh.refresh));
      expect(await cache.families({ of: 'user', id: 'u-alice' }, 10)).toHaveLength(2);
      expect(await cache.take('refresh', fresh.refresh)).toBeDefined();
      expect(await store.get('refresh', fresh.refresh)).toBeUndefined();
      expect(cache.invalidation).toBe(store.invalidation);
    });
  });

  describe('a revocation that the store cannot confirm', () => {
    beforeEach(() => vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
    afterEach(() => vi.useRealTimers());

    it('is told, and denies the whole family here at once, tokens never seen included', async () => {
      await get();
      store.failWritesWith(away);
      await expect(cache.revoke(grant.ref)).rejects.toBe(away);
      for (const ref of grant.access) expect(await get(ref)).toBeUndefined();
      expect(await cache.get('family', grant.ref)).toBeUndefined();
      store.failWritesWith(undefined);
      expect(await cache.rotate(grant.ref, 0, rotationOf(grant).entries)).toBe(false);
      expect(await store.get('access', token)).toEqual(record);
    });

    it('denies one token and leaves the others', async () => {
      store.failWritesWith(away);
      await expect(cache.take('access', token)).rejects.toBe(away);
      expect(get()).toBeUndefined();
      expect(await get(grant.access[1])).toEqual(record);
    });

    it('denies even when the store cannot be read either', async () => {
      await get();
      store.streamDown();
      store.failWith(away);
      store.failWritesWith(away);
      await expect(cache.revoke(grant.ref)).rejects.toBe(away);
      await expect(get()).rejects.toBe(away);
      await expect(cache.take('access', token)).rejects.toBe(away);
      expect(get()).toBeUndefined();
    });

    it('is tried again until it is confirmed', async () => {
      store.failWritesWith(away);
      await expect(cache.revoke(grant.ref)).rejects.toBe(away);
      expect(cache.stats().unconfirmed).toBe(1);
      await vi.advanceTimersByTimeAsync(1_000);
      expect(cache.stats().unconfirmed).toBe(1);
      store.failWritesWith(undefined);
      await vi.advanceTimersByTimeAsync(1_000);
      expect(cache.stats().unconfirmed).toBe(0);
      expect(await store.get('family', grant.ref)).toBeUndefined();
      expect(await get()).toBeUndefined();
    });

    it('is made once more after a break, if it is from the last minute: a failover may have lost it', async () => {
      const old = newGrant(clock.now());
      await store.put(old.entries);
      await cache.revoke(old.ref);
      clock.advance(60_001);
      await cache.revoke(grant.ref);
      for (const it of [old, grant]) await store.put(it.entries); // what the new master still has
      store.streamDown();
      store.streamUp();
      await vi.waitFor(async () => expect(await store.get('access', token)).toBeUndefined());
      expect(await store.get('family', old.ref)).toEqual(old.family);
    });

    it('is no younger for being made once more: a stream that comes and goes keeps none for ever', async () => {
      await cache.revoke(grant.ref);
      for (let breaks = 0; breaks < 2; breaks += 1) {
        clock.advance(40_000);
        await store.put(grant.entries);
        store.streamDown();
        store.streamUp();
        if (breaks === 0) await vi.waitFor(async () => expect(await store.get('family', grant.ref)).toBeUndefined());
      }
      await new Promise((resolve) => setImmediate(resolve));
      expect(await store.get('family', grant.ref)).toEqual(grant.family);
    });

    it('holds before that is done, whatever the new master says', async () => {
      await get();
      await cache.revoke(grant.ref);
      store.streamDown();
      await store.put(grant.entries); // what the new master still has
      expect(await get()).toBeUndefined();
      expect(await cache.get('family', grant.ref)).toBeUndefined();
      const slow = store.holdWrites();
      store.streamUp();
      expect(await get()).toBeUndefined();
      expect(await cache.rotate(grant.ref, 0, grant.entries)).toBe(false);
      slow.release();
      await vi.waitFor(async () => expect(await store.get('access', token)).toBeUndefined());
    });
  });
});
