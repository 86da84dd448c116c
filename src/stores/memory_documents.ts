import type { DocumentKind, DocumentOf } from '../model/client.ts';
import { checkDocumentId, checkLimit } from './document_codec.ts';
import type { DocumentStore, Page, PutCondition } from './document_store.ts';

type Shelves = { readonly [K in DocumentKind]: Map<string, DocumentOf[K]> };

export class MemoryDocuments implements DocumentStore {
  readonly #shelves: Shelves = {
    client: new Map(),
    user: new Map(),
    username: new Map(),
    contact: new Map(),
    consent: new Map(),
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
    how: PutCondition = { ifAbsent: false },
  ) {
    checkDocumentId(id);
    const shelf: Map<string, DocumentOf[K]> = this.#shelves[kind];
    if (shelf.has(id) ? 'ifAbsent' in how && how.ifAbsent : 'ifPresent' in how && how.ifPresent) return false;
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
}

/** JavaScript compares UTF-16 units, which is another order. */
const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
