import type { BrowserSession, Family, TokenRef } from '../model/token.ts';
import type { Seconds } from '../model/units.ts';
import type { FamilyListing, TokenStore } from '../stores/token_store.ts';
import { endListed } from '../tokens/listed.ts';
import { sessionId } from '../tokens/session_administration.ts';

/**
 * What one user holds: grants and browser sessions. Everything is found from the user, and never from what a form names, so that
 * no form can reach what is somebody else's.
 */
export interface Holdings {
  /** Latest expiry first; at most 1,000. */
  grants(subject: string): Promise<readonly HeldGrant[]>;
  /** The latest sign-in first; at most 1,000. */
  sessions(subject: string): Promise<readonly HeldSession[]>;
  /** Ends the grants that are meant, however many there are. @returns those that there were. */
  endGrants(subject: string, isMeant: (grant: HeldGrant) => boolean): Promise<readonly HeldGrant[]>;
  /** As `endGrants`. */
  endSessions(subject: string, isMeant: (session: HeldSession) => boolean): Promise<readonly HeldSession[]>;
}

/** `id` says in forms which one is meant, as operators do. It is worth nothing by itself. */
export type HeldGrant = Omit<Family, 'id' | 'live' | 'refresh' | 'replay'> & Held;
export type HeldSession = BrowserSession & Held;
interface Held {
  readonly id: string;
  readonly ref: TokenRef;
}

const MOST_SHOWN = 1_000;

/** One kind of what users hold: how it is listed, read and ended. */
interface Kind<T> {
  list(limit: number, until?: Seconds): Promise<readonly FamilyListing[]>;
  read(listing: FamilyListing): Promise<T | undefined>;
  end(held: T): Promise<unknown>;
}

export function createHoldings(store: TokenStore): Holdings {
  const grantsOf = (subject: string): Kind<HeldGrant> => ({
    list: (limit, until) => store.families({ of: 'user', id: subject }, limit, until),
    async read({ ref }) {
      const family = await store.get('family', ref);
      if (family?.user?.subject !== subject) return undefined;
      const { id: _id, live: _live, refresh: _refresh, replay: _replay, ...grant } = family;
      return { ...grant, ref, id: grantId(ref) };
    },
    end: ({ ref }) => store.revoke(ref),
  });

  const sessionsOf = (subject: string): Kind<HeldSession> => ({
    list: (limit, until) => store.sessions(subject, limit, until),
    async read({ ref }) {
      const session = await store.get('session', ref);
      return session?.user.subject === subject ? { ...session, ref, id: sessionId(ref) } : undefined;
    },
    end: ({ ref }) => store.take('session', ref),
  });

  return {
    grants: (subject) => shown(grantsOf(subject)),
    async sessions(subject) {
      const held = await shown(sessionsOf(subject));
      return held.toSorted((one, other) => other.authenticatedAt - one.authenticatedAt);
    },
    endGrants: (subject, isMeant) => endAll(grantsOf(subject), isMeant),
    endSessions: (subject, isMeant) => endAll(sessionsOf(subject), isMeant),
  };
}

async function shown<T>({ list, read }: Kind<T>): Promise<readonly T[]> {
  const held = await Promise.all((await list(MOST_SHOWN)).map(read));
  return held.filter((each) => each !== undefined);
}

async function endAll<T extends Held>(
  { list, read, end }: Kind<T>,
  isMeant: (held: T) => boolean,
): Promise<readonly T[]> {
  const ended = new Map<string, T>();
  await endListed(list, async (listing) => {
    const held = await read(listing);
    if (held === undefined || ended.has(held.id) || !isMeant(held)) return false;
    await end(held);
    ended.set(held.id, held);
    return true;
  });
  return [...ended.values()];
}

/** As operators name grants (admin/grant_id.ts). */
export const grantId = ({ tag, hash }: TokenRef): string => `${tag}.${hash}`;
