import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLiveStreams, type LiveStreams } from '../../src/gateway/live_streams.ts';
import { DependencyUnavailable } from '../../src/model/failure.ts';
import type { AccessToken, TokenRef } from '../../src/model/token.ts';
import { type Milliseconds, milliseconds } from '../../src/model/units.ts';
import { type CachedTokenStore, cached } from '../../src/stores/lru.ts';
import { accessOf, type Grant, newGrant, newRef } from '../contract/records.ts';
import { ControlledStore } from '../stores/controlled_store.ts';
import { ManualClock } from '../support/manual_clock.ts';

const STALENESS = milliseconds(5_000);
const away = new DependencyUnavailable('store', 'test');

describe('streams that are open', () => {
  let clock: ManualClock;
  let store: ControlledStore;
  let cache: CachedTokenStore;
  let live: LiveStreams;
  let grant: Grant;
  let ref: TokenRef;
  let record: AccessToken;

  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    clock = new ManualClock();
    await begin(60_000);
  });
  afterEach(() => {
    live.close();
    cache.close();
    vi.useRealTimers();
  });

  async function begin(ttl: number): Promise<void> {
    store = new ControlledStore(clock);
    cache = cached(
      store,
      { maxTokens: 100, ttl: milliseconds(ttl), staleness: STALENESS, negativeTtl: milliseconds(0) },
      clock,
    );
    live = createLiveStreams({ lookup: cache, clock, staleness: STALENESS });
    grant = newGrant(clock.now(), { life: 60 });
    [ref = newRef()] = grant.access;
    record = accessOf(grant.family);
    await store.put(grant.entries);
    await cache.get('access', ref);
  }

  /** Lets time pass in steps no longer than the timer's, so that both clocks agree. */
  async function pass(time: number): Promise<void> {
    for (let gone = 0; gone < time; gone += 50) {
      clock.advance(50);
      await vi.advanceTimersByTimeAsync(50);
    }
  }

  function open(staleness?: Milliseconds) {
    const stream = { tokenEnded: vi.fn(), staysOpen: vi.fn() };
    const began = clock.monotonic();
    return {
      ...stream,
      watched: live.watch({ ref, record, staleness }, stream),
      /** @returns milliseconds from now until it is ended. */
      async ends(within: number): Promise<number> {
        const from = clock.monotonic();
        while (stream.tokenEnded.mock.calls.length === 0 && clock.monotonic() - from < within) await pass(50);
        return stream.tokenEnded.mock.calls.length === 0 ? Number.POSITIVE_INFINITY : clock.monotonic() - from;
      },
      began,
    };
  }

  it('go on while their token lives, and cost the store nothing while its stream is up', async () => {
    const stream = open();
    const before = store.reads;
    await pass(30_000);
    expect(stream.tokenEnded).not.toHaveBeenCalled();
    expect(store.reads - before).toBeLessThanOrEqual(1);
  });

  it('are told that they stay open, once and not at first', async () => {
    const [stream, short] = [open(), open()];
    await pass(50);
    short.watched.stop();
    expect(stream.staysOpen).not.toHaveBeenCalled();
    await pass(5_000);
    expect(stream.staysOpen).toHaveBeenCalledTimes(1);
    expect(short.staysOpen).not.toHaveBeenCalled();
  });

  it('end when their token is revoked and that is announced: at once', async () => {
    const [first, second] = [open(), open()];
    await pass(200);
    await store.revoke(grant.ref);
    await Promise.resolve();
    expect(await first.ends(50)).toBeLessThanOrEqual(50);
    expect(second.tokenEnded).toHaveBeenCalledTimes(1);
    await pass(5_000);
    expect(first.tokenEnded).toHaveBeenCalledTimes(1);
  });

  it('end when their token died between the verdict and the head of the answer', async () => {
    await store.revoke(grant.ref);
    expect(await open().ends(5_000)).toBeLessThanOrEqual(150);
  });

  it('end when their token expires', async () => {
    await pass(50_000);
    const stream = open();
    await pass(8_000);
    expect(stream.tokenEnded).not.toHaveBeenCalled();
    expect(await stream.ends(5_000)).toBeLessThanOrEqual(3_100);
  });

  it('end within two seconds when the stream of announcements is down and the token is revoked', async () => {
    const stream = open();
    await pass(1_000);
    store.streamDown();
    await pass(3_000);
    await store.revoke(grant.ref);
    expect(await stream.ends(5_000)).toBeLessThanOrEqual(1_100);
  });

  it('end within five seconds of the last moment at which the token surely lived, when the store gives no answer', async () => {
    const stream = open();
    await pass(10_000);
    store.streamDown();
    store.failWith(away);
    const took = await stream.ends(10_000);
    expect(took).toBeLessThanOrEqual(5_000);
    expect(took).toBeGreaterThan(3_000);
  });

  it('outlive an outage that is shorter than that', async () => {
    const stream = open();
    await pass(1_000);
    store.streamDown();
    store.failWith(away);
    await pass(2_500);
    store.failWith(undefined);
    await pass(2_000);
    store.streamUp();
    await pass(20_000);
    expect(stream.tokenEnded).not.toHaveBeenCalled();
  });

  it('do not take a fact that merely was true for a new one: the age of a cached token is not counted twice', async () => {
    const stream = open();
    await pass(1_000);
    store.silent = true;
    await store.revoke(grant.ref);
    // The cache serves the dead token for as long as it may; the stream has no more time than that.
    store.streamDown();
    store.failWith(away);
    expect(await stream.ends(10_000)).toBeLessThanOrEqual(5_000);
  });

  it('go on as long as the route allows cached tokens to serve, where it does', async () => {
    const [strict, patient] = [open(), open(milliseconds(20_000))];
    await pass(1_000);
    store.streamDown();
    store.failWith(away);
    expect(await strict.ends(10_000)).toBeLessThanOrEqual(5_000);
    expect(patient.tokenEnded).not.toHaveBeenCalled();
    const rest = await patient.ends(30_000);
    expect(rest).toBeGreaterThan(10_000);
    expect(rest).toBeLessThanOrEqual(16_000);
  });

  it('are told nothing once they are over', async () => {
    const [short, long] = [open(), open()];
    short.watched.stop();
    await pass(500);
    long.watched.stop();
    await store.revoke(grant.ref);
    await pass(3_000);
    expect(short.tokenEnded).not.toHaveBeenCalled();
    expect(long.tokenEnded).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });
});
