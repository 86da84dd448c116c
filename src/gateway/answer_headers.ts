import type { Route } from '../model/route.ts';
import type { DecisionFacts, Forward } from './decide.ts';
import { type CompiledRules, compileResponseRules } from './header_rules.ts';
import type { Admission } from './limits.ts';

const compiled = new WeakMap<Route, { readonly rules: CompiledRules | undefined }>();

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
  const answer = plain ? headers : changed(headers, route);
  if (facts !== undefined) {
    answer.push('X-Request-Id', facts.requestId);
    if (facts.cors !== undefined) answer.push(...facts.cors);
  }
  if (admission !== undefined) {
    for (const [name, value] of admission.headers) answer.push(name, value);
  }
  return answer;
}

/** On a route with `cors` the gateway alone speaks to browsers: two answers to one question are none. */
function changed(headers: readonly string[], route: Route): string[] {
  let known = compiled.get(route);
  if (known === undefined) {
    known = { rules: compileResponseRules(route) };
    compiled.set(route, known);
  }
  const { rules } = known;
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
