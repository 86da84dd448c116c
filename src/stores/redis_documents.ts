import type { DocumentKind, DocumentOf } from '../model/client.ts';
import { DependencyUnavailable } from '../model/failure.ts';
import type { SearchedKind } from '../model/search_words.ts';
import {
  checkDocumentId,
  checkLimit,
  decodeDocument,
  encodeDocument,
  FULL_PAGE,
  mayReplace,
} from './document_codec.ts';
import { isSearched, searchPage } from './document_index.ts';
import type { DocumentStore, Page, PutCondition } from './document_store.ts';
import { budgetOf } from './redis_budget.ts';
import { run } from './redis_client.ts';
import type { Connection } from './redis_connections.ts';
import { answered } from './redis_failure.ts';
import type { RedisKeys } from './redis_keys.ts';
import { DELETE_DOCUMENT, LIST_DOCUMENTS, PUT_DOCUMENT, SWAP_DOCUMENT } from './redis_scripts.ts';
import { RedisSearch, storedMembers } from './redis_search.ts';

interface Dependencies {
  readonly validating: Connection;
  readonly mutating: Connection;
  readonly keys: RedisKeys;
}

/** Rounds in which somebody else may change the document first. */
const MOST_ROUNDS = 32;

/**
 * Documents of one kind as one hash from id to document, with a sorted set of the ids for listing and one of words for searching.
 * All are in one Cluster slot, so they change together; ids are fields, not keys, so they need no encoding.
 */
export class RedisDocuments implements DocumentStore {
  readonly #it: Dependencies;
  readonly #search: RedisSearch;

  constructor(dependencies: Dependencies) {
    this.#it = dependencies;
    this.#search = new RedisSearch(dependencies);
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
    how: PutCondition<K> = { ifAbsent: false },
  ): Promise<boolean> {
    checkDocumentId(id);
    const value = encodeDocument(document);
    if (isSearched(kind) || 'ifUnchanged' in how) {
      return this.#swap(kind, id, (there) => (mayReplace(kind, there, how) ? value : undefined));
    }
    const isNew = 'ifAbsent' in how && how.ifAbsent;
    const isOld = 'ifPresent' in how && how.ifPresent;
    const args = [id, value, isNew ? 'absent' : isOld ? 'present' : 'any'];
    return (await run(this.#it.mutating, PUT_DOCUMENT, this.#keys(kind), args)) === 1;
  }

  async delete(kind: DocumentKind, id: string): Promise<boolean> {
    if (!id.isWellFormed()) return false;
    if (isSearched(kind)) return this.#swap(kind, id, (there) => (there === undefined ? undefined : ''));
    return (await run(this.#it.mutating, DELETE_DOCUMENT, this.#keys(kind), [id])) === 1;
  }

  async list<K extends DocumentKind>(kind: K, limit: number, after?: string): Promise<Page<DocumentOf[K]>> {
    checkLimit(limit);
    const begin = after === undefined ? '-' : `(${after}`;
    const reply = await run(this.#it.validating, LIST_DOCUMENTS, this.#keys(kind), [begin, limit + 1, FULL_PAGE]);
    const flat: readonly unknown[] = Array.isArray(reply) ? reply : [];
    const found = pairs(flat);
    const isFull = found.length > limit || flat.length % 2 === 1;
    const items = found.slice(0, limit).map(([id, value]) => ({ id, document: decodeDocument(kind, value) }));
    const last = items.at(-1);
    return isFull && last !== undefined ? { items, next: last.id } : { items };
  }

  search<K extends SearchedKind>(kind: K, text: string, limit: number, after?: string): Promise<Page<DocumentOf[K]>> {
    return searchPage(kind, this.#search.of(kind), { text, limit, after });
  }

  /**
   * Reads what is stored, and replaces it if it is still there. Who comes second reads again.
   * @param change what shall be stored instead: empty for nothing, undefined to leave it as it is.
   */
  #swap(kind: DocumentKind, id: string, change: (there: string | undefined) => string | undefined): Promise<boolean> {
    const { mutating, keys } = this.#it;
    const { values, index, words } = keys.documents(kind);
    const deadline = performance.now() + budgetOf(mutating);
    const work = async (): Promise<boolean> => {
      for (let round = 0; round < MOST_ROUNDS; round += 1) {
        const there = (await mutating.hget(values, id)) ?? undefined;
        const after = change(there);
        if (after === undefined) return false;
        // Whoever asked has been told that it was not done.
        if (performance.now() >= deadline) break;
        const [former, coming] = [there ?? '', after].map((text) => storedMembers(kind, text, id));
        const gone = (former ?? []).filter((member) => !coming?.includes(member));
        const args = [id, there ?? '', after, gone.length, ...gone, ...(coming ?? [])];
        if ((await run(mutating, SWAP_DOCUMENT, [values, index, words], args)) === 1) return true;
      }
      throw new DependencyUnavailable('redis', 'a change of a document could not be settled');
    };
    return answered(mutating, work());
  }

  #keys(kind: DocumentKind): readonly string[] {
    const { values, index } = this.#it.keys.documents(kind);
    return [values, index];
  }
}

function pairs(flat: readonly unknown[]): (readonly [id: string, value: unknown])[] {
  return Array.from(
    { length: Math.floor(flat.length / 2) },
    (_, at) => [String(flat[2 * at]), flat[2 * at + 1]] as const,
  );
}
