import type { Clock } from '../model/clock.ts';
import type { Failure } from '../model/failure.ts';
import type { Route } from '../model/route.ts';
import type { TokenHash } from '../model/token.ts';
import { type Milliseconds, milliseconds, seconds } from '../model/units.ts';
import type { Count, CounterStore } from '../stores/counter_store.ts';
import type { Answer } from '../stores/token_store.ts';
import { type Caller, type Rate, rateHeaders, ratesOf, tokenKey, tooManyInWindow } from './rates.ts';

/** A call that may go on. */
export interface Admission {
  /** `RateLimit` and `RateLimit-Policy` for the answer; none if the route has no rate. */
  readonly headers: readonly (readonly [string, string])[];
  /** Must be called once when the exchange is over, however it ended. */
  release(): void;
}

export interface Limits {
  /**
   * Counts one call on a route: of its token, and then of its caller, each where there is one and the route limits it. The failure is
   * `rate_limited`, with the headers that belong to it.
   */
  admit(route: Route, token: TokenHash | undefined, caller?: Caller): Answer<Admission | Failure>;
  /** What `admit` would say, without counting. @returns what is left, this call not taken off. */
  peek(route: Route, token: TokenHash | undefined, caller?: Caller): Answer<Headroom | Failure>;
}

/** What is left on a route; absent where it sets no limit to this call. */
export interface Headroom {
  readonly perToken?: RoomInWindow | undefined;
  readonly perClient?: (RoomInWindow & { readonly of: Caller['kind'] }) | undefined;
  /** On this node. */
  readonly concurrent?: { readonly most: number; readonly underWay: number } | undefined;
}

interface RoomInWindow {
  readonly quota: number;
  readonly left: number;
  readonly resetsIn: Milliseconds;
}

const FREE: Admission = { headers: [], release: () => {} };

/** Expired local counters are swept out when there are this many. */
const SWEEP_AT = 10_000;

/**
 * Owns the limits of routes: how many calls of one token and of one caller per window over all nodes, and how many of a token at once
 * on this node. A counter store that is down must not stop traffic: this node then counts alone.
 */
export function createLimits({ counters, clock }: { counters: CounterStore; clock: Clock }): Limits {
  const underWay = new Map<string, number>();
  const local = createLocalCounter(clock);

  function release(key: string): void {
    const left = (underWay.get(key) ?? 1) - 1;
    if (left > 0) underWay.set(key, left);
    else underWay.delete(key);
  }

  function hit({ key, window }: Rate): Answer<Count> {
    try {
      const count = counters.hit(key, window);
      return count instanceof Promise ? count.catch(() => local.hit(key, window)) : count;
    } catch {
      return local.hit(key, window);
    }
  }

  /** Counts the call in one rate after the other, up to the first that is used up: what goes no further costs the next nothing. */
  function hitEach(rates: readonly Rate[], counts: Count[]): Answer<readonly Count[]> {
    const rate = rates[counts.length];
    if (rate === undefined) return counts;
    const go = (count: Count): Answer<readonly Count[]> => {
      counts.push(count);
      return count.count > rate.quota ? counts : hitEach(rates, counts);
    };
    const count = hit(rate);
    return count instanceof Promise ? count.then(go) : go(count);
  }

  async function peek({ key, window }: Rate): Promise<Count> {
    const none = { count: 0, remaining: window };
    try {
      return (await counters.peek(key)) ?? none;
    } catch {
      return local.peek(key) ?? none;
    }
  }

  return {
    admit(route, token, caller) {
      if (route.limits === undefined) return FREE;

      // 1. A place among the calls under way, taken before anything is awaited.
      const { concurrent } = route.limits;
      let held: string | undefined;
      if (concurrent !== undefined && token !== undefined) {
        held = tokenKey(route, token);
        const taken = underWay.get(held) ?? 0;
        if (taken >= concurrent) return tooManyAtOnce(concurrent);
        underWay.set(held, taken + 1);
      }
      const giveBack = () => {
        if (held !== undefined) release(held);
        held = undefined;
      };

      // 2. One more call in each window.
      const rates = ratesOf(route, token, caller);
      if (rates.length === 0) return held === undefined ? FREE : { headers: [], release: giveBack };
      const judge = (counts: readonly Count[]): Admission | Failure => {
        const headers = rateHeaders(rates, counts);
        const failure = usedUp(rates, counts, headers);
        if (failure === undefined) return { headers, release: giveBack };
        giveBack();
        return failure;
      };
      const counts = hitEach(rates, []);
      return counts instanceof Promise ? counts.then(judge) : judge(counts);
    },

    peek(route, token, caller) {
      const { concurrent } = route.limits ?? {};
      const atOnce: { concurrent?: Headroom['concurrent'] } = {};
      if (concurrent !== undefined && token !== undefined) {
        const taken = underWay.get(tokenKey(route, token)) ?? 0;
        if (taken >= concurrent) return tooManyAtOnce(concurrent);
        atOnce.concurrent = { most: concurrent, underWay: taken };
      }
      const rates = ratesOf(route, token, caller);
      if (rates.length === 0) return atOnce;
      return Promise.all(rates.map(peek)).then((open) => {
        const withThis = open.map(({ count, remaining }) => ({ count: count + 1, remaining }));
        const first = withThis.findIndex(({ count }, at) => count > (rates[at]?.quota ?? 0));
        const asked = first < 0 ? withThis : withThis.slice(0, first + 1);
        return usedUp(rates, asked, rateHeaders(rates, asked)) ?? { ...atOnce, ...roomOf(rates, open) };
      });
    },
  };
}

