import type { DocumentKind, DocumentOf } from '../model/client.ts';
import type { SearchedKind } from '../model/search_words.ts';

export interface Page<T> {
  readonly items: readonly { readonly id: string; readonly document: T }[];
  /** Pass as `after` to get the next page; absent on the last one. An id in a list, opaque in a search. */
  readonly next?: string | undefined;
}

/** What must be so for a document to be written. `ifUnchanged`: what is there reads as this one does, which an editor began with. */
export type PutCondition<K extends DocumentKind> =
  | { readonly ifAbsent: boolean }
  | { readonly ifPresent: boolean }
  | { readonly ifUnchanged: DocumentOf[K] };

/** Keeps clients, users and consents. Every implementation passes `test/contract/document_store.ts`. Errors as in TokenStore. */
export interface DocumentStore {
  get<K extends DocumentKind>(kind: K, id: string): Promise<DocumentOf[K] | undefined>;
  /**
   * @returns false, and writes nothing, if the id is taken and must not be (`ifAbsent`), or is not and must be (`ifPresent`), or
   * another document is there, or none, than must be (`ifUnchanged`).
   */
  put<K extends DocumentKind>(kind: K, id: string, document: DocumentOf[K], how?: PutCondition<K>): Promise<boolean>;
  /** @returns whether there was one. */
  delete(kind: DocumentKind, id: string): Promise<boolean>;
  /** Pages through a kind in the byte order of ids. Of long documents there are fewer on a page. @param limit 1 to 1,000. */
  list<K extends DocumentKind>(kind: K, limit: number, after?: string): Promise<Page<DocumentOf[K]>>;
  /**
   * Pages through the documents one of whose words (`wordsOf`) begins with `text`, each once, in the order of the smallest such
   * word. What is written meanwhile is found from then on; a store that has to build its index first is a `DependencyUnavailable`.
   * @param limit 1 to 1,000. @param after the `next` of the page before, with the same text; any other text is some position.
   */
  search<K extends SearchedKind>(kind: K, text: string, limit: number, after?: string): Promise<Page<DocumentOf[K]>>;
}
