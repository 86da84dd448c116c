import type { DatabaseSync } from 'node:sqlite';
import { storedEntries } from './document_index.ts';

/** The step that makes the index of what an older version has stored. */
export function indexStoredDocuments(connection: DatabaseSync): void {
  const add = connection.prepare('INSERT OR IGNORE INTO document_words (kind, least, word, id) VALUES (?, ?, ?, ?)');
  for (const kind of ['client', 'user'] as const) {
    for (const { id, value } of connection.prepare('SELECT id, value FROM documents WHERE kind = ?').iterate(kind)) {
      for (const { least, word } of storedEntries(kind, value)) add.run(kind, least, word, String(id));
    }
  }
}
