import { setTimeout as delay } from 'node:timers/promises';
import type { DocumentKind } from '../model/client.ts';
import { DependencyUnavailable } from '../model/failure.ts';
import type { SearchedKind, SearchPosition } from '../model/search_words.ts';
import { decodeDocument, FULL_PAGE } from './document_codec.ts';
import { behind, firstOf, type IndexEntry, type SearchedIndex, storedEntries } from './document_index.ts';
import { run } from './redis_client.ts';
import type { Connection } from './redis_connections.ts';
import { answered } from './redis_failure.ts';
import type { RedisKeys } from './redis_keys.ts';
import { INDEX_DOCUMENTS, LIST_DOCUMENTS, SEARCH_DOCUMENTS } from './redis_scripts.ts';

interface Dependencies {
  readonly validating: Connection;
  readonly mutating: Connection;
  readonly keys: RedisKeys;
}

/** A search waits so long for an index that is not there yet; a small one is there by then. */
const PATIENCE_MS = 100;
/** Documents that one script reads, or adds to the index. */
const STEP = 250;

/**
 * The index of documents as a sorted set beside them. What an older version has stored is not in it: whoever searches first goes
 * through all documents and adds what is missing, and then marks the index as whole. Several nodes can do so at once, because each
 * adds only what the document, as it is at that moment, has.
 */
export class RedisSearch {
  readonly #it: Dependencies;
  readonly #building = new Map<SearchedKind, Promise<void>>();

  constructor(dependencies: Dependencies) {
    this.#it = dependencies;
  }

  of<K extends SearchedKind>(kind: K): SearchedIndex<K> {
    const { validating, keys } = this.#it;
    const { values } = keys.documents(kind);
    const positions = async (folded: string, most: number, count: number, begin?: SearchPosition) => {
      const from = begin !== undefined && begin.word >= folded ? `(${begin.word}\0${begin.id}` : `[${folded}`;
      const args = [most, count, from, behind(folded)];
      const members = (await this.#look(kind, args)) ?? (await this.#build(kind, () => this.#look(kind, args)));
      return firstOf(members.map(positionOf), count);
    };
    const documents = async (ids: readonly string[]) => {
      if (ids.length === 0) return [];
      const found = await answered(validating, validating.hmget(values, ...ids));
      return found.map((value) => (value === null ? undefined : decodeDocument(kind, value)));
    };
    return { positions, documents };
  }

  /** @returns undefined while the index is not whole. */
  async #look(kind: SearchedKind, args: readonly (string | number)[]): Promise<readonly string[] | undefined> {
    const found = await run(this.#it.validating, SEARCH_DOCUMENTS, [this.#it.keys.documents(kind).words], args);
    return Array.isArray(found) ? found.map(String) : undefined;
  }

  async #build<T>(kind: SearchedKind, then: () => Promise<T | undefined>): Promise<T> {
    const building = this.#building.get(kind) ?? this.#all(kind).finally(() => this.#building.delete(kind));
    this.#building.set(kind, building);
    // Whoever still waits when it fails is told so; nobody else has to be.
    building.catch(() => {});
    const isDone = await Promise.race([building.then(() => true), delay(PATIENCE_MS, false, { ref: false })]);
    const outcome = isDone ? await then() : undefined;
    if (outcome === undefined) throw new DependencyUnavailable('redis', 'the index for searching is being made');
    return outcome;
  }

  async #all(kind: SearchedKind): Promise<void> {
    const { validating, mutating, keys } = this.#it;
    const { values, index, words } = keys.documents(kind);
    for (let begin: string | undefined = '-'; begin !== undefined; ) {
      const reply = await run(validating, LIST_DOCUMENTS, [values, index], [begin, STEP, FULL_PAGE]);
      const flat: readonly unknown[] = Array.isArray(reply) ? reply : [];
      const args: (string | number)[] = [];
      const isCut = flat.length % 2 === 1;
      for (let at = 0; at + 1 < flat.length; at += 2) {
        const [id, text] = [String(flat[at]), String(flat[at + 1])];
        const members = membersOf(storedEntries(kind, text), id);
        args.push(id, text, members.length, ...members);
      }
      begin = isCut || flat.length === 2 * STEP ? `(${String(flat.at(isCut ? -3 : -2))}` : undefined;
      await run(mutating, INDEX_DOCUMENTS, [values, words], [begin === undefined ? 'whole' : 'part', ...args]);
    }
  }
}

/** The members that stand for an index entry of a document, or for several. */
export const membersOf = (entries: readonly IndexEntry[], id: string): readonly string[] =>
  entries.map(({ least, word }) => `${String.fromCharCode(FIRST_PART + least)}${word}\0${id}`);

/** A space: parts are visible characters, and all of one byte. */
const FIRST_PART = 32;

function positionOf(member: string): SearchPosition {
  const end = member.indexOf('\0');
  return { word: member.slice(1, end), id: member.slice(end + 1) };
}

/** What was stored under an id, as its members. */
export const storedMembers = (kind: DocumentKind, stored: string, id: string): readonly string[] =>
  stored === '' ? [] : membersOf(storedEntries(kind, stored), id);
