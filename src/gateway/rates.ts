import type { Failure } from '../model/failure.ts';
import type { Route } from '../model/route.ts';
import type { TokenHash } from '../model/token.ts';
import { inMilliseconds, type Milliseconds, type Seconds, seconds } from '../model/units.ts';
import type { Count } from '../stores/counter_store.ts';

/** Whose calls a `per_client` limit counts together, whatever tokens they come with. */
export interface Caller {
  readonly kind: 'client' | 'user' | 'address';
  readonly id: string;
}

/** Calls that are counted together in windows of time. */
export interface Rate {
  /** The name of its counter. */
  readonly key: string;
  readonly quota: number;
  readonly window: Milliseconds;
  readonly of: 'token' | Caller['kind'];
}

/** The rates of a route that hold for a call, in the order in which they are asked: each only once those before have passed. */
export function ratesOf(route: Route, token: TokenHash | undefined, caller: Caller | undefined): readonly Rate[] {
  const { perToken, perClient } = route.limits ?? {};
  const rates: Rate[] = [];
  if (perToken !== undefined && token !== undefined) {
    const { count: quota, window } = perToken;
    rates.push({ key: tokenKey(route, token), quota, window, of: 'token' });
  }
  if (perClient !== undefined && caller !== undefined) {
    const { count: quota, window } = perClient;
    const { kind, id } = caller;
    // A hash has no space in it, so no caller is taken for a token.
    rates.push({ key: `${placeOf(route)}:${kind} ${id}`, quota, window, of: kind });
  }
  return rates;
}

/** What the calls of one token on a route are counted by. */
export const tokenKey = (route: Route, token: TokenHash): string => `${placeOf(route)}:${token}`;

const placeOf = ({ name, limits }: Route): string =>
  limits?.countedAs === undefined ? `route:${name}` : `shared:${limits.countedAs}`;

const wholeSeconds = (time: Milliseconds): Seconds => seconds(Math.max(1, Math.ceil(time / 1000)));

/**
 * draft-ietf-httpapi-ratelimit-headers §3 and §4: lists of structured fields, `q` quota, `w` window, `r` remaining, `t` seconds to reset.
 *
 * @param counts of the first of these rates, in turn: those behind one that is used up were not asked.
 */
export function rateHeaders(rates: readonly Rate[], counts: readonly Count[]): readonly [string, string][] {
  let policies = '';
  let state = '';
  for (const [at, { of, quota, window }] of rates.entries()) {
    const policy = of === 'token' ? 'per-token' : 'per-client';
    const comma = at === 0 ? '' : ', ';
    policies += `${comma}"${policy}";q=${quota};w=${wholeSeconds(window)}`;
    const count = counts[at];
    if (count === undefined) continue;
    state += `${comma}"${policy}";r=${Math.max(0, quota - count.count)};t=${wholeSeconds(count.remaining)}`;
  }
  return [
    ['RateLimit-Policy', policies],
    ['RateLimit', state],
  ];
}

/** @param remaining until the window is over. @param headers as `rateHeaders` gives them. */
export function tooManyInWindow(
  { quota, of }: Rate,
  remaining: Milliseconds,
  headers: readonly (readonly [string, string])[],
): Failure {
  const retryAfter = wholeSeconds(remaining);
  const description = `${WHOSE[of]} ${quota} calls; try again in ${inMilliseconds(retryAfter) / 1000} seconds.`;
  return { code: 'rate_limited', description, retryAfter, headers };
}

const WHOSE: Readonly<Record<Rate['of'], string>> = {
  token: 'This token has used its',
  client: 'The client of this token has used its',
  user: 'The personal access tokens of this user have used their',
  address: 'This address has used its',
};
