import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { milliseconds } from '../../src/model/units.ts';
import type { Backend } from '../../src/stores/backend.ts';
import type { BackendUnderTest } from './backend_under_test.ts';
import { HOSTILE_IDS } from './records.ts';

/** A window that is open for as long as a test runs, however busy the machine is. */
const LONG = milliseconds(60_000);
/** A window of which nothing is asked but that it is over. */
const SHORT = milliseconds(50);

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
        Array.from({ length: 100 }, async (_, index) => (index % 2 ? backend : other).counters.hit('many', LONG)),
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
      const first = await backend.counters.hit('window', LONG);
      expect(first.count).toBe(1);
      await under.elapse(30);
      const second = await backend.counters.hit('window', LONG);
      expect(second.count).toBe(2);
      expect(second.remaining).toBeLessThanOrEqual(first.remaining - 25);
      expect((await backend.counters.hit('short window', SHORT)).count).toBe(1);
      await under.elapse(SHORT + 20);
      expect((await backend.counters.hit('short window', LONG)).count).toBe(1);
      expect((await backend.counters.hit('short window', SHORT)).count).toBe(2);
      await under.elapse(SHORT + 20);
      expect((await backend.counters.hit('short window', SHORT)).count).toBe(3);
    });

    it('shows what it counted without counting, on every handle', async () => {
      expect(await backend.counters.peek('peeked')).toBeUndefined();
      await backend.counters.hit('peeked', LONG);
      await backend.counters.hit('peeked', LONG);
      for (const counters of [backend.counters, other.counters, backend.counters]) {
        const seen = await counters.peek('peeked');
        expect(seen?.count).toBe(2);
        expect(seen?.remaining).toBeGreaterThan(0);
        expect(seen?.remaining).toBeLessThanOrEqual(LONG);
      }
      await backend.counters.hit('peeked late', SHORT);
      await under.elapse(SHORT + 20);
      expect(await other.counters.peek('peeked late')).toBeUndefined();
    });

    it('closes a window at once for all handles, and no other window', async () => {
      await backend.counters.hit('closed', LONG);
      await backend.counters.hit('open', LONG);
      await other.counters.reset('closed');
      await other.counters.reset('never opened');
      expect(await backend.counters.peek('closed')).toBeUndefined();
      expect((await backend.counters.hit('closed', LONG)).count).toBe(1);
      expect((await backend.counters.hit('open', LONG)).count).toBe(2);
    });

    it('takes events back, down to none, without touching the window', async () => {
      await backend.counters.forgive('never counted');
      expect(await backend.counters.peek('never counted')).toBeUndefined();
      for (let hit = 0; hit < 3; hit++) await backend.counters.hit('forgiven', LONG);
      await other.counters.forgive('forgiven');
      const left = await backend.counters.peek('forgiven');
      expect(left?.count).toBe(2);
      for (let more = 0; more < 5; more++) await other.counters.forgive('forgiven');
      const again = await backend.counters.hit('forgiven', LONG);
      expect(again.count).toBe(1);
      expect(again.remaining).toBeLessThanOrEqual(left?.remaining ?? 0);
      await backend.counters.hit('forgiven late', SHORT);
      await under.elapse(SHORT + 20);
      await other.counters.forgive('forgiven late');
      expect((await backend.counters.hit('forgiven late', SHORT)).count).toBe(1);
    });

    it('keeps hostile keys apart', async () => {
      const keys = [...new Set(HOSTILE_IDS)];
      for (const key of keys) expect((await backend.counters.hit(key, LONG)).count).toBe(1);
      for (const key of keys) expect((await other.counters.hit(key, LONG)).count).toBe(2);
    });
  });
}
