import { type Cluster, Redis } from 'ioredis';
import type { Clock } from '../model/clock.ts';
import type { TokenHash } from '../model/token.ts';
import { type Milliseconds, milliseconds } from '../model/units.ts';
import { Announcements } from './announcements.ts';
import type { Invalidation, InvalidationListener } from './invalidation.ts';
import type { Connection } from './redis_connections.ts';
import type { RedisKeys } from './redis_keys.ts';
import { RedisListener } from './redis_listener.ts';

const BEAT_MS = 1_000;

interface Dependencies {
  readonly keys: RedisKeys;
  readonly clock: Clock;
  /** A connection to listen on; or a Cluster, whose masters are listened to one by one. */
  readonly connection: Connection;
  /** Opens a listening connection to one node of a Cluster. */
  readonly listenAt: (node: { host: string; port: number }) => Redis;
}

/**
 * The stream of invalid access tokens, over Redis publish/subscribe. The scripts that delete also publish, so a message cannot
 * be forgotten; it can be lost on a broken connection, which is why every return to `up` comes with a `reset`.
 *
 * In a Cluster every master is listened to directly: what a node publishes is heard from that node even when the nodes do not
 * hear each other.
 */
export class RedisInvalidation implements Invalidation {
  readonly #dependencies: Dependencies;
  readonly #announcements = new Announcements();
  readonly #listeners = new Map<string, RedisListener>();
  readonly #timer: NodeJS.Timeout;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
    const { connection } = dependencies;
    if (connection instanceof Redis) this.#listeners.set('', this.#listener(connection));
    else connection.on('refresh', () => this.#followCluster(connection));
    this.#timer = setInterval(() => this.#beat(), BEAT_MS).unref();
  }

  get up(): boolean {
    // Asked on every look-up: nothing is allocated.
    for (const listener of this.#listeners.values()) if (!listener.up) return false;
    return this.#listeners.size > 0;
  }

  /** Of the connection that has been silent for longest. */
  get lastHeard(): Milliseconds {
    const times = [...this.#listeners.values()].map((listener) => listener.lastHeard);
    return milliseconds(Math.min(...times));
  }

  subscribe(listener: InvalidationListener): () => void {
    return this.#announcements.subscribe(listener);
  }

  close(): void {
    clearInterval(this.#timer);
    for (const listener of this.#listeners.values()) listener.close();
  }

  #beat(): void {
    for (const listener of this.#listeners.values()) listener.beat();
  }

  #listener(connection: Redis): RedisListener {
    const { keys, clock } = this.#dependencies;
    return new RedisListener(connection, {
      keys,
      clock,
      events: { message: (text) => this.#message(text), up: () => this.#announcements.reset() },
    });
  }

  /** @param text hashes with spaces between, or `*` when everything may have changed. */
  #message(text: string): void {
    if (text === '*') this.#announcements.reset();
    else this.#announcements.invalidated(text.split(' ') as TokenHash[]); // written by our scripts from TokenHashes
  }

  #followCluster(cluster: Cluster): void {
    const masters = new Map(
      cluster.nodes('master').map(({ options: { host = '', port = 0 } }) => [`${host}:${port}`, { host, port }]),
    );
    for (const [name, listener] of this.#listeners) {
      if (masters.has(name)) continue;
      this.#listeners.delete(name);
      listener.close();
    }
    for (const [name, node] of masters) {
      if (!this.#listeners.has(name)) this.#listeners.set(name, this.#listener(this.#dependencies.listenAt(node)));
    }
  }
}
