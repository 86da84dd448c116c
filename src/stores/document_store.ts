import type { DocumentKind, DocumentOf } from '../model/client.ts';

export interface Page<T> {
  readonly items: readonly { readonly id: string; readonly document: T }[];
  /** Pass as `after` to get the next page; absent on the last one. */
  readonly next?: string | undefined;
}

export type PutCondition = { readonly ifAbsent: boolean } | { readonly ifPresent: boolean };

/** Keeps clients, users and consents. Every implementation passes `test/contract/document_store.ts`. Errors as in TokenStore. */
export interface DocumentStore {
  get<K extends DocumentKind>(kind: K, id: string): Promise<DocumentOf[K] | undefined>;
  /** @returns false, and writes nothing, if the id is taken and must not be (`ifAbsent`), or is not and must be (`ifPresent`). */
  put<K extends DocumentKind>(kind: K, id: string, document: DocumentOf[K], how?: PutCondition): Promise<boolean>;
  /** @returns whether there was one. */
  delete(kind: DocumentKind, id: string): Promise<boolean>;
  /** Pages through a kind in the byte order of ids. @param limit 1 to 1,000. */
  list<K extends DocumentKind>(kind: K, limit: number, after?: string): Promise<Page<DocumentOf[K]>>;
}
