import type { Clock } from '../model/clock.ts';
import { CorruptRecord, DependencyUnavailable } from '../model/failure.ts';
import type { RefreshToken, TokenHash } from '../model/token.ts';
import type { Seconds } from '../model/units.ts';
import { type GrantChange, NO_GRANT, settled, withoutUnlisted } from './grant_changes.ts';
import { decodeGrant, encodeGrant, type GrantRecord } from './grant_record.ts';
import { encodeRecord } from './record_codec.ts';
import { budgetOf } from './redis_budget.ts';
import { run, runDurably } from './redis_client.ts';
import type { Connection } from './redis_connections.ts';
import { answered } from './redis_failure.ts';
import type { RedisKeys } from './redis_keys.ts';
import { SHRINK, SWAP } from './redis_scripts.ts';

export interface RedisGrantsDependencies {
  readonly mutating: Connection;
  readonly revoking: Connection;
  readonly keys: RedisKeys;
  readonly clock: Clock;
  /** How many replicas must have a revocation before it is confirmed. */
  readonly replicas: number;
}

/** A further record that is written with the grant, or not at all. */
export interface FurtherRecord {
  readonly key: string;
  readonly value: string;
  readonly expiresAt: number;
}

/** Rounds in which somebody else may change the grant first. */
const MOST_ROUNDS = 32;

/** Told on the channel when nobody can say which tokens have ended. */
const EVERYTHING = '*';

/**
 * Changes the record of a grant: reads it, works the change out here, and swaps the texts if what was read is still there. Who
 * comes second reads again.
 */
export class RedisGrants {
  readonly #it: RedisGrantsDependencies;

  constructor(dependencies: RedisGrantsDependencies) {
    this.#it = dependencies;
  }

  /**
   * @param change may be asked several times; undefined leaves everything as it is.
   * @returns what it made of it. @throws CorruptRecord or DependencyUnavailable
   */
  write<C extends GrantChange>(
    tag: string,
    change: (grant: GrantRecord) => C | undefined,
    further: readonly FurtherRecord[] = [],
  ): Promise<C | undefined> {
    const { mutating } = this.#it;
    return this.#settle(mutating, tag, async (text) => {
      const planned = change(readGrant(text));
      if (planned === undefined) return { done: undefined };
      const { keys, args } = this.#change(tag, text, planned, further);
      return (await run(mutating, SWAP, keys, args)) === 1 ? { done: planned } : undefined;
    });
  }

  /**
   * As `write`, for a change that only takes away: it works on a server that is out of memory, and resolves once it is durable.
   * A grant that cannot be read is removed as a whole, and every cache told to forget everything.
   * @param gone announced even if there is nothing to change: a cache may still have it.
   * @throws CorruptRecord after removing one. @throws DependencyUnavailable also when the replicas did not confirm it in time.
   */
  end<C extends GrantChange>(
    tag: string,
    change: (grant: GrantRecord) => C | undefined,
    gone: readonly TokenHash[] = [],
  ): Promise<C | undefined> {
    const { revoking, replicas } = this.#it;
    return this.#settle(revoking, tag, async (text) => {
      const { planned, corrupt } = plan(text, change);
      const ended = [...new Set([...(planned?.ended ?? []), ...gone])];
      const { keys, args } =
        planned === undefined
          ? // Nothing to change here; but what was changed before and not confirmed must be confirmed now.
            this.#swap(tag, text, corrupt ? '' : text, corrupt ? EVERYTHING : ended.join(' '))
          : this.#change(tag, text, { ...planned, ended });
      if ((await runDurably(revoking, SHRINK, keys, args, replicas)) !== 1) return undefined;
      if (corrupt) throw corrupt;
      return { done: planned };
    });
  }

  #change(tag: string, before: string, { after, ended }: GrantChange, further: readonly FurtherRecord[] = []) {
    const { keys, clock } = this.#it;
    const { grant, unlisted } = withoutUnlisted(after);
    const records = [...further, ...this.#own(tag, unlisted)];
    const written = settled(grant, clock.now());
    const text = written ? encodeGrant(written.grant) : '';
    const swap = this.#swap(tag, before, text, ended.join(' '), written?.expiresAt);
    return {
      keys: [keys.grant(tag), ...records.map(({ key }) => key)],
      args: [...swap.args, ...records.flatMap(({ value, expiresAt }) => [value, expiresAt])],
    };
  }

  /** A refresh token that its family lists no longer keeps a record of its own, so that presenting it still counts as reuse. */
  #own(tag: string, tokens: ReadonlyMap<TokenHash, RefreshToken>): readonly FurtherRecord[] {
    return [...tokens].map(([hash, token]) => ({
      key: this.#it.keys.record('refresh', { tag, hash }),
      value: encodeRecord('refresh', token),
      expiresAt: token.expiresAt,
    }));
  }

  #swap(tag: string, before: string, after: string, message: string, expiresAt?: Seconds) {
    const { keys } = this.#it;
    return { keys: [keys.grant(tag)], args: [before, after, expiresAt ?? 0, keys.channel, message] };
  }

  /** @param round undefined when somebody else was first. */
  async #settle<T>(
    connection: Connection,
    tag: string,
    round: (text: string) => Promise<{ readonly done: T } | undefined>,
  ): Promise<T> {
    const deadline = performance.now() + budgetOf(connection);
    const key = this.#it.keys.grant(tag);
    const work = async (): Promise<T> => {
      for (let count = 0; count < MOST_ROUNDS; count += 1) {
        const text = (await connection.get(key)) ?? '';
        // Whoever asked has been told that it was not done.
        if (performance.now() >= deadline) break;
        const outcome = await round(text);
        if (outcome !== undefined) return outcome.done;
      }
      throw new DependencyUnavailable('redis', 'a change of a grant could not be settled');
    };
    return answered(connection, work());
  }
}

/** What is to change, or why that cannot be known. */
function plan<C>(
  text: string,
  change: (grant: GrantRecord) => C | undefined,
): { readonly planned?: C | undefined; readonly corrupt?: CorruptRecord } {
  try {
    return { planned: change(readGrant(text)) };
  } catch (error) {
    if (error instanceof CorruptRecord) return { corrupt: error };
    throw error;
  }
}

const readGrant = (text: string): GrantRecord => (text === '' ? NO_GRANT : decodeGrant(text));
