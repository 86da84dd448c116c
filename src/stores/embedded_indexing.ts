import type { DatabaseSync } from 'node:sqlite';
import { storedEntries } from './document_index.ts';

/**
 * The step that makes the index of what an older version has stored. By way of a table that is sorted afterwards: inserted as they
 * come, the words of a million documents would be written all over the index, page by page, for many minutes.
 */
export function indexStoredDocuments(connection: DatabaseSync): void {
  connection.exec('CREATE TEMP TABLE unsorted_words (kind TEXT, least INTEGER, word TEXT, id TEXT)');
  const add = connection.prepare('INSERT INTO unsorted_words (kind, least, word, id) VALUES (?, ?, ?, ?)');
  for (const kind of ['client', 'user'] as const) {
    for (const { id, value } of connection.prepare('SELECT id, value FROM documents WHERE kind = ?').iterate(kind)) {
      for (const { least, word } of storedEntries(kind, value)) add.run(kind, least, word, String(id));
    }
  }
  connection.exec(`
    INSERT INTO document_words (kind, least, word, id)
      SELECT kind, least, word, id FROM unsorted_words ORDER BY kind, least, word, id;
    DROP TABLE unsorted_words`);
}
