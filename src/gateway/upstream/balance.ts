import type { Balance } from '../../model/route.ts';

/** A target, as far as choosing among several goes. */
export interface Balanced {
  /** `http://host:port` or `unix:/path`. */
  readonly origin: string;
  /** Goes in front of every path; empty, or `/base` without a slash at its end. */
  readonly basePath: string;
  /** Calls that were sent there and are not over, those that wait for a connection included. */
  readonly inFlight: number;
  /** Good answers since the start, counted where a breaker wants to know. */
  answers: number;
}

/**
 * Chooses among those targets that are usable.
 * @param affinity the same for calls that should go to the same target.
 */
export type Choose<T extends Balanced> = (
  targets: readonly T[],
  isUsable: (target: T) => boolean,
  affinity: string | undefined,
) => T | undefined;

/** @param targets those that will be chosen among, for what can be prepared. */
export function chooserOf<T extends Balanced>(balance: Balance | undefined, targets: readonly T[]): Choose<T> {
  switch (balance) {
    case 'least_connections':
      return leastConnections();
    case 'consistent_hash':
      return consistentHash(targets);
    default:
      return roundRobin();
  }
}

function roundRobin<T extends Balanced>(): Choose<T> {
  let turn = 0;
  return (targets, isUsable) => {
    for (let step = 0; step < targets.length; step++) {
      const target = targets[turn];
      turn = turn + 1 < targets.length ? turn + 1 : 0;
      if (target !== undefined && isUsable(target)) return target;
    }
    return undefined;
  };
}

/** Among those that have equally few, in turn: otherwise the first would get everything while nothing is going on. */
function leastConnections<T extends Balanced>(): Choose<T> {
  let turn = 0;
  return (targets, isUsable) => {
    let best: T | undefined;
    let bestAt = turn;
    for (let step = 0; step < targets.length; step++) {
      const at = (turn + step) % targets.length;
      const target = targets[at];
      if (target === undefined || (best !== undefined && target.inFlight >= best.inFlight) || !isUsable(target))
        continue;
      best = target;
      bestAt = at;
    }
    turn = (bestAt + 1) % targets.length;
    return best;
  };
}

/**
 * Rendezvous hashing: every target draws a number for the caller, and the highest gets the call. When a target leaves, only its own
 * callers move, and they spread over all that are left; when it is back, exactly they return.
 */
function consistentHash<T extends Balanced>(known: readonly T[]): Choose<T> {
  const seeds = new WeakMap<T, number>();
  for (const target of known) seeds.set(target, hash(target.origin + target.basePath));
  return (targets, isUsable, affinity = '') => {
    const caller = hash(affinity);
    let best: T | undefined;
    let highest = -1;
    for (const target of targets) {
      const drawn = mixed(caller ^ (seeds.get(target) ?? 0));
      if (drawn <= highest || !isUsable(target)) continue;
      best = target;
      highest = drawn;
    }
    return best;
  };
}

/** FNV-1a over UTF-16 units, 32 bits, stirred. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  return mixed(value);
}

/** The finalizer of MurmurHash3: every bit of the input changes half of the output. */
function mixed(value: number): number {
  let it = value ^ (value >>> 16);
  it = Math.imul(it, 0x85ebca6b);
  it ^= it >>> 13;
  it = Math.imul(it, 0xc2b2ae35);
  return (it ^ (it >>> 16)) >>> 0;
}
