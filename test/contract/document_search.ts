import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { User } from '../../src/model/client.ts';
import { foldSearch, matchingWord } from '../../src/model/search_words.ts';
import type { Backend } from '../../src/stores/backend.ts';
import type { DocumentStore } from '../../src/stores/document_store.ts';
import type { BackendUnderTest } from './backend_under_test.ts';
import { HOSTILE_IDS } from './records.ts';

export const userNamed = (id: string, more: Partial<User> = {}): User => ({
  id,
  connection: 'users',
  username: id,
  passwordHash: '$argon2id$',
  roles: [],
  disabled: false,
  ...more,
});

/** What every document store promises of searching. */
export function documentSearchContract(start: () => Promise<BackendUnderTest>): void {
  describe('document search contract', () => {
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

    afterEach(async () => {
      const { items } = await store.list('user', 1_000);
      await Promise.all(items.map(({ id }) => store.delete('user', id)));
      expect((await other.documents.search('user', '', 1_000)).items).toEqual([]);
    });

    const put = (...users: readonly User[]) => Promise.all(users.map((user) => store.put('user', user.id, user)));
    const found = async (text: string, limit = 1_000, by: DocumentStore = other.documents): Promise<string[]> => {
      const ids: string[] = [];
      for (let after: string | undefined, pages = 0; pages === 0 || after !== undefined; pages += 1) {
        const page: Awaited<ReturnType<typeof by.search<'user'>>> = await by.search('user', text, limit, after);
        if (after !== undefined || page.next !== undefined) expect(page.items.length).toBeGreaterThan(0);
        if (page.next !== undefined) expect(page.items).toHaveLength(limit);
        ids.push(...page.items.map(({ id }) => id));
        after = page.next;
      }
      return ids;
    };

    it('finds by the beginnings of id, username, name, e-mail address and phone number, in every spelling', async () => {
      const alice = userNamed('id-7', {
        username: 'Queen',
        name: 'Alice  Pleasance\tLIDDELL',
        email: 'Lewis@Example.com',
        phoneNumber: '+15550100',
      });
      const another = userNamed('id-8', { name: 'Zo\u00eb' });
      await put(alice, another);
      for (const text of [
        ...['id-7', 'QUEEN', 'q', 'alice', 'liddell', 'Pleasance lid', ' alice pleasance liddell ', 'lewis@ex'],
        ...['+1555', '1555', 'alice\u0000pleasance'],
      ]) {
        expect(await found(text), text).toEqual(['id-7']);
      }
      for (const text of ['zo\u00eb', 'ZOE\u0308']) expect(await found(text)).toEqual(['id-8']);
      for (const text of ['lice', 'example.com', 'id-9', '%', '*', '_', '\\', "'", '\u{10ffff}x', 'alicepleasance']) {
        expect(await found(text), text).toEqual([]);
      }
      expect(await found('id-')).toEqual(['id-7', 'id-8']);
      expect((await store.search('client', 'id-', 10)).items).toEqual([]);
      expect((await store.search('user', 'queen', 10)).items).toEqual([{ id: 'id-7', document: alice }]);
    });

    it('finds by what a document has now, and not by what it had', async () => {
      const before = userNamed('n1', { name: 'Before Both', email: 'same@example.com' });
      await put(before);
      await store.put('user', 'n1', { ...before, name: 'After Both' }, { ifUnchanged: before });
      expect(await found('before')).toEqual([]);
      for (const text of ['after', 'both', 'same@', 'n1']) expect(await found(text)).toEqual(['n1']);
      expect(await store.put('user', 'n1', before, { ifAbsent: true })).toBe(false);
      expect(await found('before')).toEqual([]);
      expect(await store.delete('user', 'n1')).toBe(true);
      for (const text of ['after', 'both', 'same@', 'n1', '']) expect(await found(text)).toEqual([]);
    });

    it('lists each once, in pages of any size, where all of its words begin alike', async () => {
      const users = Array.from({ length: 30 }, (_, at) =>
        userNamed(`same-${at}`, {
          username: `same${at % 7}`,
          name: `Same Sam ${at % 3} ${'same '.repeat(at % 5)}`,
          email: `sam${at}@example.com`,
        }),
      );
      await put(...users);
      for (const text of ['', 's', 'sa', 'sam', 'same', 'same-', 'same-1', 'same ', 'same sam', 'sam 2', 'sam1']) {
        const folded = foldSearch(text);
        const expected = users
          .map((user) => ({ id: user.id, word: matchingWord('user', user, folded) }))
          .filter(({ word }) => word !== undefined)
          .map(({ id, word }) => Buffer.from(`${word}\0${id}`))
          .sort(Buffer.compare)
          .map((place) => String(place).split('\0')[1]);
        for (const limit of [1, 4, 1_000]) expect(await found(text, limit), `${text} by ${limit}`).toEqual(expected);
      }
    });

    it('searches for hostile texts, and pages from hostile cursors, without harm', async () => {
      const users = HOSTILE_IDS.map((text, at) => userNamed(`h${at}`, { username: `x${text}`, name: text }));
      await put(...users);
      for (const text of [...HOSTILE_IDS, '\ud800', 'x'.repeat(63), `${'x'.repeat(63)}\u{1f600}`]) {
        const folded = foldSearch(text);
        const expected = users.filter((user) => matchingWord('user', user, folded) !== undefined).map(({ id }) => id);
        expect((await found(text)).sort(), JSON.stringify(text)).toEqual(expected.sort());
        const from = Buffer.from(text).toString('base64url');
        for (const cursor of [text, from, `${from}AA`]) {
          const { items } = await store.search('user', 'h', 3, cursor);
          expect(items.every(({ id }) => users.some((user) => user.id === id))).toBe(true);
        }
      }
    });

    it('finds what twenty editors of one document leave, and nothing of the others, over two handles', async () => {
      const edits = Array.from({ length: 20 }, (_, at) =>
        userNamed('raced', { name: `Edit${at} of many`, username: `r${at}` }),
      );
      const outcomes = await Promise.all(
        edits.map((edit, at) => {
          const { documents } = at % 2 ? backend : other;
          return at % 5 === 4 ? documents.delete('user', 'raced') : documents.put('user', 'raced', edit);
        }),
      );
      expect(outcomes).toHaveLength(20);
      const left = await store.get('user', 'raced');
      for (const edit of edits) {
        expect(await found(`${edit.name}`)).toEqual(left?.name === edit.name ? ['raced'] : []);
      }
    });

    it('refuses limits outside 1 to 1,000', async () => {
      await expect(store.search('client', 'x', 0)).rejects.toThrow(RangeError);
      await expect(store.search('client', 'x', 1_001)).rejects.toThrow(RangeError);
    });
  });
}