/** @param counts up to that of the first rate that is used up, with the call that is judged. */
function usedUp(rates: readonly Rate[], counts: readonly Count[], headers: Admission['headers']): Failure | undefined {
  const at = counts.length - 1;
  const [rate, count] = [rates[at], counts[at]];
  if (rate === undefined || count === undefined || count.count <= rate.quota) return undefined;
  return tooManyInWindow(rate, count.remaining, headers);
}

function roomOf(rates: readonly Rate[], counts: readonly Count[]): Headroom {
  let room: Headroom = {};
  for (const [at, { quota, of }] of rates.entries()) {
    const { count = 0, remaining = milliseconds(0) } = counts[at] ?? {};
    const left = { quota, left: quota - count, resetsIn: remaining };
    room = of === 'token' ? { ...room, perToken: left } : { ...room, perClient: { ...left, of } };
  }
  return room;
}

/** Fixed windows in memory, for as long as the shared counters are away. */
function createLocalCounter(clock: Clock) {
  const windows = new Map<string, { count: number; readonly ends: number }>();
  const countOf = ({ count, ends }: { count: number; ends: number }, now: number): Count => ({
    count,
    remaining: milliseconds(ends - now),
  });
  return {
    hit(key: string, window: Milliseconds): Count {
      const now = clock.monotonic();
      let open = windows.get(key);
      if (open === undefined || open.ends <= now) {
        if (windows.size >= SWEEP_AT) sweep(windows, now);
        open = { count: 0, ends: now + window };
        windows.set(key, open);
      }
      open.count++;
      return countOf(open, now);
    },
    peek(key: string): Count | undefined {
      const now = clock.monotonic();
      const open = windows.get(key);
      return open && open.ends > now ? countOf(open, now) : undefined;
    },
  };
}

function sweep(windows: Map<string, { readonly ends: number }>, now: number): void {
  for (const [key, { ends }] of windows) {
    if (ends <= now) windows.delete(key);
  }
  // All alive: forget the oldest half rather than grow.
  let surplus = windows.size - SWEEP_AT / 2;
  for (const key of windows.keys()) {
    if (surplus-- <= 0) break;
    windows.delete(key);
  }
}

function tooManyAtOnce(concurrent: number): Failure {
  const one = concurrent === 1;
  return {
    code: 'rate_limited',
    description: `Only ${concurrent} ${one ? 'call' : 'calls'} of this token may be under way at once; wait for ${one ? 'it' : 'one'} to end.`,
    retryAfter: seconds(1),
    headers: [
      ['RateLimit-Policy', `"concurrent";q=${concurrent};qu="concurrent-requests"`],
      ['RateLimit', '"concurrent";r=0'],
    ],
  };
}
