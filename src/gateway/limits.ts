import type { Clock } from '../model/clock.ts';
import type { Failure } from '../model/failure.ts';
import type { Route, RouteLimits } from '../model/route.ts';
import type { TokenHash } from '../model/token.ts';
import { inMilliseconds, type Milliseconds, milliseconds, type Seconds, seconds } from '../model/units.ts';
import type { CounterStore } from '../stores/counter_store.ts';
import type { Answer } from '../stores/token_store.ts';

/** A call that may go on. */
export interface Admission {
  /** `RateLimit` and `RateLimit-Policy` for the answer; none if the route has no rate. */
  readonly headers: readonly (readonly [string, string])[];
  /** Must be called once when the exchange is over, however it ended. */
  release(): void;
}

export interface Limits {
  /** Counts one call of a token on a route. The failure is `rate_limited`, with the headers that belong to it. */
  admit(route: Route, token: TokenHash): Answer<Admission | Failure>;
  /** What `admit` would say, without counting. @returns what the token has left, this call not taken off. */
  peek(route: Route, token: TokenHash): Answer<Headroom | Failure>;
}

/** What a token has left on a route; absent where the route sets no limit. */
export interface Headroom {
  readonly perToken?: { readonly quota: number; readonly left: number; readonly resetsIn: Milliseconds } | undefined;
  /** On this node. */
  readonly concurrent?: { readonly most: number; readonly underWay: number } | undefined;
}

type Count = Awaited<ReturnType<CounterStore['hit']>>;

const NO_LIMITS: RouteLimits = {};
const FREE: Admission = { headers: [], release: () => {} };

/** Expired local counters are swept out when there are this many. */
const SWEEP_AT = 10_000;

/**
 * Owns the limits of routes: how many calls of one token per window over all nodes, and how many at once on this node.
 * A counter store that is down must not stop traffic: this node then counts alone.
 */
export function createLimits({ counters, clock }: { counters: CounterStore; clock: Clock }): Limits {
  const underWay = new Map<string, number>();
  const local = createLocalCounter(clock);

  function release(key: string): void {
    const left = (underWay.get(key) ?? 1) - 1;
    if (left > 0) underWay.set(key, left);
    else underWay.delete(key);
  }

  function hit(key: string, window: Milliseconds): Answer<Count> {
    try {
      const count = counters.hit(key, window);
      return count instanceof Promise ? count.catch(() => local.hit(key, window)) : count;
    } catch {
      return local.hit(key, window);
    }
  }

  async function peek(key: string): Promise<Count | undefined> {
    try {
      return await counters.peek(key);
    } catch {
      return local.peek(key);
    }
  }

  return {
    admit(route, token) {
      const { perToken, concurrent } = route.limits ?? NO_LIMITS;
      if (perToken === undefined && concurrent === undefined) return FREE;
      const key = keyOf(route, token);

      // 1. A place among the calls under way, taken before anything is awaited.
      const taken = underWay.get(key) ?? 0;
      if (concurrent !== undefined) {
        if (taken >= concurrent) return tooManyAtOnce(concurrent);
        underWay.set(key, taken + 1);
      }
      let held = concurrent !== undefined;
      const giveBack = () => {
        if (held) release(key);
        held = false;
      };
      if (perToken === undefined) return { headers: [], release: giveBack };

      // 2. One more call in this window.
      const { count: quota, window } = perToken;
      const judge = (count: Count): Admission | Failure => {
        const headers = rateHeaders(quota, window, count);
        if (count.count <= quota) return { headers, release: giveBack };
        giveBack();
        return tooManyInWindow(quota, count.remaining, headers);
      };
      const count = hit(key, window);
      return count instanceof Promise ? count.then(judge) : judge(count);
    },

    peek(route, token) {
      const { perToken, concurrent } = route.limits ?? NO_LIMITS;
      const key = keyOf(route, token);
      const taken = underWay.get(key) ?? 0;
      if (concurrent !== undefined && taken >= concurrent) return tooManyAtOnce(concurrent);
      const atOnce = concurrent === undefined ? {} : { concurrent: { most: concurrent, underWay: taken } };
      if (perToken === undefined) return atOnce;
      const { count: quota, window } = perToken;
      return peek(key).then((open) => {
        const { count, remaining } = open ?? { count: 0, remaining: window };
        if (count >= quota)
          return tooManyInWindow(quota, remaining, rateHeaders(quota, window, { count: count + 1, remaining }));
        return { ...atOnce, perToken: { quota, left: quota - count, resetsIn: remaining } };
      });
    },
  };
}

const keyOf = ({ name, limits }: Route, token: TokenHash): string =>
  limits?.countedAs === undefined ? `route:${name}:${token}` : `shared:${limits.countedAs}:${token}`;

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

const wholeSeconds = (time: Milliseconds): Seconds => seconds(Math.max(1, Math.ceil(time / 1000)));

/** draft-ietf-httpapi-ratelimit-headers §3 and §4: structured fields, `q` quota, `w` window, `r` remaining, `t` seconds to reset. */
function rateHeaders(quota: number, window: Milliseconds, { count, remaining }: Count): readonly [string, string][] {
  return [
    ['RateLimit-Policy', `"per-token";q=${quota};w=${wholeSeconds(window)}`],
    ['RateLimit', `"per-token";r=${Math.max(0, quota - count)};t=${wholeSeconds(remaining)}`],
  ];
}

function tooManyInWindow(quota: number, remaining: Milliseconds, headers: readonly [string, string][]): Failure {
  const retryAfter = wholeSeconds(remaining);
  const description = `This token has used its ${quota} calls; try again in ${inMilliseconds(retryAfter) / 1000} seconds.`;
  return { code: 'rate_limited', description, retryAfter, headers };
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
