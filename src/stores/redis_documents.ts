import type { DocumentKind, DocumentOf } from '../model/client.ts';
import { checkDocumentId, checkLimit, decodeDocument, encodeDocument } from './document_codec.ts';
import type { DocumentStore, Page, PutCondition } from './document_store.ts';
import { run } from './redis_client.ts';
import type { Connection } from './redis_connections.ts';
import { answered } from './redis_failure.ts';
import type { RedisKeys } from './redis_keys.ts';
import { DELETE_DOCUMENT, LIST_DOCUMENTS, PUT_DOCUMENT } from './redis_scripts.ts';

interface Dependencies {
  readonly validating: Connection;
  readonly mutating: Connection;
  readonly keys: RedisKeys;
}

/**
 * Documents of one kind as one hash from id to document, with a sorted set of the ids for listing. Both are in one Cluster
 * slot, so they change together; ids are fields, not keys, so they need no encoding.
 */
export class RedisDocuments implements DocumentStore {
  readonly #it: Dependencies;

  constructor(dependencies: Dependencies) {
    this.#it = dependencies;
  }

  async get<K extends DocumentKind>(kind: K, id: string): Promise<DocumentOf[K] | undefined> {
    if (!id.isWellFormed()) return undefined; // its bytes would be those of another id
    const value = await answered(
      this.#it.validating,
      this.#it.validating.hget(this.#it.keys.documents(kind).values, id),
    );
    return value === null ? undefined : decodeDocument(kind, value);
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
    const args = [id, encodeDocument(document), isNew ? 'absent' : isOld ? 'present' : 'any'];
    return (await run(this.#it.mutating, PUT_DOCUMENT, this.#keys(kind), args)) === 1;
  }

  async delete(kind: DocumentKind, id: string): Promise<boolean> {
    if (!id.isWellFormed()) return false;
    return (await run(this.#it.mutating, DELETE_DOCUMENT, this.#keys(kind), [id])) === 1;
  }

  async list<K extends DocumentKind>(kind: K, limit: number, after?: string): Promise<Page<DocumentOf[K]>> {
    checkLimit(limit);
    const begin = after === undefined ? '-' : `(${after}`;
    const flat = await run(this.#it.validating, LIST_DOCUMENTS, this.#keys(kind), [begin, limit + 1]);
    const found = pairs(Array.isArray(flat) ? flat : []);
    const items = found.slice(0, limit).map(([id, value]) => ({ id, document: decodeDocument(kind, value) }));
    const last = items.at(-1);
    return found.length > limit && last !== undefined ? { items, next: last.id } : { items };
  }

  #keys(kind: DocumentKind): readonly string[] {
    const { values, index } = this.#it.keys.documents(kind);
    return [values, index];
  }
}

function pairs(flat: readonly unknown[]): (readonly [id: string, value: unknown])[] {
  return Array.from({ length: flat.length / 2 }, (_, at) => [String(flat[2 * at]), flat[2 * at + 1]] as const);
}
