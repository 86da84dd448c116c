import type { DocumentKind, DocumentOf } from '../model/client.ts';

export interface Page<T> {
  readonly items: readonly { readonly id: string; readonly document: T }[];
  /** Pass as `after` to get the next page; absent on the last one. */
  readonly next?: string | undefined;
}

/** Keeps clients, users and consents. Every implementation passes `test/contract/document_store.ts`. Errors as in TokenStore. */
export interface DocumentStore {
  get<K extends DocumentKind>(kind: K, id: string): Promise<DocumentOf[K] | undefined>;
  /** @returns false, and writes nothing, if `ifAbsent` was asked for and the id was taken. */
  put<K extends DocumentKind>(
    kind: K,
    id: string,
    document: DocumentOf[K],
    how?: { ifAbsent: boolean },
  ): Promise<boolean>;
  /** @returns whether there was one. */
  delete(kind: DocumentKind, id: string): Promise<boolean>;
  /** Pages through a kind in the byte order of ids. @param limit 1 to 1,000. */
  list<K extends DocumentKind>(kind: K, limit: number, after?: string): Promise<Page<DocumentOf[K]>>;
}
