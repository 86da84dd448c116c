import type { DocumentKind, DocumentOf } from '../model/client.ts';
import type { SearchedKind } from '../model/search_words.ts';
import {
  checkDocumentId,
  checkLimit,
  decodeDocument,
  encodeDocument,
  FULL_PAGE,
  mayReplace,
} from './document_codec.ts';
import { searchPage } from './document_index.ts';
import type { DocumentStore, Page, PutCondition } from './document_store.ts';
import type { EmbeddedDatabase } from './embedded_database.ts';
import { EmbeddedSearch } from './embedded_search.ts';

/** SQLite compares texts by their UTF-8 bytes, which is the order of the contract. */
export class EmbeddedDocuments implements DocumentStore {
  readonly #database: EmbeddedDatabase;
  readonly #search: EmbeddedSearch;
  readonly #sql: ReturnType<typeof statements>;

  constructor(database: EmbeddedDatabase) {
    this.#database = database;
    this.#search = new EmbeddedSearch(database);
    this.#sql = statements(database);
  }

  async get<K extends DocumentKind>(kind: K, id: string): Promise<DocumentOf[K] | undefined> {
    if (!id.isWellFormed()) return undefined; // SQLite would look for another id
    const row = this.#database.read(() => this.#sql.get.get(kind, id));
    return row && decodeDocument(kind, row['value']);
  }

  async put<K extends DocumentKind>(
    kind: K,
    id: string,
    document: DocumentOf[K],
    how: PutCondition<K> = { ifAbsent: false },
  ): Promise<boolean> {
    checkDocumentId(id);
    const value = encodeDocument(document);
    return this.#database.write(() => {
      const there = this.#sql.get.get(kind, id)?.['value']?.toString();
      if (!mayReplace(kind, there, how)) return false;
      this.#sql.put.run({ kind, id, value });
      this.#search.change(kind, id, there, document);
      return true;
    });
  }

  async delete(kind: DocumentKind, id: string): Promise<boolean> {
    if (!id.isWellFormed()) return false;
    return this.#database.write(() => {
      const row = this.#sql.delete.get(kind, id);
      if (row) this.#search.change(kind, id, row['value']);
      return row !== undefined;
    });
  }

  async list<K extends DocumentKind>(kind: K, limit: number, after?: string): Promise<Page<DocumentOf[K]>> {
    checkLimit(limit);
    const rows: { readonly id: string; readonly value: unknown }[] = [];
    const isFull = this.#database.read(() => {
      let length = 0;
      const found =
        after === undefined ? this.#sql.first.iterate(kind, limit + 1) : this.#sql.next.iterate(kind, after, limit + 1);
      for (const { id, value } of found) {
        if (rows.length === limit || length > FULL_PAGE) return true;
        rows.push({ id: String(id), value });
        length += String(value).length;
      }
      return false;
    });
    const items = rows.map(({ id, value }) => ({ id, document: decodeDocument(kind, value) }));
    const last = items.at(-1);
    return isFull && last !== undefined ? { items, next: last.id } : { items };
  }

  search<K extends SearchedKind>(kind: K, text: string, limit: number, after?: string): Promise<Page<DocumentOf[K]>> {
    return searchPage(kind, this.#search.of(kind), { text, limit, after });
  }
}

function statements(database: EmbeddedDatabase) {
  return {
    get: database.prepare('SELECT value FROM documents WHERE kind = ? AND id = ?'),
    put: database.prepare('INSERT OR REPLACE INTO documents (kind, id, value) VALUES (:kind, :id, :value)'),
    delete: database.prepare('DELETE FROM documents WHERE kind = ? AND id = ? RETURNING value'),
    first: database.prepare('SELECT id, value FROM documents WHERE kind = ? ORDER BY id LIMIT ?'),
    next: database.prepare('SELECT id, value FROM documents WHERE kind = ? AND id > ? ORDER BY id LIMIT ?'),
  };
}
