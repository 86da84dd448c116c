import type { DocumentKind, DocumentOf } from '../model/client.ts';
import type { DocumentStore } from '../stores/document_store.ts';
import { RegistryProblem } from './problem.ts';

/** Others may come in between so often before it is given up: each time somebody has made progress. */
const TRIES = 8;

/**
 * Reads a document, works its successor out, and puts it in its place if nobody else has changed it meanwhile; else all over again,
 * so that of two changes at once neither is lost.
 * @param change may run several times; what it throws goes to the caller.
 * @returns the document before and after; undefined if there is none. @throws RegistryProblem `changed`.
 */
export async function changing<K extends DocumentKind>(
  documents: Pick<DocumentStore, 'get' | 'put'>,
  kind: K,
  id: string,
  change: (before: DocumentOf[K]) => DocumentOf[K] | Promise<DocumentOf[K]>,
): Promise<{ readonly before: DocumentOf[K]; readonly after: DocumentOf[K] } | undefined> {
  for (let tries = 0; tries < TRIES; tries++) {
    const before = await documents.get(kind, id);
    if (!before) return undefined;
    const after = await change(before);
    if (await documents.put(kind, id, after, { ifUnchanged: before })) return { before, after };
  }
  throw new RegistryProblem('changed', 'Others are changing it at the same time: read it again, and try once more.');
}
