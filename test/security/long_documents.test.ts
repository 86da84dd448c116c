/**
 * Threat: a few hundred clients, each as long as a client may be, make lists and searches so long that the store does not give them in
 * its time, or that everybody's calls wait while they are read: operators are locked out of their own lists.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { clientDraft } from '../../src/admin/client_inputs.ts';
import { systemClock } from '../../src/model/clock.ts';
import { createClients } from '../../src/registry/clients.ts';
import type { Listing } from '../../src/registry/pages.ts';
import type { Backend } from '../../src/stores/backend.ts';
import { FULL_PAGE } from '../../src/stores/document_codec.ts';
import { embedded } from '../../src/stores/embedded.ts';
import { redis } from '../../src/stores/redis.ts';
import { dependencies } from '../contract/backend_under_test.ts';
import { startRedis } from '../support/redis_server.ts';

const stores: Readonly<Record<string, () => Promise<{ backend: Backend; stop(): Promise<unknown> }>>> = {
  async redis() {
    const server = await startRedis();
    const backend = await redis.create(redis.options.parse({ url: server.url }), dependencies(systemClock));
    return { backend, stop: () => server.stop() };
  },
  async embedded() {
    const folder = await mkdtemp(join(tmpdir(), 'gatehouse-'));
    const options = embedded.options.parse({ path: join(folder, 'gatehouse.db') });
    const backend = await embedded.create(options, dependencies(systemClock));
    return { backend, stop: () => rm(folder, { recursive: true }) };
  },
};

const COUNT = 40;
const redirectUris = Array.from({ length: 100 }, (_, at) => `https://app.example.com/${at}/`.padEnd(2_000, 'a'));

describe.each(Object.keys(stores))('clients that are as long as they may be, in %s', (name) => {
  it('come in pages that have an end, and none is missing', { timeout: 60_000 }, async () => {
    const draft = { name: 'Long', public: true, grants: ['authorization_code'], redirect_uris: redirectUris };
    expect(clientDraft.safeParse(draft).success).toBe(true);
    const opened = await stores[name]?.();
    if (opened === undefined) throw new Error('no such store');
    const { backend, stop } = opened;
    onTestFinished(async () => {
      await backend.close();
      await stop();
    });
    const clients = createClients({ configured: [], documents: backend.documents, clock: systemClock });
    const ids = Array.from({ length: COUNT }, (_, at) => `long-${String(at).padStart(3, '0')}`);
    const rest = { scopes: [], audience: [], redirectUris };
    for (const id of ids) {
      await clients.add({ ...rest, id, name: `Long ${id}`, public: true, grants: ['authorization_code'] });
    }
    const through = async (page: (after?: string) => Promise<Listing<{ readonly id: string }>>) => {
      const found: string[] = [];
      for (let after: string | undefined, more = true; more; more = after !== undefined) {
        const { items, next } = await page(after);
        // The document that fills a page is on it, and a search reads ten to see how long they are.
        expect(JSON.stringify(items).length).toBeLessThan(FULL_PAGE + 11 * 201_000);
        found.push(...items.map(({ id }) => id));
        after = next;
      }
      return found;
    };
    expect(await through((after) => clients.list(200, after))).toEqual(ids);
    // Whoever searches first may have to wait for the index.
    await expect
      .poll(
        () =>
          clients.search('long', 1).then(
            () => true,
            () => false,
          ),
        { timeout: 10_000 },
      )
      .toBe(true);
    expect(await through((after) => clients.search('long', 200, after))).toEqual(ids);
  });
});
