import type { DocumentKind, DocumentOf } from '../model/client.ts';
import { CorruptRecord } from '../model/failure.ts';
import {
  comparePositions,
  foldSearch,
  matchingWord,
  readSearchCursor,
  type SearchedKind,
  type SearchPosition,
  searchCursor,
  wordsOf,
} from '../model/search_words.ts';
import { checkLimit, decodeDocument, FULL_PAGE } from './document_codec.ts';
import type { Page } from './document_store.ts';
import type { Answer } from './token_store.ts';

/**
 * The index that stores keep of documents that are searched. An entry is a word of a document and the length that a search must
 * have for this word to be the smallest of the document's that it finds (`least`). So all that a search of n characters finds is
 * what begins with it in the n + 1 parts of the index with the `least` of 0 to n, each document once: a page costs some steps down
 * a few trees, however much there is and however little of it matches.
 */
export interface IndexEntry {
  readonly least: number;
  readonly word: string;
}

export const isSearched = (kind: DocumentKind): kind is SearchedKind => kind === 'client' || kind === 'user';

/** @returns none for a kind that is not searched. */
export function indexEntries<K extends DocumentKind>(kind: K, document: DocumentOf[K]): readonly IndexEntry[] {
  if (!isSearched(kind)) return [];
  // The kind says which shape the document has.
  const words = wordsOf<SearchedKind>(kind, document as DocumentOf[SearchedKind]);
  return words.map((word, at) => ({ word, least: at === 0 ? 0 : sharedLength(words[at - 1] ?? '', word) + 1 }));
}

/** As `indexEntries` of what was stored; none for what cannot be read, which is not found and in nobody's way. */
export function storedEntries(kind: DocumentKind, stored: unknown): readonly IndexEntry[] {
  if (!isSearched(kind) || stored === undefined || stored === null) return [];
  try {
    return indexEntries(kind, decodeDocument(kind, stored));
  } catch (error) {
    if (error instanceof CorruptRecord) return [];
    throw error;
  }
}

function sharedLength(one: string, other: string): number {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length += 1;
  return length;
}

/** What an index knows of a search: the entries to look at, and the documents they lead to. */
export interface SearchedIndex<K extends SearchedKind> {
  /** The first `count` positions after `begin`, in order, of words that begin with `folded` in the parts 0 to `most`. */
  positions(folded: string, most: number, count: number, begin?: SearchPosition): Answer<readonly SearchPosition[]>;
  /** Undefined for a document that is gone. */
  documents(ids: readonly string[]): Answer<readonly (DocumentOf[K] | undefined)[]>;
}

/** Rounds in which all that was found might be left over from documents that nobody could read when they were replaced. */
const MOST_ROUNDS = 10;
/** So many documents are read to see how long they are. */
const FIRST_READ = 10;

/** @throws RangeError */
export async function searchPage<K extends SearchedKind>(
  kind: K,
  index: SearchedIndex<K>,
  { text, limit, after }: { readonly text: string; readonly limit: number; readonly after?: string | undefined },
): Promise<Page<DocumentOf[K]>> {
  checkLimit(limit);
  const folded = foldSearch(text);
  let begin = after === undefined ? undefined : readSearchCursor(after);
  const found: { readonly position: SearchPosition; readonly document: DocumentOf[K] }[] = [];
  let isAll = false;
  let length = 0;
  let looked = 0;
  for (let round = 0; round < MOST_ROUNDS && found.length <= limit && !isAll && length <= FULL_PAGE; round += 1) {
    const count = limit + 1 - found.length;
    const positions = await index.positions(folded, folded.length, count, begin);
    let read = 0;
    while (read < positions.length && length <= FULL_PAGE) {
      const likely = looked === 0 ? FIRST_READ : Math.ceil((FULL_PAGE - length + 1) / (1 + length / looked));
      const part = positions.slice(read, read + likely);
      const documents = await index.documents(part.map(({ id }) => id));
      for (const [at, position] of part.entries()) {
        const document = documents[at];
        length += document === undefined ? 0 : JSON.stringify(document).length;
        const former = found.at(-1)?.position;
        // What is left over may name the same word in another part.
        const isNew = former === undefined || comparePositions(former, position) !== 0;
        // Otherwise it has changed since, and is listed under another word.
        const isThere = document !== undefined && matchingWord(kind, document, folded) === position.word;
        if (isNew && isThere) found.push({ position, document });
      }
      read += part.length;
      looked += part.length;
    }
    begin = positions[read - 1];
    isAll = read === positions.length && positions.length < count;
  }
  const items = found.slice(0, limit).map(({ position, document }) => ({ id: position.id, document }));
  if (isAll && found.length <= limit) return { items };
  const last = found.length > limit ? found[limit - 1]?.position : begin;
  return last === undefined ? { items } : { items, next: searchCursor(last) };
}

/** The first of positions that several parts of the index have, each in its order. */
export const firstOf = (positions: readonly SearchPosition[], count: number): readonly SearchPosition[] =>
  positions.toSorted(comparePositions).slice(0, count);

/** Sorts behind everything that begins with `folded`: no word has this character. */
export const behind = (folded: string): string => `${folded}\u{10ffff}`;
