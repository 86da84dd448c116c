import type { Clock } from '../model/clock.ts';
import { ProtocolError } from '../model/failure.ts';
import { networkOf } from '../model/networks.ts';
import type { Caller } from '../model/protocol.ts';
import { milliseconds } from '../model/units.ts';
import type { CounterStore } from '../stores/counter_store.ts';
import { hashToken } from '../tokens/hashing.ts';
import { type Account, createPlaces, type Place } from './attempt_places.ts';
import { createAdmission, tooMany } from './bounds.ts';
import { createOneByOne } from './one_by_one.ts';

/**
 * How much guessing is allowed, counted over all nodes: passwords and one-time codes per account and per address, client
 * secrets per client and address. Every evaluation of what a person could guess goes through here, in every grant and dialect.
 * If the counters are away nothing is evaluated, but for secrets of a client that was right a moment ago (`one_by_one.ts`):
 * `DependencyUnavailable` goes on to the caller.
 */
export interface Attempts {
  /**
   * Runs one attempt to sign in and settles the counts by its outcome. A success clears the account it was for; what was tried
   * in vain counts; what a dependency that is down kept from being evaluated does not.
   * @returns what `evaluate` does. @throws ProtocolError `too_many_attempts`.
   */
  signIn<T>(caller: Caller, evaluate: (against: Against) => Promise<T | undefined>): Promise<T | undefined>;
  /** Evaluates a client's secret, unless too many were wrong. @throws ProtocolError `too_many_attempts`. */
  clientSecret(client: string, caller: Caller, evaluate: () => Promise<boolean>): Promise<boolean>;
  /** Forgets what was counted against an account. */
  unlock(account: Account): Promise<void>;
}

/** To be awaited before anything of an account is evaluated. @throws ProtocolError `too_many_attempts`. */
export type Against = (account: Account) => Promise<void>;

export interface AttemptsDependencies {
  readonly counters: CounterStore;
  readonly clock: Clock;
}

const WINDOW = milliseconds(5 * 60_000);
/** Failures from one address: more than for one account, because many people share one. */
const PER_ADDRESS = { most: 100, window: WINDOW };
/** Only failures count here: an honest client authenticates many times at once. */
const FAILURES_PER_CLIENT = 10;

export function createAttempts({ counters, clock }: AttemptsDependencies): Attempts {
  const places = createPlaces({ counters, clock });
  const admit = createAdmission({ counters, clock });
  const secrets = createOneByOne({ clock, trust: WINDOW });

  return {
    async signIn(caller, evaluate) {
      const excuse = await admit(`attempts:address:${networkOf(caller.address)}`, PER_ADDRESS);
      const wrong: Place[] = [];
      /** The place of the account that is being evaluated: one at most. */
      const open: Place[] = [];

      async function against(account: Account): Promise<void> {
        // The attempt goes on to another account, so the last one's answer was no.
        wrong.push(...open.splice(0));
        open.push(await places.take(account));
      }

      const outcome = await evaluate(against).catch(async (error: unknown) => {
        const isAnswer = error instanceof ProtocolError;
        // What was evaluated before the trouble counts: a directory that is down must not give guesses elsewhere for free.
        const settling = [...wrong, ...(isAnswer ? open : [])].map((place) => places.fail(place));
        if (!isAnswer) settling.push(...open.map((place) => places.release(place)));
        if (!isAnswer && wrong.length === 0) settling.push(excuse());
        // Counters that are away too do not change what went wrong first.
        await Promise.allSettled(settling);
        throw error;
      });
      if (outcome === undefined) {
        await Promise.all([...wrong, ...open].map((place) => places.fail(place)));
        return undefined;
      }
      // Of the accounts on the way only this attempt is taken back: whoever owns one name must not clear another's count.
      await Promise.all([
        ...open.map(({ account }) => places.clear(account)),
        ...wrong.map((place) => places.release(place)),
        excuse(),
      ]);
      return outcome;
    },

    clientSecret(client, { address }, evaluate) {
      const key = `attempts:client:${hashToken(`${client} ${networkOf(address)}`)}`;
      return secrets.run(key, {
        async admit() {
          const failures = await counters.peek(key);
          if (failures && failures.count >= FAILURES_PER_CLIENT) throw tooMany(failures.remaining);
        },
        async evaluate() {
          const proven = await evaluate();
          if (!proven) await counters.hit(key, WINDOW);
          return proven;
        },
      });
    },

    unlock: (account) => places.clear(account),
  };
}
