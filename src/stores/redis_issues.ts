import { Cluster } from 'ioredis';
import type { Clock } from '../model/clock.ts';
import type { Seconds } from '../model/units.ts';
import { run } from './redis_client.ts';
import type { Connection } from './redis_connections.ts';
import { answered } from './redis_failure.ts';
import { ISSUE } from './redis_scripts.ts';
import { TurnBatch } from './turn_batch.ts';

/** A grant that should be new, and where it is to be listed. */
export interface Issue {
  readonly key: string;
  readonly text: string;
  readonly expiresAt: Seconds;
  readonly listings: readonly Listing[];
}

/** One member of one listing, until it expires. */
export interface Listing {
  readonly key: string;
  readonly member: string;
  readonly expiresAt: Seconds;
}

/**
 * New grants of one script. All are refused together by a server that is out of memory. With more of them the server and this
 * process wait for each other in turn: a script takes 10 µs for each.
 */
const MOST = 16;

/**
 * Writes new grants and lists families: all of one turn of the event loop in one script. In a Cluster the listings are in other
 * slots, so each is written by itself, and first: what goes wrong in between leaves a listing of nothing, which is allowed, and
 * never a family that nobody can find.
 */
export class RedisIssues {
  readonly #connection: Connection;
  readonly #clock: Clock;
  readonly #batch: TurnBatch<Issue, boolean>;

  constructor(connection: Connection, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
    this.#batch = new TurnBatch((issues) => this.#together(issues), MOST, { early: true });
  }

  /** @returns whether it was written: not if there is a grant under that key. @throws DependencyUnavailable */
  async write(issue: Issue): Promise<boolean> {
    if (!(this.#connection instanceof Cluster)) return this.#batch.add(issue);
    await this.list(issue.listings);
    const { key, text, expiresAt } = issue;
    return (await answered(this.#connection, this.#connection.set(key, text, 'EXAT', expiresAt, 'NX'))) === 'OK';
  }

  async list(listings: readonly Listing[]): Promise<void> {
    await Promise.all(
      listings.map(({ key, member, expiresAt }) =>
        run(this.#connection, ISSUE, [key], [this.#now(), 0, 1, expiresAt, member]),
      ),
    );
  }

  async #together(issues: readonly Issue[]): Promise<readonly boolean[]> {
    const listings = Map.groupBy(
      issues.flatMap((issue) => issue.listings),
      ({ key }) => key,
    );
    const written = await run(
      this.#connection,
      ISSUE,
      [...issues.map(({ key }) => key), ...listings.keys()],
      [
        ...[this.#now(), issues.length, ...issues.flatMap(({ text, expiresAt }) => [text, expiresAt])],
        ...[...listings.values()].flatMap((members) => [
          members.length,
          ...members.flatMap(({ member, expiresAt }) => [expiresAt, member]),
        ]),
      ],
    );
    return issues.map((_, at) => Array.isArray(written) && written[at] === 1);
  }

  #now(): number {
    return this.#clock.now() / 1000;
  }
}
