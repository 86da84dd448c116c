import type { Clock } from '../model/clock.ts';
import type { BrowserSession, Identity, TokenRef } from '../model/token.ts';
import { inSeconds, seconds } from '../model/units.ts';
import type { TokenStore } from '../stores/token_store.ts';
import { OWN_SHAPES, refOf } from '../tokens/format.ts';
import { mintWithRef } from '../tokens/minting.ts';
import type { Browser } from './authorization_flow.ts';

/** Browsers that have signed in, by the value of their session cookie. */
export interface BrowserSessions {
  find(cookie: string | undefined): Promise<FoundSession | undefined>;
  /**
   * Begins a session under a value that never existed before, and ends the one the browser came with: a value that
   * somebody planted in the browser beforehand is worth nothing after the sign-in.
   * @param browser its session cookie, and what a list of sessions says of it. @returns the cookie's new value.
   */
  begin(user: Identity, browser: Pick<Browser, 'session' | 'userAgent' | 'address'>): Promise<string>;
  end(cookie: string | undefined): Promise<void>;
}

export interface FoundSession {
  readonly ref: TokenRef;
  readonly session: BrowserSession;
}

/** A working day. Use does not renew it. */
const LIFETIME = seconds(12 * 60 * 60);
/** Characters of what a browser calls itself that are kept. */
const LONGEST_USER_AGENT = 200;

export function createBrowserSessions(deps: { readonly store: TokenStore; readonly clock: Clock }): BrowserSessions {
  const { store, clock } = deps;

  async function end(cookie: string | undefined): Promise<void> {
    const ref = refOf(cookie ?? '');
    if (ref) await store.take('session', ref);
  }

  return {
    async find(cookie) {
      const ref = refOf(cookie ?? '');
      const session = ref && (await store.get('session', ref));
      // One of the console is worth nothing here, whoever has it.
      return session && session.purpose === undefined ? { ref, session } : undefined;
    },
    async begin(user, { session, userAgent, address }) {
      await end(session);
      const { token, ref } = mintWithRef(OWN_SHAPES.session);
      const now = inSeconds(clock.now());
      const record: BrowserSession = {
        user,
        authenticatedAt: now,
        ...(userAgent !== undefined && { userAgent: userAgent.slice(0, LONGEST_USER_AGENT).toWellFormed() }),
        ...(address !== undefined && { address }),
        expiresAt: seconds(now + LIFETIME),
      };
      await store.put([{ kind: 'session', ref, record }]);
      return token;
    },
    end,
  };
}
