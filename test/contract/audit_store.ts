import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AuditEntry, AuditEvent } from '../../src/model/audit.ts';
import { milliseconds } from '../../src/model/units.ts';
import type { AuditFilter, AuditStore } from '../../src/stores/audit_store.ts';
import type { Backend } from '../../src/stores/backend.ts';
import type { BackendUnderTest } from './backend_under_test.ts';
import { HOSTILE_IDS } from './records.ts';

/** What the suite's backends keep events for: longer than one test takes, and short enough to be waited for. */
export const KEPT = milliseconds(3_000);

/** What every audit store promises. @param start of backends that keep events for `KEPT`. */
export function auditStoreContract(start: () => Promise<BackendUnderTest>): void {
  describe('audit store contract', () => {
    let under: BackendUnderTest;
    let first: Backend;
    let second: Backend;
    let store: AuditStore;
    let count = 0;

    beforeAll(async () => {
      under = await start();
      [first, second] = await Promise.all([under.open(), under.open()]);
      store = first.audit;
    });
    afterAll(async () => {
      await Promise.all([first?.close(), second?.close()]);
      await under?.stop();
    });

    const entry = (more: Partial<AuditEntry> = {}): AuditEntry => ({
      at: under.clock.now(),
      actor: { kind: 'user', id: 'u-admin', name: 'Admin' },
      via: 'api',
      action: 'clients.create',
      outcome: 'done',
      ...more,
    });
    /** An actor of this test alone. */
    const actor = () => {
      count += 1;
      return { kind: 'user', id: `actor-${count}` } as const;
    };
    const all = async (filter: AuditFilter, limit = 1_000): Promise<AuditEvent[]> => {
      const events: AuditEvent[] = [];
      for (let before: string | undefined, pages = 0; pages === 0 || before !== undefined; pages += 1) {
        const page: Awaited<ReturnType<AuditStore['page']>> = await second.audit.page(filter, limit, before);
        expect(page.items.length).toBeLessThanOrEqual(limit);
        events.push(...page.items);
        before = page.next;
      }
      return events;
    };

    it('returns every entry as it was added, with an id, on every handle', async () => {
      const by = actor();
      const full = entry({
        actor: { ...by, name: '<script>\u0000"' },
        target: { kind: 'client', id: 'c1', name: 'One' },
        address: '::1',
        requestId: 'r1',
        detail: { fields: 'name', count: 2, kept: true },
      });
      const added = [await store.append(full), await store.append(entry({ actor: by, outcome: 'refused' }))];
      expect(added[0]).toEqual({ ...full, id: expect.any(String) });
      expect(await all({ actor: by.id })).toEqual(added.toReversed());
    });

    it('gives ids in the order of time, and pages newest first without gaps or repeats', async () => {
      const by = actor();
      const added: AuditEvent[] = [];
      for (let at = 0; at < 10; at += 1) {
        added.push(await (at % 2 ? first : second).audit.append(entry({ actor: by, detail: { at } })));
      }
      expect(added.map(({ id }) => id)).toEqual(added.map(({ id }) => id).sort());
      for (const limit of [1, 3, 10, 1_000]) expect(await all({ actor: by.id }, limit)).toEqual(added.toReversed());
    });

    it('loses none of a hundred that are added at once over two handles', async () => {
      const by = actor();
      const added = await Promise.all(
        Array.from({ length: 100 }, (_, at) =>
          (at % 2 ? first : second).audit.append(entry({ actor: by, detail: { at } })),
        ),
      );
      expect(new Set(added.map(({ id }) => id)).size).toBe(100);
      const read = await all({ actor: by.id }, 7);
      expect(read.map(({ id }) => id)).toEqual(
        added
          .map(({ id }) => id)
          .sort()
          .reverse(),
      );
    });

    it('filters by who, what, to what and when, together', async () => {
      const by = actor();
      const now = under.clock.now();
      const at = (ago: number) => milliseconds(now - ago);
      const target = (id: string) => ({ kind: 'client', id }) as const;
      const old = await store.append(entry({ actor: by, at: at(200), target: target('a') }));
      const middle = await store.append(
        entry({ actor: by, at: at(100), action: 'clients.update', target: target('b') }),
      );
      const latest = await store.append(entry({ actor: by, at: at(50), action: 'clientsx', target: target('a') }));
      const filtered = (filter: AuditFilter) => all({ actor: by.id, ...filter }, 2);
      expect(await filtered({ action: 'clients.' })).toEqual([middle, old]);
      expect(await filtered({ action: 'clients.update' })).toEqual([middle]);
      expect(await filtered({ action: 'clients' })).toEqual([]);
      expect(await filtered({ target: 'a' })).toEqual([latest, old]);
      expect((await all({ target: 'a', action: 'clients.create' })).at(0)).toEqual(old);
      expect(await filtered({ from: at(100) })).toEqual([latest, middle]);
      expect(await filtered({ until: at(100) })).toEqual([old]);
      expect(await filtered({ from: at(100), until: at(50) })).toEqual([middle]);
      expect(await filtered({ from: at(50), until: at(100) })).toEqual([]);
      expect(await all({ actor: 'nobody' })).toEqual([]);
    });

    it('keeps hostile actors and targets apart, and takes hostile cursors', async () => {
      const actors = HOSTILE_IDS.map((id) => ({ kind: 'user', id: `a${id}` }) as const);
      await Promise.all(actors.map((it) => store.append(entry({ actor: it, target: { kind: 'user', id: it.id } }))));
      for (const { id } of actors) {
        expect((await all({ actor: id, target: id })).map((event) => event.actor.id)).toEqual([id]);
        await store.page({}, 2, id);
      }
    });

    it('shows nothing that is older than it is kept, and refuses limits outside 1 to 1,000', async () => {
      const by = actor();
      await store.append(entry({ actor: by }));
      await under.elapse(KEPT + 100);
      const young = await store.append(entry({ actor: by }));
      expect(await all({ actor: by.id })).toEqual([young]);
      expect(await all({ actor: by.id, from: milliseconds(0) })).toEqual([young]);
      await expect(store.page({}, 0)).rejects.toThrow(RangeError);
      await expect(store.page({}, 1_001)).rejects.toThrow(RangeError);
    });
  });
}
