import type { BrowserSession, Family, TokenRef } from '../model/token.ts';
import type { FamilyListing, TokenStore } from '../stores/token_store.ts';
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
/** How many are ended at the same time. */
const AT_ONCE = 50;

type Read<T> = (limit: number) => Promise<{ readonly held: readonly T[]; readonly complete: boolean }>;

export function createHoldings(store: TokenStore): Holdings {
  const grantsOf =
    (subject: string): Read<HeldGrant> =>
    async (limit) => {
      const listings = await store.families({ of: 'user', id: subject }, limit);
      const read = async ({ ref }: FamilyListing): Promise<HeldGrant[]> => {
        const family = await store.get('family', ref);
        if (family?.user?.subject !== subject) return [];
        const { id: _id, live: _live, refresh: _refresh, replay: _replay, ...grant } = family;
        return [{ ...grant, ref, id: grantId(ref) }];
      };
      return { held: (await Promise.all(listings.map(read))).flat(), complete: listings.length < limit };
    };

  const sessionsOf =
    (subject: string): Read<HeldSession> =>
    async (limit) => {
      const listings = await store.sessions(subject, limit);
      const read = async ({ ref }: FamilyListing): Promise<HeldSession[]> => {
        const session = await store.get('session', ref);
        return session?.user.subject === subject ? [{ ...session, ref, id: sessionId(ref) }] : [];
      };
      return { held: (await Promise.all(listings.map(read))).flat(), complete: listings.length < limit };
    };

  return {
    grants: async (subject) => (await grantsOf(subject)(MOST_SHOWN)).held,
    async sessions(subject) {
      const { held } = await sessionsOf(subject)(MOST_SHOWN);
      return held.toSorted((one, other) => other.authenticatedAt - one.authenticatedAt);
    },
    endGrants: (subject, isMeant) => endAll(grantsOf(subject), isMeant, ({ ref }) => store.revoke(ref)),
    endSessions: (subject, isMeant) => endAll(sessionsOf(subject), isMeant, ({ ref }) => store.take('session', ref)),
  };
}

/** Listings may outlive what they name, so only a page that is not full is the last one. */
async function endAll<T extends Held>(
  read: Read<T>,
  isMeant: (held: T) => boolean,
  end: (held: T) => Promise<unknown>,
): Promise<readonly T[]> {
  const ended = new Map<string, T>();
  for (let limit = MOST_SHOWN; ; limit *= 2) {
    const { held, complete } = await read(limit);
    const meant = held.filter(isMeant);
    for (let index = 0; index < meant.length; index += AT_ONCE) {
      const batch = meant.slice(index, index + AT_ONCE);
      await Promise.all(batch.map(end));
      for (const each of batch) ended.set(each.id, each);
    }
    if (complete) return [...ended.values()];
  }
}

/** As operators name grants (admin/grant_id.ts). */
export const grantId = ({ tag, hash }: TokenRef): string => `${tag}.${hash}`;
