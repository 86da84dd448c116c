import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Clock } from '../model/clock.ts';
import { type Milliseconds, milliseconds } from '../model/units.ts';
import type { RedisKeys } from './redis_keys.ts';

/** With everything older than this on the way, the stream counts as lost, and the connection is made anew. */
const LOST_MS = 3_000;

export interface ListenerEvents {
  /** The text of one message on the invalidation channel. */
  message(text: string): void;
  /** From here on messages arrive; some may have been missed before. */
  up(): void;
}

/**
 * Listens on one connection, and proves that it works by publishing to itself over it every second: the heartbeat goes to the
 * server and comes back on the same way as the messages that matter. It says when it was sent, because a stream that lags brings
 * messages all the time: what was published before that moment has arrived, and no more than that is certain.
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
      if (channel === keys.channel) events.message(text);
      else this.#proven(milliseconds(Number(text)));
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
    else this.#connection.publish(this.#heartbeat, String(this.#clock.monotonic())).catch(() => {}); // silence is noticed, errors need not be
  }

  close(): void {
    this.#closed = true;
    this.#subscribed = false;
    this.#connection.disconnect();
  }

  async #subscribe(): Promise<void> {
    try {
      const sentAt = this.#clock.monotonic();
      await this.#connection.subscribe(this.#keys.channel, this.#heartbeat);
      this.#subscribed = true;
      this.#lastHeard = sentAt;
      this.#events.up();
    } catch {
      if (!this.#closed && this.#connection.status === 'ready') this.#connection.disconnect(true);
    }
  }

  /** @param sentAt when the heartbeat that has come back was sent. */
  #proven(sentAt: Milliseconds): void {
    // One that was sent before this connection was made proves nothing about it.
    if (!(sentAt > this.#lastHeard)) return;
    const wasSilent = this.#silent();
    this.#lastHeard = sentAt;
    if (wasSilent && !this.#silent() && this.#subscribed) this.#events.up();
  }

  #silent(): boolean {
    return this.#clock.monotonic() - this.#lastHeard > LOST_MS;
  }
}
