import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { milliseconds } from '../../src/model/units.ts';
import type { Backend } from '../../src/stores/backend.ts';
import type { BackendUnderTest } from './backend_under_test.ts';
import { HOSTILE_IDS } from './records.ts';

/** What every counter store promises. */
export function counterStoreContract(start: () => Promise<BackendUnderTest>): void {
  describe('counter store contract', () => {
    let under: BackendUnderTest;
    let backend: Backend;
    let other: Backend;

    beforeAll(async () => {
      under = await start();
      [backend, other] = await Promise.all([under.open(), under.open()]);
    });
    afterAll(async () => {
      await Promise.all([backend?.close(), other?.close()]);
      await under?.stop();
    });

    it('counts every one of a hundred events at once, over two handles', async () => {
      const hits = await Promise.all(
        Array.from({ length: 100 }, async (_, index) =>
          (index % 2 ? backend : other).counters.hit('many', milliseconds(60_000)),
        ),
      );
      expect(hits.map(({ count }) => count).sort((a, b) => a - b)).toEqual(
        Array.from({ length: 100 }, (_, i) => i + 1),
      );
      for (const { remaining } of hits) {
        expect(remaining).toBeGreaterThan(0);
        expect(remaining).toBeLessThanOrEqual(60_000);
      }
    });

    it('starts anew when the window is over, which later events do not prolong', async () => {
      const window = milliseconds(400);
      expect((await backend.counters.hit('window', window)).count).toBe(1);
      await under.elapse(250);
      const second = await backend.counters.hit('window', window);
      expect(second.count).toBe(2);
      expect(second.remaining).toBeLessThanOrEqual(150);
      await under.elapse(200);
      expect((await backend.counters.hit('window', window)).count).toBe(1);
    });

    it('shows what it counted without counting, on every handle', async () => {
      expect(await backend.counters.peek('peeked')).toBeUndefined();
      await backend.counters.hit('peeked', milliseconds(400));
      await backend.counters.hit('peeked', milliseconds(400));
      for (const counters of [backend.counters, other.counters, backend.counters]) {
        const seen = await counters.peek('peeked');
        expect(seen?.count).toBe(2);
        expect(seen?.remaining).toBeGreaterThan(0);
        expect(seen?.remaining).toBeLessThanOrEqual(400);
      }
      await under.elapse(450);
      expect(await other.counters.peek('peeked')).toBeUndefined();
    });

    it('closes a window at once for all handles, and no other window', async () => {
      await backend.counters.hit('closed', milliseconds(60_000));
      await backend.counters.hit('open', milliseconds(60_000));
      await other.counters.reset('closed');
      await other.counters.reset('never opened');
      expect(await backend.counters.peek('closed')).toBeUndefined();
      expect((await backend.counters.hit('closed', milliseconds(60_000))).count).toBe(1);
      expect((await backend.counters.hit('open', milliseconds(60_000))).count).toBe(2);
    });

    it('takes events back, down to none, without touching the window', async () => {
      const window = milliseconds(400);
      await backend.counters.forgive('never counted');
      expect(await backend.counters.peek('never counted')).toBeUndefined();
      for (let hit = 0; hit < 3; hit++) await backend.counters.hit('forgiven', window);
      await other.counters.forgive('forgiven');
      expect((await backend.counters.peek('forgiven'))?.count).toBe(2);
      for (let more = 0; more < 5; more++) await other.counters.forgive('forgiven');
      expect((await backend.counters.hit('forgiven', window)).count).toBe(1);
      await under.elapse(450);
      await other.counters.forgive('forgiven');
      expect((await backend.counters.hit('forgiven', window)).count).toBe(1);
    });

    it('keeps hostile keys apart', async () => {
      const keys = [...new Set(HOSTILE_IDS)];
      for (const key of keys) expect((await backend.counters.hit(key, milliseconds(60_000))).count).toBe(1);
      for (const key of keys) expect((await other.counters.hit(key, milliseconds(60_000))).count).toBe(2);
    });
  });
}
