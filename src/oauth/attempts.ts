import { isIPv6 } from 'node:net';
import type { Clock } from '../model/clock.ts';
import { ProtocolError } from '../model/failure.ts';
import type { Caller } from '../model/protocol.ts';
import { milliseconds } from '../model/units.ts';
import type { CounterStore } from '../stores/counter_store.ts';
import { hashToken } from '../tokens/hashing.ts';
import { type Account, createPlaces, type Place } from './attempt_places.ts';
import { tooMany } from './too_many.ts';

/**
 * How much guessing is allowed, counted over all nodes: passwords and one-time codes per account and per address, client
 * secrets per client and address. Every evaluation of what a person could guess goes through here, in every grant and dialect.
 * If the counters are away nothing is evaluated: `DependencyUnavailable` goes on to the caller.
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
/** Failures from one address: more than from one account, because many people share one. */
const MOST_PER_ADDRESS = 100;
/** Only failures count here: an honest client authenticates many times at once. */
const MOST_PER_CLIENT = 10;
/** Time by which the store's clock and this node's may disagree about the end of a window. */
const MARGIN = milliseconds(1_000);

export function createAttempts({ counters, clock }: AttemptsDependencies): Attempts {
  const places = createPlaces({ counters, clock });

  return {
    async signIn(caller, evaluate) {
      const excuse = await countAddress(caller);
      const wrong: Place[] = [];
      let open: Place | undefined;

      async function against(account: Account): Promise<void> {
        // The attempt goes on to another account, so the last one's answer was no.
        if (open) wrong.push(open);
        open = undefined;
        open = await places.take(account);
      }
      // A function, because TypeScript does not see that `against` assigns.
      const lastPlace = (): readonly Place[] => (open ? [open] : []);

      let outcome: Awaited<ReturnType<typeof evaluate>>;
      try {
        outcome = await evaluate(against);
      } catch (error) {
        // What was evaluated before the trouble counts: a directory that is down must not give guesses elsewhere for free.
        const evaluated = error instanceof ProtocolError ? [...wrong, ...lastPlace()] : wrong;
        const excused = error instanceof ProtocolError ? [] : lastPlace().map((place) => places.release(place));
        if (evaluated.length === 0 && !(error instanceof ProtocolError)) excused.push(excuse());
        // Counters that are away too do not change what went wrong first.
        await Promise.allSettled([...evaluated.map((place) => places.fail(place)), ...excused]);
        throw error;
      }
      if (outcome === undefined) {
        await Promise.all([...wrong, ...lastPlace()].map((place) => places.fail(place)));
        return undefined;
      }
      // Of the accounts on the way only this attempt is taken back: whoever owns one name must not clear another's count.
      await Promise.all([
        ...lastPlace().map(({ account }) => places.clear(account)),
        ...wrong.map((place) => places.release(place)),
        excuse(),
      ]);
      return outcome;
    },

    async clientSecret(client, { address }, evaluate) {
      const key = `attempts:client:${hashToken(`${client} ${networkOf(address)}`)}`;
      const failures = await counters.peek(key);
      if (failures && failures.count >= MOST_PER_CLIENT) throw tooMany(failures.remaining);
      const proven = await evaluate();
      if (!proven) await counters.hit(key, WINDOW);
      return proven;
    },

    unlock: (account) => places.clear(account),
  };

  /** @returns what takes the event back. */
  async function countAddress({ address }: Caller): Promise<() => Promise<void>> {
    const key = `attempts:address:${networkOf(address)}`;
    const began = clock.monotonic();
    const { count, remaining } = await counters.hit(key, WINDOW);
    if (count > MOST_PER_ADDRESS) throw tooMany(remaining);
    return async () => {
      // Later it would be an event of the next window.
      if (clock.monotonic() - began < remaining - MARGIN) await counters.forgive(key);
    };
  }
}

/** Who is taken for one caller: an IPv4 address, or the /64 that one IPv6 subscriber chooses addresses from. */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [bare = ''] = address.toLowerCase().split('%');
  const [head = '', tail] = bare.split('::');
  const groups = head === '' ? [] : head.split(':');
  // What `::` stands for is at least as long as what is missing of the first four groups, or they are all there.
  const missing = tail === undefined ? 0 : 8 - groups.length - (tail === '' ? 0 : tail.split(':').length);
  const all = [...groups, ...Array<string>(Math.max(0, missing)).fill('0'), ...(tail?.split(':') ?? [])];
  return `${all
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}
