import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Clock } from '../model/clock.ts';
import type { Milliseconds } from '../model/units.ts';
import type { RedisKeys } from './redis_keys.ts';

/** Without any message for this long, the stream counts as lost, and the connection is made anew. */
const LOST_MS = 3_000;

export interface ListenerEvents {
  /** The text of one message on the invalidation channel. */
  message(text: string): void;
  /** From here on messages arrive; some may have been missed before. */
  up(): void;
}

/**
 * Listens on one connection, and proves that it works by publishing to itself over it every second: the heartbeat goes to the
 * server and comes back on the same way as the messages that matter.
 */
export class RedisListener {
  readonly #connection: Redis;
  readonly #keys: RedisKeys;
  readonly #clock: Clock;
  readonly #events: ListenerEvents;
  readonly #heartbeat: string;
  #subscribed = false;
  #closed = false;
  #lastHeard: Milliseconds;

  constructor(connection: Redis, { keys, clock, events }: { keys: RedisKeys; clock: Clock; events: ListenerEvents }) {
    this.#connection = connection;
    this.#keys = keys;
    this.#clock = clock;
    this.#events = events;
    this.#heartbeat = keys.heartbeat(randomUUID());
    this.#lastHeard = clock.monotonic();
    connection.on('ready', () => void this.#subscribe());
    connection.on('close', () => {
      this.#subscribed = false;
    });
    connection.on('message', (channel: string, text: string) => {
      this.#heard();
      if (channel === keys.channel) events.message(text);
    });
  }

  /** Computed, not kept: a process that was stopped must find it down before any timer has run. */
  get up(): boolean {
    return this.#subscribed && !this.#silent();
  }

  get lastHeard(): Milliseconds {
    return this.#lastHeard;
  }

  /** To be called every second. */
  beat(): void {
    if (this.#closed) return;
    if (this.#connection.status === 'end') void this.#connection.connect().catch(() => {});
    if (!this.#subscribed) return;
    if (this.#silent()) this.#connection.disconnect(true);
    else this.#connection.publish(this.#heartbeat, '').catch(() => {}); // silence is noticed, errors need not be
  }

  close(): void {
    this.#closed = true;
    this.#subscribed = false;
    this.#connection.disconnect();
  }

  async #subscribe(): Promise<void> {
    try {
      await this.#connection.subscribe(this.#keys.channel, this.#heartbeat);
      this.#subscribed = true;
      this.#lastHeard = this.#clock.monotonic();
      this.#events.up();
    } catch {
      if (!this.#closed && this.#connection.status === 'ready') this.#connection.disconnect(true);
    }
  }

  #heard(): void {
    const wasSilent = this.#silent();
    this.#lastHeard = this.#clock.monotonic();
    if (wasSilent && this.#subscribed) this.#events.up();
  }

  #silent(): boolean {
    return this.#clock.monotonic() - this.#lastHeard > LOST_MS;
  }
}
