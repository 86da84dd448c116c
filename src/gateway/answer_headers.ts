import type { Route } from '../model/route.ts';
import type { DecisionFacts, Forward } from './decide.ts';
import { type CompiledRules, compileResponseRules } from './header_rules.ts';
import type { Admission } from './limits.ts';
import { setsOwnCookie } from './own_cookies.ts';

const compiled = new WeakMap<Route, CompiledRules>();

function rulesOf(route: Route): CompiledRules | undefined {
  const rules = compiled.get(route) ?? compileResponseRules(route);
  if (rules !== undefined) compiled.set(route, rules);
  return rules;
}

/**
 * Makes the header list of an upstream's answer what the caller gets to see, the same in every lane: the rules of the route, what
 * browsers are told, the id of the request and what is left of its limits.
 * @param headers names and values in turn; may be changed.
 */
export function answerHeaders(
  headers: string[],
  facts: DecisionFacts | undefined,
  forward: Forward | undefined,
  admission: Admission | undefined,
): string[] {
  const route = forward?.route;
  const plain = route === undefined || (route.responseHeaders === undefined && route.cors === undefined);
  const answer = withoutOurs(plain ? headers : changed(headers, route));
  if (facts !== undefined) {
    answer.push('X-Request-Id', facts.requestId);
    if (facts.cors !== undefined) answer.push(...facts.cors);
  }
  if (admission !== undefined) {
    for (const [name, value] of admission.headers) answer.push(name, value);
  }
  return answer;
}

/** Nearly always there is nothing to take out, and the list stays the same one. */
function withoutOurs(headers: string[]): string[] {
  for (let at = 0; at + 1 < headers.length; at += 2) {
    if (!setsOwnCookie(headers[at] ?? '', headers[at + 1] ?? '')) continue;
    return headers.filter((_, each) => !setsOwnCookie(headers[each & ~1] ?? '', headers[each | 1] ?? ''));
  }
  return headers;
}

/** As `answerHeaders`, for what comes behind the body: what the route takes away is not let through there either. */
export function answerTrailers(trailers: readonly string[], forward: Forward | undefined): readonly string[] {
  const rules = forward?.route.responseHeaders && rulesOf(forward.route);
  if (rules === undefined) return trailers;
  return trailers.filter((_, at) => !rules.drops(trailers[at - (at % 2)] ?? ''));
}

/** On a route with `cors` the gateway alone speaks to browsers: two answers to one question are none. */
function changed(headers: readonly string[], route: Route): string[] {
  const rules = route.responseHeaders && rulesOf(route);
  const left: string[] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at] ?? '';
    if (rules?.drops(name) || (route.cors !== undefined && isCors(name))) continue;
    left.push(name, headers[at + 1] ?? '');
  }
  if (rules !== undefined) left.push(...rules.lines);
  return left;
}

const isCors = (name: string): boolean => name.length > 15 && name.slice(0, 15).toLowerCase() === 'access-control-';
