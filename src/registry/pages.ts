import type { DocumentKind, DocumentOf } from '../model/client.ts';
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

const byteOrder = (one: string, other: string): number => Buffer.compare(Buffer.from(one), Buffer.from(other));
