import type { AuditEntry } from '../model/audit.ts';
import { PERSONAL_TOKENS_CLIENT } from '../model/client.ts';
import type { Clock } from '../model/clock.ts';
import type { Family, Identity, TokenRef } from '../model/token.ts';
import { allowedTo } from '../oauth/scopes.ts';
import type { SignInDesk } from '../oauth/sign_in.ts';
import type { TokenStore } from '../stores/token_store.ts';
import { listed } from '../tokens/listed.ts';
import { renewUser } from '../tokens/renewed_users.ts';
import { grantId } from './holdings.ts';

export interface GoneUsersDependencies {
  readonly store: Pick<TokenStore, 'families' | 'get' | 'revoke' | 'rotate'>;
  readonly desk: Pick<SignInDesk, 'current' | 'asks'>;
  readonly clock: Clock;
  /** Writes an event into the audit log, without anybody waiting for it. */
  readonly note: (entry: AuditEntry) => void;
}

/** How many users are asked about at the same time. */
const AT_ONCE = 10;

/**
 * Ends the personal tokens of users who are gone, or may not sign in any more, or may not have all of their scopes, and has all others
 * tell who their users are today. Apps are asked about their user whenever they refresh; a personal token is never refreshed and may live
 * for a year, and nobody else tells us of a user who has left a directory or the configuration file, or has another name there. A
 * connection that gives no answer, or cannot tell, changes nothing.
 * @returns what looks once. It answers how many tokens ended, and stops early when nobody wants to know any more.
 */
export function createGoneUsers({ store, desk, clock, note }: GoneUsersDependencies): LookForGoneUsers {
  return async (isOver = () => false) => {
    const known = new Map<string, Promise<Identity | 'gone' | 'untold'>>();
    const today = (user: Identity): Promise<Identity | 'gone' | 'untold'> => {
      const key = JSON.stringify([user.connection, user.subject]);
      const answer =
        known.get(key) ??
        desk.current({}, user).then(
          (current) => current ?? 'gone',
          () => 'untold' as const,
        );
      known.set(key, answer);
      return answer;
    };

    /** @returns why the token must end; undefined when it may go on, as what its user is today. */
    async function judge(ref: TokenRef, family: Family): Promise<'user_gone' | 'scope_gone' | undefined> {
      const { user, scopes } = family;
      const now = user && (await today(user));
      if (user === undefined || now === undefined || now === 'untold') return undefined;
      if (now === 'gone') return 'user_gone';
      if (allowedTo(now, scopes).length < scopes.length) return 'scope_gone';
      // Where nobody is asked, each token knows its user as they were when it was made, and none knows better than another.
      if (desk.asks(user)) await renewUser(store, ref, family, now);
      return undefined;
    }

    const owner = { of: 'client', id: PERSONAL_TOKENS_CLIENT } as const;
    let ended = 0;
    for await (const listings of listed((limit, until) => store.families(owner, limit, until))) {
      for (let index = 0; index < listings.length; index += AT_ONCE) {
        if (isOver()) return ended;
        const batch = listings.slice(index, index + AT_ONCE).map(async ({ ref }) => {
          const family = await store.get('family', ref);
          const reason = family && (await judge(ref, family));
          if (!family?.user || !reason || !(await store.revoke(ref))) return;
          ended++;
          note({
            at: clock.now(),
            actor: { kind: 'system', id: 'gatehouse' },
            via: 'system',
            action: 'account.revoke_token',
            target: { kind: 'personal_token', id: grantId(ref), name: family.device },
            outcome: 'done',
            detail: { user: family.user.subject, reason },
          });
        });
        await Promise.all(batch);
      }
    }
    return ended;
  };
}

export type LookForGoneUsers = (isOver?: () => boolean) => Promise<number>;

export interface GoneUsersWatch {
  /** Looks now: users may have gone with a reload. */
  look(): void;
  close(): Promise<void>;
}

/** Milliseconds after the start, and then between looks. */
const FIRST_LOOK = 60_000;
const EVERY = 10 * 60_000;

/** @param look one look; what it throws is the trouble of the moment, and the next one begins anew. */
export function watchGoneUsers(look: LookForGoneUsers): GoneUsersWatch {
  let running: Promise<unknown> = Promise.resolve();
  let closed = false;
  const next = (): void => {
    running = running.then(() => look(() => closed)).catch(() => {});
  };
  const first = setTimeout(next, FIRST_LOOK).unref();
  const timer = setInterval(next, EVERY).unref();
  return {
    look: next,
    async close() {
      closed = true;
      clearTimeout(first);
      clearInterval(timer);
      await running;
    },
  };
}
