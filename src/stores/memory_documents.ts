import type { DocumentKind, DocumentOf } from '../model/client.ts';
import {
  comparePositions,
  foldSearch,
  matchingWord,
  readSearchCursor,
  type SearchedKind,
  searchCursor,
} from '../model/search_words.ts';
import { checkDocumentId, checkLimit, encodeDocument, mayReplace } from './document_codec.ts';
import type { DocumentStore, Page, PutCondition } from './document_store.ts';

type Shelves = { readonly [K in DocumentKind]: Map<string, DocumentOf[K]> };

export class MemoryDocuments implements DocumentStore {
  readonly #shelves: Shelves = {
    client: new Map(),
    user: new Map(),
    username: new Map(),
    contact: new Map(),
    consent: new Map(),
    client_use: new Map(),
    signing_key: new Map(),
    token_key: new Map(),
  };

  async get<K extends DocumentKind>(kind: K, id: string): Promise<DocumentOf[K] | undefined> {
    return this.#shelves[kind].get(id);
  }

  async put<K extends DocumentKind>(
    kind: K,
    id: string,
    document: DocumentOf[K],
    how: PutCondition<K> = { ifAbsent: false },
  ) {
    checkDocumentId(id);
    const shelf: Map<string, DocumentOf[K]> = this.#shelves[kind];
    const there = shelf.get(id);
    if (!mayReplace(kind, there && encodeDocument(there), how)) return false;
    shelf.set(id, document);
    return true;
  }

  async delete(kind: DocumentKind, id: string): Promise<boolean> {
    return this.#shelves[kind].delete(id);
  }

  async list<K extends DocumentKind>(kind: K, limit: number, after?: string): Promise<Page<DocumentOf[K]>> {
    checkLimit(limit);
    const shelf: Map<string, DocumentOf[K]> = this.#shelves[kind];
    const following = [...shelf]
      .filter(([id]) => after === undefined || byBytes(id, after) > 0)
      .sort(([a], [b]) => byBytes(a, b));
    const items = following.slice(0, limit).map(([id, document]) => ({ id, document }));
    const last = items.at(-1);
    return following.length > limit && last !== undefined ? { items, next: last.id } : { items };
  }

  async search<K extends SearchedKind>(
    kind: K,
    text: string,
    limit: number,
    after?: string,
  ): Promise<Page<DocumentOf[K]>> {
    checkLimit(limit);
    const folded = foldSearch(text);
    const begin = after === undefined ? undefined : readSearchCursor(after);
    const shelf: Map<string, DocumentOf[K]> = this.#shelves[kind];
    const found = [...shelf]
      .flatMap(([id, document]) => {
        const word = matchingWord(kind, document, folded);
        return word === undefined ? [] : [{ word, id, document }];
      })
      .filter((it) => begin === undefined || comparePositions(it, begin) > 0)
      .sort(comparePositions);
    const items = found.slice(0, limit).map(({ id, document }) => ({ id, document }));
    const last = found[limit - 1];
    return found.length > limit && last !== undefined ? { items, next: searchCursor(last) } : { items };
  }
}

/** JavaScript compares UTF-16 units, which is another order. */
const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
