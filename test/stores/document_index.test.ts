import fc from 'fast-check';
import { expect, it } from 'vitest';
import { foldSearch, matchingWord, readSearchCursor, searchCursor, wordsOf } from '../../src/model/search_words.ts';
import { indexEntries } from '../../src/stores/document_index.ts';
import { userNamed } from '../contract/document_search.ts';

/** Short texts of few letters, so that words begin alike, and some that nobody would write. */
const text = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', 'A', 'b', ' ', 'é', '\u{1f600}', '\uffff', '\u0000'), maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 90 }),
);
const user = fc
  .record({ id: text, username: text, name: text, email: text, phoneNumber: text })
  .map(({ id, ...more }) => userNamed(id, more));

it('lists a document once for every beginning that one of its words has, under the smallest of them', () => {
  fc.assert(
    fc.property(user, text, (document, searched) => {
      const entries = indexEntries('user', document);
      const beginnings = entries.flatMap(({ word }) => [...word].map((_, at, all) => all.slice(0, at + 1).join('')));
      for (const folded of [...beginnings, foldSearch(searched), '']) {
        const listed = entries.filter(({ least, word }) => least <= folded.length && word.startsWith(folded));
        const expected = matchingWord('user', document, folded);
        expect(listed.map(({ word }) => word)).toEqual(expected === undefined ? [] : [expected]);
      }
    }),
  );
});

it('has words of bounded number and length, in the order of bytes, that fold to themselves', () => {
  fc.assert(
    fc.property(user, (document) => {
      const words = wordsOf('user', document);
      expect(words.length).toBeLessThanOrEqual(5 + 8);
      for (const word of words) {
        expect(word.length).toBeLessThanOrEqual(64);
        expect(word.isWellFormed()).toBe(true);
        expect(foldSearch(word)).toBe(word);
      }
      expect(words.map((word) => Buffer.from(word))).toEqual(
        words.map((word) => Buffer.from(word)).sort(Buffer.compare),
      );
    }),
  );
});

it('reads cursors back, and any other text as some place', () => {
  fc.assert(
    fc.property(text, text, text, (word, id, other) => {
      const position = { word: foldSearch(word), id: id.toWellFormed() };
      expect(readSearchCursor(searchCursor(position))).toEqual(position);
      expect(readSearchCursor(other)).toEqual({ word: expect.any(String), id: expect.any(String) });
    }),
  );
});
