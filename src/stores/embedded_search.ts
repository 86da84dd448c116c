import type { DocumentKind, DocumentOf } from '../model/client.ts';
import type { SearchedKind, SearchPosition } from '../model/search_words.ts';
import { decodeDocument } from './document_codec.ts';
import { behind, firstOf, indexEntries, type SearchedIndex, storedEntries } from './document_index.ts';
import type { EmbeddedDatabase } from './embedded_database.ts';

/** The index of documents in SQLite, which compares texts by their UTF-8 bytes. */
export class EmbeddedSearch {
  readonly #database: EmbeddedDatabase;
  readonly #sql: ReturnType<typeof statements>;

  constructor(database: EmbeddedDatabase) {
    this.#database = database;
    this.#sql = statements(database);
  }

  /** Inside the transaction that writes the document. @param before as it was stored. @param after undefined if it is deleted. */
  change<K extends DocumentKind>(kind: K, id: string, before: unknown, after?: DocumentOf[K]): void {
    for (const { least, word } of storedEntries(kind, before)) this.#sql.remove.run(kind, least, word, id);
    for (const { least, word } of after ? indexEntries(kind, after) : []) this.#sql.add.run(kind, least, word, id);
  }

  of<K extends SearchedKind>(kind: K): SearchedIndex<K> {
    const positions = (folded: string, most: number, count: number, begin?: SearchPosition) => {
      const from = begin !== undefined && begin.word >= folded ? begin : { word: folded, id: '' };
      const parts = Array.from({ length: most + 1 }, (_, least) =>
        this.#database.read(() =>
          this.#sql.positions.all(kind, least, from.word, from.id, behind(folded), count).map((row) => ({
            word: String(row['word']),
            id: String(row['id']),
          })),
        ),
      );
      return firstOf(parts.flat(), count);
    };
    const documents = (ids: readonly string[]) =>
      this.#database
        .read(() => ids.map((id) => this.#sql.document.get(kind, id)))
        .map((row) => row && decodeDocument(kind, row['value']));
    return { positions, documents };
  }
}

function statements(database: EmbeddedDatabase) {
  return {
    add: database.prepare('INSERT OR IGNORE INTO document_words (kind, least, word, id) VALUES (?, ?, ?, ?)'),
    remove: database.prepare('DELETE FROM document_words WHERE kind = ? AND least = ? AND word = ? AND id = ?'),
    positions: database.prepare(
      `SELECT word, id FROM document_words
       WHERE kind = ? AND least = ? AND (word, id) > (?, ?) AND word < ? ORDER BY word, id LIMIT ?`,
    ),
    document: database.prepare('SELECT value FROM documents WHERE kind = ? AND id = ?'),
  };
}
