import type { DocumentKind, DocumentOf } from '../model/client.ts';
import { checkDocumentId, checkLimit, decodeDocument, encodeDocument } from './document_codec.ts';
import type { DocumentStore, Page, PutCondition } from './document_store.ts';
import type { EmbeddedDatabase } from './embedded_database.ts';

/** SQLite compares texts by their UTF-8 bytes, which is the order of the contract. */
export class EmbeddedDocuments implements DocumentStore {
  readonly #database: EmbeddedDatabase;
  readonly #sql: ReturnType<typeof statements>;

  constructor(database: EmbeddedDatabase) {
    this.#database = database;
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
    how: PutCondition = { ifAbsent: false },
  ): Promise<boolean> {
    checkDocumentId(id);
    const isNew = 'ifAbsent' in how && how.ifAbsent;
    const isOld = 'ifPresent' in how && how.ifPresent;
    const statement = isNew ? this.#sql.add : isOld ? this.#sql.replace : this.#sql.put;
    const value = encodeDocument(document);
    const { changes } = await this.#database.write(() => statement.run({ kind, id, value }));
    return Number(changes) > 0;
  }

  async delete(kind: DocumentKind, id: string): Promise<boolean> {
    if (!id.isWellFormed()) return false;
    const { changes } = await this.#database.write(() => this.#sql.delete.run(kind, id));
    return Number(changes) > 0;
  }

  async list<K extends DocumentKind>(kind: K, limit: number, after?: string): Promise<Page<DocumentOf[K]>> {
    checkLimit(limit);
    const rows = this.#database.read(() =>
      after === undefined ? this.#sql.first.all(kind, limit + 1) : this.#sql.next.all(kind, after, limit + 1),
    );
    const items = rows
      .slice(0, limit)
      .map((row) => ({ id: String(row['id']), document: decodeDocument(kind, row['value']) }));
    const last = items.at(-1);
    return rows.length > limit && last !== undefined ? { items, next: last.id } : { items };
  }
}

function statements(database: EmbeddedDatabase) {
  return {
    get: database.prepare('SELECT value FROM documents WHERE kind = ? AND id = ?'),
    put: database.prepare('INSERT OR REPLACE INTO documents (kind, id, value) VALUES (:kind, :id, :value)'),
    add: database.prepare('INSERT INTO documents (kind, id, value) VALUES (:kind, :id, :value) ON CONFLICT DO NOTHING'),
    replace: database.prepare('UPDATE documents SET value = :value WHERE kind = :kind AND id = :id'),
    delete: database.prepare('DELETE FROM documents WHERE kind = ? AND id = ?'),
    first: database.prepare('SELECT id, value FROM documents WHERE kind = ? ORDER BY id LIMIT ?'),
    next: database.prepare('SELECT id, value FROM documents WHERE kind = ? AND id > ? ORDER BY id LIMIT ?'),
  };
}
