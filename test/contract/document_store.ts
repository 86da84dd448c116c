import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client, Consent, SigningKey, User } from '../../src/model/client.ts';
import { seconds } from '../../src/model/units.ts';
import type { Backend } from '../../src/stores/backend.ts';
import type { DocumentStore } from '../../src/stores/document_store.ts';
import type { BackendUnderTest } from './backend_under_test.ts';
import { HOSTILE_IDS } from './records.ts';

const CLIENT: Client = {
  id: 'c1',
  name: 'One',
  description: 'The first',
  secrets: [{ hash: 'sha256:x', expiresAt: seconds(1_800_000_000) }, { hash: 'sha256:y' }],
  public: false,
  grants: ['authorization_code'],
  redirectUris: ['http://127.0.0.1/callback'],
  scopes: ['a'],
  audience: [],
  connections: ['users'],
  disabled: false,
};
const USER: User = {
  id: 'u1',
  connection: 'users',
  username: 'x',
  passwordHash: '$argon2id$',
  roles: [],
  disabled: false,
};
const CONSENT: Consent = { subject: 'u1', client: 'c1', scopes: ['a'], grantedAt: seconds(1_750_000_000) };
const KEY: SigningKey = {
  algorithm: 'ES256',
  publicJwk: { kty: 'EC', crv: 'P-256', x: 'eA', y: 'eQ', kid: 'k1', alg: 'ES256', use: 'sig' },
  privateJwk: '{"kty":"EC"}',
  activeFrom: seconds(1_750_000_000),
  activeUntil: seconds(1_752_000_000),
  publishedUntil: seconds(1_753_000_000),
};

