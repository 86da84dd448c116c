import { beforeEach, describe, expect, it } from 'vitest';
import type { Client } from '../../src/model/client.ts';
import { seconds } from '../../src/model/units.ts';
import { type ClientRegistry, createClients } from '../../src/registry/clients.ts';
import type { Backend } from '../../src/stores/backend.ts';
import type { DocumentStore } from '../../src/stores/document_store.ts';
import { memory } from '../../src/stores/memory.ts';
import { app } from '../oauth/core_under_test.ts';
import { ManualClock } from '../support/manual_clock.ts';

let clock: ManualClock;
let documents: DocumentStore;
let clients: ClientRegistry;
beforeEach(async () => {
  clock = new ManualClock(1_000_000);
  documents = (await (memory.create({}, { clock, directory: '/', report: () => {} }) as Promise<Backend>)).documents;
  clients = createClients({ configured: [app], documents, clock });
});

const draft = { name: 'New', grants: ['client_credentials'] };

describe('add', () => {
  it('gives a 256-bit secret once and keeps its hash only', async () => {
    const { client, secret } = await clients.add(draft);
    expect(secret).toMatch(/^ghk_[A-Za-z0-9_-]{43}$/);
    expect(client.secrets).toEqual([{ hash: expect.stringMatching(/^sha256:[A-Za-z0-9_-]{43}$/) }]);
    expect(JSON.stringify(await clients.find(client.id))).not.toContain(secret);
    expect(client).toMatchObject({ redirectUris: [], scopes: [], public: false, disabled: false });
  });

  it('gives a public client no secret', async () => {
    const added = await clients.add({ ...draft, public: true });
    expect(added).not.toHaveProperty('secret');
    expect(added.client.secrets).toEqual([]);
  });

  it('refuses an id that is taken, in the store or in the configuration', async () => {
    await clients.add({ ...draft, id: 'mine' });
    await expect(clients.add({ ...draft, id: 'mine' })).rejects.toThrow('choose another');
    await expect(clients.add({ ...draft, id: 'app' })).rejects.toThrow('choose another');
  });
});

describe('find', () => {
  it('lets a configured client win over a stored one', async () => {
    await documents.put('client', 'app', { ...app, name: 'Impostor' });
    expect((await clients.find('app'))?.name).toBe('The App');
    expect((await clients.list(10)).items.map(({ name }) => name)).toEqual(['The App']);
  });

  it('does not find a client any more once it is removed', async () => {
    const { client } = await clients.add(draft);
    expect(await clients.remove(client.id)).toBe(true);
    expect(await clients.find(client.id)).toBeUndefined();
    expect(await clients.remove(client.id)).toBe(false);
  });

  it.each(['__proto__', 'constructor', 'x'.repeat(100_000), ''])('finds nothing under a hostile id', async (id) => {
    expect(await clients.find(id)).toBeUndefined();
  });
});

describe('configured clients', () => {
  it('cannot be changed from here, and the message says where', async () => {
    await expect(clients.remove('app')).rejects.toThrow('configuration file');
    await expect(clients.rotateSecret('app', seconds(60))).rejects.toThrow('configuration file');
  });
});

describe('rotateSecret', () => {
  it('keeps the old secret for the overlap, and does not prolong an older one', async () => {
    const { client } = await clients.add(draft);
    await clients.rotateSecret(client.id, seconds(60));
    clock.advance(30_000);
    const latest = await clients.rotateSecret(client.id, seconds(600));
    const secrets = (await clients.find(client.id))?.secrets.map(({ expiresAt }) => expiresAt);
    expect(latest).toMatch(/^ghk_/);
    expect(secrets).toEqual([undefined, 1630, 1060]);
  });

  it('drops secrets that have expired, and the old one at once without an overlap', async () => {
    const { client } = await clients.add(draft);
    await clients.rotateSecret(client.id, seconds(0));
    expect((await clients.find(client.id))?.secrets).toHaveLength(1);
  });

  it('says what is wrong for unknown and public clients', async () => {
    await expect(clients.rotateSecret('nobody', seconds(1))).rejects.toThrow('There is no client');
    const { client } = await clients.add({ ...draft, public: true });
    await expect(clients.rotateSecret(client.id, seconds(1))).rejects.toThrow('public');
  });
});

describe('list', () => {
  it.each([1, 2, 3, 7, 100])(
    'pages through configured and stored ones in the order of ids, %i at a time',
    async (limit) => {
      const named = (id: string): Client => ({ ...app, id, name: id });
      const configured = ['b', 'd', 'f', 'z'].map(named);
      clients = createClients({ configured, documents, clock });
      for (const id of ['a', 'c', 'd', 'e', 'g']) await documents.put('client', id, named(id));
      const found: string[] = [];
      let after: string | undefined;
      do {
        const page = await clients.list(limit, after);
        expect(page.items.length).toBeLessThanOrEqual(limit);
        found.push(...page.items.map(({ id }) => id));
        after = page.next;
      } while (after !== undefined);
      expect(found).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'z']);
    },
  );
});
