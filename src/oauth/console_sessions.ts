import type { Clock } from '../model/clock.ts';
import type { BrowserSession, Identity, TokenRef } from '../model/token.ts';
import { inSeconds, milliseconds, type Seconds, seconds } from '../model/units.ts';
import type { CounterStore } from '../stores/counter_store.ts';
import type { TokenStore } from '../stores/token_store.ts';
import { OWN_SHAPES, refOf } from '../tokens/format.ts';
import { mintWithRef } from '../tokens/minting.ts';

/** Who is signed in to the console. They are kept where the sessions of the main listener are, and neither passes for the other. */
export interface ConsoleSessions {
  /**
   * The session of this cookie, which counts as used now; undefined when it is over, or has not been used for half an hour.
   * @param how `byItself`: a page asks without anybody touching it, which is no use.
   */
  find(cookie: string | undefined, how?: { readonly byItself?: boolean }): Promise<BrowserSession | undefined>;
  /**
   * Begins one under a value that never existed before, and ends the one that the browser came with.
   * @param former the cookie it came with. @returns the cookie's new value.
   */
  begin(user: Identity, former: string | undefined, from: SignedInFrom): Promise<string>;
  end(cookie: string | undefined): Promise<void>;
}

export interface SignedInFrom {
  readonly userAgent?: string | undefined;
  readonly address?: string | undefined;
}

export interface ConsoleSessionsDependencies {
  readonly store: TokenStore;
  readonly counters: CounterStore;
  readonly clock: Clock;
  /** How long one lasts at most; use does not renew it. */
  readonly ttl: () => Seconds;
}

/**
 * Milliseconds. When a session was used is told by counters, one for each of these slots in which it was, and not by writing the
 * session anew: that could bring one back that was ended meanwhile.
 */
const SLOT = 5 * 60_000;
const SLOTS_IN_HALF_AN_HOUR = 6;
const REMEMBERED = milliseconds((SLOTS_IN_HALF_AN_HOUR + 1) * SLOT);
const LONGEST_USER_AGENT = 200;

export function createConsoleSessions({ store, counters, clock, ttl }: ConsoleSessionsDependencies): ConsoleSessions {
  async function find(cookie: string | undefined, { byItself = false } = {}): Promise<BrowserSession | undefined> {
    const ref = refOf(cookie ?? '');
    const session = ref && (await store.get('session', ref));
    if (!ref || session?.purpose !== 'console') return undefined;
    // A shorter limit holds at once, also for sessions that began before it.
    if (inSeconds(clock.now()) >= session.authenticatedAt + ttl()) return undefined;
    if (await isInUse(ref, byItself)) return session;
    await store.take('session', ref);
    return undefined;
  }

  async function isInUse(ref: TokenRef, byItself: boolean): Promise<boolean> {
    const now = Math.floor(clock.now() / SLOT);
    if (await counters.peek(slotKey(ref, now))) return true;
    const earlier = Array.from({ length: SLOTS_IN_HALF_AN_HOUR }, (_, back) => now - 1 - back);
    const counts = await Promise.all(earlier.map((slot) => counters.peek(slotKey(ref, slot))));
    if (counts.every((count) => count === undefined)) return false;
    if (!byItself) await use(ref, now);
    return true;
  }

  async function use(ref: TokenRef, slot: number): Promise<void> {
    await counters.hit(slotKey(ref, slot), REMEMBERED);
  }

  async function end(cookie: string | undefined): Promise<void> {
    const ref = refOf(cookie ?? '');
    const session = ref && (await store.get('session', ref));
    if (ref && session?.purpose === 'console') await store.take('session', ref);
  }

  return {
    find,
    end,
    async begin(user, former, { userAgent, address }) {
      await end(former);
      const { token, ref } = mintWithRef(OWN_SHAPES.session);
      const now = inSeconds(clock.now());
      const record: BrowserSession = {
        user,
        authenticatedAt: now,
        expiresAt: seconds(now + ttl()),
        purpose: 'console',
        ...(userAgent !== undefined && { userAgent: userAgent.slice(0, LONGEST_USER_AGENT) }),
        ...(address !== undefined && { address }),
      };
      await store.put([{ kind: 'session', ref, record }]);
      await use(ref, Math.floor(clock.now() / SLOT));
      return token;
    },
  };
}

const slotKey = ({ hash }: TokenRef, slot: number): string => `console:${hash}:${slot}`;
