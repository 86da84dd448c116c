import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createOnce } from '../../src/console/api/idempotency.ts';
import { systemClock } from '../../src/model/clock.ts';
import { DependencyUnavailable } from '../../src/model/failure.ts';
import { seconds } from '../../src/model/units.ts';
import type { Entry, TokenStore } from '../../src/stores/token_store.ts';
import { realStores, storeWith } from './real_stores.ts';

// A process that is killed in the middle of a request can neither finish it nor give its key back.
describe.each(realStores())('on %s, a request that is not answered', (_store, open) => {
  const lease = seconds(1);
  const LONG = { timeout: 10_000 };
  const opened = async () => {
    const backend = await open();
    onTestFinished(() => backend.close());
    return backend;
  };
  const request = { key: randomUUID(), actor: { kind: 'user', id: 'u-admin' }, method: 'POST', path: '/x' } as const;
  const done = { status: 201, headers: [], body: 'done' };
  const onceOver = (store: TokenStore) =>
    createOnce({ store, clock: systemClock, serverSecret: () => 'x'.repeat(32), lease });
  const underWay = { type: 'under_way', message: expect.stringMatching(/after [12] s does it anew/) };

  it('holds its key for the time of a lease, when its process has died', async () => {
    const { tokens } = await opened();
    const gone = () => Promise.reject(new DependencyUnavailable('store', 'the process is gone'));
    const dying = onceOver(storeWith(tokens, { put: gone, take: gone }));
    const asked = { ...request, key: randomUUID(), body: {} };
    const began = Promise.withResolvers<void>();
    void dying(asked, () => {
      began.resolve();
      return new Promise(() => {});
    });
    await began.promise;
    const once = onceOver(tokens);
    await expect(once(asked, async () => done)).rejects.toMatchObject(underWay);
    // Another request does not get it by waiting.
    await expect(once({ ...asked, body: { other: true } }, async () => done)).rejects.toMatchObject({
      type: 'key_reused',
    });
    const again = await vi.waitUntil(() => once(asked, async () => done).catch(() => undefined), LONG);
    expect(again).toEqual(done);
    expect(await once(asked, async () => ({ ...done, body: 'twice' }))).toMatchObject({ body: 'done' });
  });

  it('holds its key for as long as it takes, while its process lives', async () => {
    const { tokens } = await opened();
    const once = onceOver(tokens);
    const asked = { ...request, key: randomUUID(), body: {} };
    const goOn = Promise.withResolvers<void>();
    const first = once(asked, () => goOn.promise.then(() => done));
    const ends = Date.now() + 2_500;
    while (Date.now() < ends) {
      await expect(once(asked, async () => ({ ...done, body: 'twice' }))).rejects.toMatchObject(underWay);
      await setTimeout(50);
    }
    goOn.resolve();
    expect(await first).toEqual(done);
    expect(await once(asked, async () => ({ ...done, body: 'twice' }))).toMatchObject({ body: 'done' });
  });

  it('gets its answer later, when the store did not take it at first', async () => {
    const { tokens } = await opened();
    let refusals = 0;
    const put = async (entries: readonly Entry[]) => {
      if (refusals++ === 0) throw new DependencyUnavailable('store', 'no answer');
      await tokens.put(entries);
    };
    const asked = { ...request, key: randomUUID(), body: {} };
    expect(await onceOver(storeWith(tokens, { put }))(asked, async () => done)).toEqual(done);
    const once = onceOver(tokens);
    const twice = { ...done, body: 'twice' };
    await expect(once(asked, async () => twice)).rejects.toMatchObject(underWay);
    expect(await vi.waitUntil(() => once(asked, async () => twice).catch(() => undefined), LONG)).toMatchObject({
      body: 'done',
    });
  });

  it('takes no answer away when it breaks off after its lease, which somebody else has had since', async () => {
    const { tokens } = await opened();
    let isAway = true;
    const away = <Args extends unknown[], Result>(call: (...args: Args) => Promise<Result>) => {
      return (...args: Args) =>
        isAway ? Promise.reject(new DependencyUnavailable('store', 'cut off')) : call(...args);
    };
    const cutOff = storeWith(tokens, { put: away((entries) => tokens.put(entries)) });
    const asked = { ...request, key: randomUUID(), body: {} };
    const goOn = Promise.withResolvers<void>();
    const first = onceOver(cutOff)(asked, () => goOn.promise.then(() => Promise.reject(new Error('broken off'))));
    const once = onceOver(tokens);
    expect(await vi.waitUntil(() => once(asked, async () => done).catch(() => undefined), LONG)).toEqual(done);
    isAway = false;
    // Time for a renewal that must not come.
    await setTimeout(500);
    goOn.resolve();
    await expect(first).rejects.toThrow('broken off');
    expect(await once(asked, async () => ({ ...done, body: 'twice' }))).toMatchObject({ body: 'done' });
  });
});
