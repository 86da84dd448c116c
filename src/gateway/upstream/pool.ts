import type { Milliseconds } from '../../model/units.ts';
import type { Carried } from './carried.ts';
import { Connection, type Owner } from './connection.ts';
import { deadlines, NEVER, type Watched } from './deadlines.ts';
import type { Address } from './dial.ts';
import { UpstreamError } from './exchange.ts';

/** A call that may have to wait for its turn. */
export interface Passenger extends Carried {
  /** It is carried from now on; it may be told `onReady` at once. */
  onBoard(connection: Connection): void;
}

export interface PoolSettings {
  readonly address: Address;
  /** The `Host` of every call. */
  readonly authority: string;
  readonly connectTimeout: Milliseconds;
  readonly maxConnections: number;
  /** How many calls may wait for a connection. */
  readonly maxWaiting: number;
}

/**
 * The connections to one address: carries each call on the one that was used last, opens another if none is idle, and lets calls
 * wait when there may be no more. It must not know which calls should go elsewhere instead.
 */
export class Pool {
  readonly settings: PoolSettings;
  /** The newest last: those that were not needed for long are closed by their own deadline. */
  readonly #idle: Connection[] = [];
  readonly #waiting = new Set<Waiting>();
  readonly #owner: Owner;
  #open = 0;
  #retired = false;
  #closing: { readonly done: Promise<void>; readonly resolve: () => void } | undefined;

  constructor(settings: PoolSettings) {
    this.settings = settings;
    this.#owner = {
      address: settings.address,
      common: {
        behindTarget: ` HTTP/1.1\r\nhost: ${settings.authority}\r\nconnection: keep-alive\r\n`,
        behindUpgrade: ` HTTP/1.1\r\nhost: ${settings.authority}\r\nconnection: upgrade\r\n`,
      },
      connectTimeout: settings.connectTimeout,
      onIdle: (connection) => this.#onIdle(connection),
      onClosed: (connection) => this.#onClosed(connection),
    };
  }

  /** @param fresh on a new connection, whatever is idle. */
  carry(call: Passenger, fresh = false): void {
    const own = fresh || call.outgoing.upgrade !== undefined;
    const idle = own ? undefined : this.#idle.pop();
    // An idle one makes room for it.
    if (own && this.#open >= this.settings.maxConnections) this.#idle.shift()?.drop();
    if (idle !== undefined) {
      call.onBoard(idle);
      idle.carry(call);
    } else if (this.#closing !== undefined) {
      call.onFailed(new UpstreamError('unreachable', 'closing'), undefined);
    } else if (this.#open < this.settings.maxConnections) {
      this.#dial(call);
    } else if (this.#waiting.size < this.settings.maxWaiting) {
      const waiting = new Waiting(call, own, this.#waiting);
      waiting.deadline = Math.min(deadlines.in(this.settings.connectTimeout), call.mustEnd);
      deadlines.watch(waiting);
      this.#waiting.add(waiting);
    } else {
      call.onFailed(new UpstreamError('overloaded', 'queue_full'), undefined);
    }
  }

  /** The call will not be carried, if it still waits. */
  leave(call: Passenger): void {
    for (const waiting of this.#waiting) {
      if (waiting.call === call) waiting.leave();
    }
  }

  /** Whether nothing is open and nothing waits. */
  get isEmpty(): boolean {
    return this.#open === 0 && this.#waiting.size === 0;
  }

  /** Keeps no connection from now on. Calls are still carried: those that were decided before go where they were to go. */
  retire(): void {
    this.#retired = true;
    for (const idle of this.#idle.splice(0)) idle.drop();
  }

  /** Resolves when the calls under way are over and every connection is closed. */
  close(): Promise<void> {
    if (this.#closing === undefined) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#closing = { done: promise, resolve };
      for (const idle of this.#idle.splice(0)) idle.drop();
      if (this.#open === 0) resolve();
    }
    return this.#closing.done;
  }

  #dial(call: Passenger): void {
    this.#open++;
    call.onBoard(new Connection(this.#owner, call));
  }

  #next(): Passenger | undefined {
    const [first] = this.#waiting;
    first?.leave();
    return first?.call;
  }

  #onIdle(connection: Connection): void {
    const [first] = this.#waiting;
    if (first?.own === true) {
      // Its place is what that call waits for.
      connection.drop();
      return;
    }
    const next = this.#next();
    if (next !== undefined) {
      next.onBoard(connection);
      connection.carry(next);
    } else if (this.#closing === undefined && !this.#retired) this.#idle.push(connection);
    else connection.drop();
  }

  #onClosed(connection: Connection): void {
    this.#open--;
    const at = this.#idle.lastIndexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
    // A place is free: whoever waits longest has it.
    if (this.#open < this.settings.maxConnections) {
      const next = this.#next();
      if (next !== undefined) this.#dial(next);
    }
    if (this.#open === 0) this.#closing?.resolve();
  }
}

/** A call in the queue, for as long as it would wait for a connection. */
class Waiting implements Watched {
  deadline = NEVER;
  readonly call: Passenger;
  /** Whether no connection will do that has carried another call. */
  readonly own: boolean;
  readonly #queue: Set<Waiting>;

  constructor(call: Passenger, own: boolean, queue: Set<Waiting>) {
    this.call = call;
    this.own = own;
    this.#queue = queue;
  }

  leave(): void {
    this.#queue.delete(this);
    deadlines.forget(this);
  }

  onDeadline(): void {
    this.leave();
    this.call.onFailed(new UpstreamError('overloaded', 'queue_timeout'), undefined);
  }
}