/** What every document store promises. */
export function documentStoreContract(start: () => Promise<BackendUnderTest>): void {
  describe('document store contract', () => {
    let under: BackendUnderTest;
    let backend: Backend;
    let other: Backend;
    let store: DocumentStore;

    beforeAll(async () => {
      under = await start();
      [backend, other] = await Promise.all([under.open(), under.open()]);
      store = backend.documents;
    });
    afterAll(async () => {
      await Promise.all([backend?.close(), other?.close()]);
      await under?.stop();
    });

    it('returns every kind as it was put, on every handle, and each kind apart from the others', async () => {
      await store.put('client', 'same', CLIENT);
      await store.put('user', 'same', USER);
      await store.put('username', 'same', { id: 'u1' });
      await store.put('consent', 'same', CONSENT);
      await store.put('contact', 'same', { id: 'u2' });
      await store.put('signing_key', 'same', KEY);
      await store.put('client_use', 'same', { lastUsedAt: seconds(1_760_000_000) });
      expect(await other.documents.get('client', 'same')).toEqual(CLIENT);
      expect(await other.documents.get('user', 'same')).toEqual(USER);
      expect(await other.documents.get('username', 'same')).toEqual({ id: 'u1' });
      expect(await other.documents.get('consent', 'same')).toEqual(CONSENT);
      expect(await other.documents.get('contact', 'same')).toEqual({ id: 'u2' });
      expect(await other.documents.get('signing_key', 'same')).toEqual(KEY);
      expect(await other.documents.get('client_use', 'same')).toEqual({ lastUsedAt: 1_760_000_000 });
      expect(await store.delete('user', 'same')).toBe(true);
      expect(await store.delete('user', 'same')).toBe(false);
      expect(await store.get('user', 'same')).toBeUndefined();
      expect(await store.get('client', 'same')).toEqual(CLIENT);
    });

    it('replaces, unless the id was to be new', async () => {
      await store.put('client', 'r', CLIENT);
      expect(await store.put('client', 'r', { ...CLIENT, name: 'Two' })).toBe(true);
      expect(await store.put('client', 'r', { ...CLIENT, name: 'Three' }, { ifAbsent: true })).toBe(false);
      expect((await store.get('client', 'r'))?.name).toBe('Two');
    });

    it('replaces only, if the id was to be there', async () => {
      expect(await store.put('client', 'old', CLIENT, { ifPresent: true })).toBe(false);
      expect(await store.get('client', 'old')).toBeUndefined();
      expect((await store.list('client', 1_000)).items.map(({ id }) => id)).not.toContain('old');
      await store.put('client', 'old', CLIENT);
      expect(await store.put('client', 'old', { ...CLIENT, name: 'Two' }, { ifPresent: true })).toBe(true);
      expect((await store.get('client', 'old'))?.name).toBe('Two');
    });

    it.each(['client', 'username'] as const)(
      'replaces only, if it reads as an editor began with (%s)',
      async (kind) => {
        const [one, two, three]: readonly [Client, Client, Client] = [
          CLIENT,
          { ...CLIENT, name: 'Two', createdAt: seconds(1_760_000_000), dialects: ['oauth2'] },
          { ...CLIENT, name: 'Three' },
        ];
        const as = (client: Client) => (kind === 'client' ? client : { id: client.name });
        const put = (document: Client, ifUnchanged: Client) =>
          store.put(kind, 'edited', as(document) as never, { ifUnchanged: as(ifUnchanged) as never });
        expect(await put(one, one)).toBe(false);
        expect(await store.get(kind, 'edited')).toBeUndefined();
        await store.put(kind, 'edited', as(one) as never);
        // Members in another order, and members that are there without a value, are the same document.
        const same = Object.fromEntries([...Object.entries({ ...one, dialects: undefined })].reverse());
        expect(await put(two, same as never)).toBe(true);
        expect(await put(three, one)).toBe(false);
        expect(await store.get(kind, 'edited')).toEqual(as(two));
        const edits = Array.from({ length: 20 }, (_, at) => ({ ...CLIENT, name: `Edit ${at}` }));
        const done = await Promise.all(
          edits.map((edit, at) =>
            (at % 2 ? backend : other).documents.put(kind, 'edited', as(edit) as never, {
              ifUnchanged: as(two) as never,
            }),
          ),
        );
        expect(done.filter(Boolean)).toHaveLength(1);
        expect(await store.get(kind, 'edited')).toEqual(as(edits[done.indexOf(true)] ?? one));
        await store.delete(kind, 'edited');
        expect(await put(one, two)).toBe(false);
      },
    );

    it('gives a new id to exactly one of twenty that want it at once, over two handles', async () => {
      const won = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          (index % 2 ? backend : other).documents.put('username', 'wanted', { id: `u${index}` }, { ifAbsent: true }),
        ),
      );
      expect(won.filter(Boolean)).toHaveLength(1);
      expect(await store.get('username', 'wanted')).toEqual({ id: `u${won.indexOf(true)}` });
    });

    it('pages through a kind in the byte order of ids, hostile ones included', async () => {
      const ids = [...new Set(HOSTILE_IDS)];
      for (const id of ids) await store.put('consent', `p${id}`, { ...CONSENT, subject: id });
      for (const id of ids) expect((await store.get('consent', `p${id}`))?.subject).toBe(id);
      const listed: string[] = [];
      for (let after: string | undefined = 'p\0'.slice(0, 1); after !== undefined; ) {
        const page: Awaited<ReturnType<typeof store.list<'consent'>>> = await store.list('consent', 7, after);
        listed.push(...page.items.map(({ id }) => id));
        expect(page.items.length).toBeLessThanOrEqual(7);
        after = page.next;
      }
      // The page after `p` starts behind it, so the id that is `p` alone is not among them.
      const expected = ids.filter((id) => id !== '').map((id) => Buffer.from(`p${id}`));
      expect(listed.filter((id) => id.startsWith('p'))).toEqual(expected.sort(Buffer.compare).map(String));
      const first = await store.list('consent', 1_000);
      expect(first.next).toBeUndefined();
      expect(first.items.map(({ id }) => id)).toContain('p');
      for (const id of ids) expect(await store.delete('consent', `p${id}`)).toBe(true);
      expect((await store.list('consent', 10, 'p')).items.filter(({ id }) => id.startsWith('p'))).toEqual([]);
    });

    it('says what is left exactly when something is left', async () => {
      for (const id of ['1', '2', '3']) await store.put('username', `page-${id}`, { id });
      const page = await store.list('username', 2, 'page-');
      expect(page.items).toEqual([
        { id: 'page-1', document: { id: '1' } },
        { id: 'page-2', document: { id: '2' } },
      ]);
      expect(page.next).toBe('page-2');
    });

    it('refuses limits outside 1 to 1,000 and ids that are not Unicode', async () => {
      await expect(store.list('client', 0)).rejects.toThrow(RangeError);
      await expect(store.list('client', 1_001)).rejects.toThrow(RangeError);
      await expect(store.put('username', '\ud800', { id: 'x' })).rejects.toThrow(RangeError);
      expect(await store.get('username', '\ud800')).toBeUndefined();
    });
  });
}
