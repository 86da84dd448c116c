import type { BrowserSession, TokenRef } from '../model/token.ts';
import type { TokenStore } from '../stores/token_store.ts';
import { hashToken } from './hashing.ts';
import { endListed } from './listed.ts';

/** The browsers that a user is signed in with, as operators and the user may see and end them. */
export interface SessionAdministration {
  /** Latest expiry first. @param limit 1 to 1,000. */
  sessions(subject: string, limit: number): Promise<readonly SessionView[]>;
  /** @param id of a session of this user. @returns whether there was one. */
  endSession(subject: string, id: string): Promise<boolean>;
  /** @param keep the id of one that goes on. @returns how many there were. */
  endSessions(subject: string, keep?: string): Promise<number>;
}

export type SessionView = BrowserSession & {
  /** Names the session to those who may end it. Follows from what the cookie hashes to, and leads nowhere by itself. */
  readonly id: string;
};

const MOST = 1_000;

/** The id of the session that is kept here. */
export const sessionId = ({ tag, hash }: TokenRef): string => hashToken(`session:${tag}:${hash}`).slice(0, 22);

export function createSessionAdministration(
  store: Pick<TokenStore, 'get' | 'take' | 'sessions'>,
): SessionAdministration {
  async function sessions(subject: string, limit: number): Promise<readonly SessionView[]> {
    const listings = await store.sessions(subject, limit);
    const records = await Promise.all(listings.map(({ ref }) => store.get('session', ref)));
    return records.flatMap((session, index) => {
      const ref = listings[index]?.ref;
      return session && ref ? [{ ...session, id: sessionId(ref) }] : [];
    });
  }

  async function endSession(subject: string, id: string): Promise<boolean> {
    const found = (await store.sessions(subject, MOST)).find(({ ref }) => sessionId(ref) === id);
    return found !== undefined && (await store.take('session', found.ref)) !== undefined;
  }

  async function endSessions(subject: string, keep?: string): Promise<number> {
    return endListed(
      (limit, until) => store.sessions(subject, limit, until),
      async ({ ref }) => sessionId(ref) !== keep && (await store.take('session', ref)) !== undefined,
    );
  }

  return { sessions, endSession, endSessions };
}
