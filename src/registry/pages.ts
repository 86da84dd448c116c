import type { DocumentKind, DocumentOf } from '../model/client.ts';
import {
  comparePositions,
  foldSearch,
  matchingWord,
  readSearchCursor,
  type SearchedKind,
  searchCursor,
} from '../model/search_words.ts';
import type { DocumentStore } from '../stores/document_store.ts';

/** One page of a listing that has the configured entries and the stored ones together, in the byte order of their ids. */
export interface Listing<T> {
  readonly items: readonly T[];
  /** Pass as `after` to get the next page; absent on the last one. */
  readonly next?: string | undefined;
}

export interface PageRequest<K extends DocumentKind> {
  readonly kind: K;
  readonly documents: DocumentStore;
  readonly configured: ReadonlyMap<string, DocumentOf[K]>;
  /** 1 to 1,000. */
  readonly limit: number;
  readonly after?: string | undefined;
}

/** A stored entry with the id of a configured one is not listed: it is not in force either. */
export async function mergedPage<K extends DocumentKind>(request: PageRequest<K>): Promise<Listing<DocumentOf[K]>> {
  const { kind, documents, configured, limit, after } = request;
  const stored = await documents.list(kind, limit, after);
  const candidates = [
    ...[...configured].map(([id, document]) => ({ id, document })),
    ...stored.items.filter(({ id }) => !configured.has(id)),
  ]
    .filter(({ id }) => after === undefined || byteOrder(id, after) > 0)
    // Beyond the stored page nothing is known yet: configured entries after its end belong to a later page.
    .filter(({ id }) => stored.next === undefined || byteOrder(id, stored.next) <= 0)
    .sort((one, other) => byteOrder(one.id, other.id));
  const items = candidates.slice(0, limit);
  const last = items.at(-1)?.id ?? stored.next;
  const complete = stored.next === undefined && items.length === candidates.length;
  return { items: items.map(({ document }) => document), next: complete ? undefined : last };
}

export interface SearchRequest<K extends SearchedKind> extends PageRequest<K> {
  readonly text: string;
}

/** What a search finds among the configured entries and the stored ones together, in the order of `DocumentStore.search`. */
export async function mergedSearch<K extends SearchedKind>(request: SearchRequest<K>): Promise<Listing<DocumentOf[K]>> {
  const { kind, documents, configured, text, limit, after } = request;
  const stored = await documents.search(kind, text, limit, after);
  const folded = foldSearch(text);
  const [begin, end] = [after, stored.next].map((cursor) =>
    cursor === undefined ? undefined : readSearchCursor(cursor),
  );
  const found = [
    ...[...configured].map(([id, document]) => ({ id, document })),
    ...stored.items.filter(({ id }) => !configured.has(id)),
  ]
    .flatMap(({ id, document }) => {
      const word = matchingWord(kind, document, folded);
      return word === undefined ? [] : [{ word, id, document }];
    })
    .filter((it) => begin === undefined || comparePositions(it, begin) > 0)
    // As in `mergedPage`: what comes after the stored page belongs to a later one.
    .filter((it) => end === undefined || comparePositions(it, end) <= 0)
    .sort(comparePositions);
  const items = found.slice(0, limit);
  const last = items.at(-1);
  const complete = stored.next === undefined && items.length === found.length;
  return {
    items: items.map(({ document }) => document),
    next: complete ? undefined : last ? searchCursor(last) : stored.next,
  };
}

const byteOrder = (one: string, other: string): number => Buffer.compare(Buffer.from(one), Buffer.from(other));
