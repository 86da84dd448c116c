import type { KeptAnswer, RecordKind, RecordOf, TokenRef } from '../model/token.ts';
import type { Milliseconds, Seconds } from '../model/units.ts';
import type { Invalidation } from './invalidation.ts';

/** An answer at once where it is known, a promise where someone must be asked: a cache hit costs no microtask. */
export type Answer<T> = T | Promise<T>;

/** One record with its place and its kind. */
export type Entry = {
  readonly [K in RecordKind]: { readonly kind: K; readonly ref: TokenRef; readonly record: RecordOf[K] };
}[RecordKind];

/** A user or a client, whose families are listed together. */
export interface Owner {
  readonly of: 'user' | 'client';
  readonly id: string;
}

/** Where to find one family of an owner's, or one browser session of a user's, and when it ends. */
export interface FamilyListing {
  readonly ref: TokenRef;
  readonly expiresAt: Seconds;
}

/**
 * Keeps records that expire. Every implementation passes `test/contract/token_store.ts`.
 *
 * A record past its `expiresAt` is never returned, whether or not it is still there.
 * All methods throw `DependencyUnavailable` when no usable answer came within the store's time budget (250 ms), and
 * `CorruptRecord` when what was found cannot be read. Neither error carries a key or a token.
 */
export interface TokenStore {
  /**
   * @param staleness how old a cached answer may be if the store cannot be asked; only a cache looks at it. Absent: as old as the
   * cache allows; 0: not at all, for those who keep count of its age themselves.
   * @param onStale called before such an answer is given.
   */
  get<K extends RecordKind>(
    kind: K,
    ref: TokenRef,
    staleness?: Milliseconds,
    onStale?: () => void,
  ): Answer<RecordOf[K] | undefined>;

  /**
   * Writes all entries or none. They share one tag. Families are also listed under their user and their client, and browser
   * sessions under their user.
   * Access tokens must be new: replacing what others may have cached goes through `rotate`, `take` or `revoke`.
   */
  put(entries: readonly Entry[]): Promise<void>;

  /** Reads and deletes in one step: of any number of callers at once, one gets the record. */
  take<K extends RecordKind>(kind: K, ref: TokenRef): Promise<RecordOf[K] | undefined>;

  /**
   * Writes all entries, one of which replaces the family, if the family is still there and still of generation `from`.
   * Access tokens the old family listed as live and the new one does not are deleted and announced.
   * @returns whether it was; if not, nothing was written.
   */
  rotate(family: TokenRef, from: number, entries: readonly Entry[]): Promise<boolean>;

  /**
   * Deletes a family with every access and refresh token it lists, in one step, and announces the access tokens.
   * Resolves only once the deletion is durable here.
   * @returns whether there was such a family.
   */
  revoke(family: TokenRef): Promise<boolean>;

  /**
   * The unexpired families of a user or client, latest expiry first. May name one that has been revoked meanwhile.
   * @param limit thousands at most: they are read within the time that any call may take. @param until none that expire later.
   */
  families(owner: Owner, limit: number, until?: Seconds): Promise<readonly FamilyListing[]>;

  /** The unexpired browser sessions of a user, as `families`. May name one that has ended meanwhile. */
  sessions(subject: string, limit: number, until?: Seconds): Promise<readonly FamilyListing[]>;

  /** Writes the record if there is none with this ref that has not expired: of any number of callers at once, one does. @returns whether it was. */
  claim(ref: TokenRef, record: KeptAnswer): Promise<boolean>;

  readonly invalidation: Invalidation;
}

/** What a cache can do for revocations that the store could not be told of. */
export interface Denials {
  /**
   * From now on this node lets nothing pass of what the client got with this grant: the token itself is dead, and of its siblings
   * nobody can say, which is `DependencyUnavailable`. Ends when `finish` succeeds, which is tried every second.
   * @param finish given the store itself, without what this node denies.
   */
  deny(ref: TokenRef, client: string, finish: (store: TokenStore) => Promise<unknown>): void;
}
