import type { Clock } from '../model/clock.ts';
import { type Milliseconds, milliseconds } from '../model/units.ts';
import type { CounterStore } from '../stores/counter_store.ts';
import { hashToken } from '../tokens/hashing.ts';
import { CLOCK_MARGIN, tooMany } from './bounds.ts';

/** Whom an attempt is for. Whether there is such a user makes no difference to what is counted. */
export interface Account {
  readonly connection: string;
  /** The username, or the recipient of a code. */
  readonly username: string;
}

/** The right to evaluate one attempt. */
export interface Place {
  readonly account: Account;
  readonly key: string;
  readonly since: Milliseconds;
}

/**
 * The attempts of one account. Each takes one of ten places before it is evaluated and keeps it for five minutes, so that in no
 * five minutes more than ten are evaluated, whatever comes at once and on however many nodes. Every tenth failure without a
 * success in between locks the account: for 5 minutes, then 10, 20 and so on up to a day.
 */
export interface Places {
  /** @throws ProtocolError `too_many_attempts`. */
  take(account: Account): Promise<Place>;
  /** It was evaluated, and wrong. */
  fail(place: Place): Promise<void>;
  /** It was not evaluated. */
  release(place: Place): Promise<void>;
  clear(account: Account): Promise<void>;
}

const PLACES = 10;
const WINDOW = milliseconds(5 * 60_000);
const FAILURES_PER_LOCK = 10;
const LONGEST_LOCK = milliseconds(24 * 3_600_000);
/** How long failures are remembered: beyond it the locks begin at five minutes again. */
const MEMORY = milliseconds(7 * 24 * 3_600_000);

export function createPlaces({ counters, clock }: { readonly counters: CounterStore; readonly clock: Clock }): Places {
  return {
    async take(account) {
      const id = idOf(account);
      const lock = await counters.peek(`${id}:lock`);
      if (lock) throw tooMany(lock.remaining);
      let wait = WINDOW;
      for (let place = 0; place < PLACES; place++) {
        const key = `${id}:${place}`;
        const since = clock.monotonic();
        // Whoever opens the window has the place until it ends; later events do not prolong it.
        const { count, remaining } = await counters.hit(key, WINDOW);
        if (count === 1) return { account, key, since };
        wait = milliseconds(Math.min(wait, remaining));
      }
      throw tooMany(wait);
    },

    async fail({ account }) {
      const id = idOf(account);
      const { count } = await counters.hit(`${id}:failures`, MEMORY);
      if (count % FAILURES_PER_LOCK === 0) await counters.hit(`${id}:lock`, lockTime(count / FAILURES_PER_LOCK));
    },

    async release({ key, since }) {
      // Later the place may be somebody else's.
      if (clock.monotonic() - since < WINDOW - CLOCK_MARGIN) await counters.reset(key);
    },

    async clear(account) {
      const id = idOf(account);
      const keys = [`${id}:lock`, `${id}:failures`, ...Array.from({ length: PLACES }, (_, place) => `${id}:${place}`)];
      await Promise.all(keys.map((key) => counters.reset(key)));
    },
  };
}

/** @param times how often it has been locked, this time included. */
const lockTime = (times: number): Milliseconds => milliseconds(Math.min(WINDOW * 2 ** (times - 1), LONGEST_LOCK));

/** Hashed, so that no name is too long or too strange for a key. */
const idOf = ({ connection, username }: Account): string =>
  `attempts:account:${hashToken(`${connection}:${unmistakable(username)}`)}`;

/**
 * The coarsest way in which any directory compares names (RFC 4518 §2: case, spaces, invisible characters; Active Directory:
 * accents too): another spelling must not be another account. Two people who share a count are locked together, which is safe.
 */
const unmistakable = (username: string): string =>
  username
    .normalize('NFKD')
    .replace(/[\p{M}\p{C}\p{Z}]/gu, '')
    .toUpperCase()
    .toLowerCase();
