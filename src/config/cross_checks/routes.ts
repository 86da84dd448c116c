import { METHODS } from 'node:http';
import { oneOf } from '../../model/refusal_words.ts';
import type { Path } from '../problems.ts';
import type { Fields, Reader } from '../reader.ts';
import { isWithin } from '../schema/paths.ts';
import type { RouteFields } from '../sections.ts';
import { suggest } from '../suggest.ts';
import { type Check, refuseRepeated } from './check.ts';
import { dialectPaths } from './dialects.ts';

type Route = Fields<RouteFields>;

/** The path a route pattern stands on: `/orders` for `/orders/*`, empty for everything. */
const baseOf = (path: string): string => path.replace(/\/\*$/, '');

export const routeNames: Check = ({ sections, reader }) => {
  const names = sections.routes.map(({ path, values }) => ({ path: [...path, 'name'], value: values.name }));
  refuseRepeated(reader, names, 'name of the route');
};

/** Two routes that match the same call would leave it to chance which of them guards it. */
export const routesApart: Check = ({ sections, reader }) => {
  const seen = new Map<string, Route[]>();
  for (const route of sections.routes) {
    const { path, host, methods } = route.values;
    // A host or methods that could not be read are not the same as none.
    if (path === undefined || (!host && route.written.has('host')) || (!methods && route.written.has('methods')))
      continue;
    const place = `${host ?? ''} ${path}`;
    const others = seen.get(place) ?? [];
    const rival = others.find((other) => shareMethod(methods, other.values.methods));
    if (rival) {
      const line = reader.lineOf(rival.path);
      reader.report(
        [...route.path, 'path'],
        `covers the same host, path and method as the route in line ${line}: change one`,
      );
    }
    seen.set(place, [...others, route]);
  }
};

/** A route without methods takes what the routes that name methods leave, so it clashes only with another such one. */
function shareMethod(one: readonly string[] | undefined, other: readonly string[] | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return one.some((method) => other.includes(method));
}

export const routeDialects: Check = ({ sections, reader }) => {
  // A dialect that could not be read may be the one that is meant.
  if (sections.dialects.some(({ type }) => type === undefined)) return;
  const known = [...new Set(sections.dialects.flatMap(({ type }) => type ?? []))];
  for (const { path, values, written } of sections.routes) {
    const { dialect } = values;
    if (dialect === undefined || known.includes(dialect)) continue;
    const meant = suggest(dialect, known);
    const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
    const what = written.has('dialect')
      ? 'is not one of the dialects'
      : 'is missing, and the default oauth2 is not one of the dialects';
    reader.report([...path, 'dialect'], `${what}: must be ${oneOf(known)}${hint}`);
  }
};

/** The dialects' own endpoints are matched first, so a route among them would be reached by some calls and not by others. */
export const routesOutsideDialects: Check = ({ sections, variants, reader }) => {
  for (const { path, values } of sections.routes) {
    if (values.path === undefined) continue;
    const base = baseOf(values.path);
    for (const dialect of sections.dialects) {
      const { type, frame } = dialect;
      const { host } = frame.values;
      if (host !== undefined && values.host !== undefined && host !== values.host) continue;
      const { prefix, sharesPrefix } = { ...variants.dialects[type ?? ''], ...frame.values };
      const whole = prefix === undefined || prefix === '' || sharesPrefix ? [] : [prefix];
      const taken = [...whole, ...dialectPaths(dialect, variants)].find((place) => isWithin(base, place));
      if (taken === undefined) continue;
      const line = reader.lineOf(dialect.path);
      const where = taken === base && taken !== prefix ? `is ${taken}` : `lies below ${taken}`;
      reader.report(
        [...path, 'path'],
        `${where}, where the dialect ${type} answers (line ${line}): move the route or give the dialect another prefix`,
      );
    }
  }
};

/** Where proxies ask for verdicts there are no routes; and without verdicts nobody carries what has no upstream. */
export const forwardAuthRoutes: Check = ({ sections, variants, reader }) => {
  const on = sections.top.values.forward_auth;
  if (on === undefined) return;
  for (const { path, values } of sections.routes) {
    if (values.upstream?.targets.length === 0 && !on)
      reader.report(
        [...path, 'upstream'],
        'is none, so nobody carries these calls: write forward_auth: true, or a URL',
      );
    if (on && values.path !== undefined && isWithin(baseOf(values.path), '/auth'))
      reader.report([...path, 'path'], 'lies at /auth, where forward_auth answers: move the route');
  }
  for (const dialect of sections.dialects) {
    const places = [dialect.frame.values.prefix ?? '', ...dialectPaths(dialect, variants)];
    const taken = places.find((place) => isWithin(place, '/auth'));
    if (on && taken !== undefined)
      reader.report(dialect.path, `answers at ${taken}, where forward_auth answers: give it another prefix`);
  }
};

export const stripPrefixes: Check = ({ sections, reader }) => {
  for (const { path, values } of sections.routes) {
    if (values.path === undefined || values.strip_prefix === undefined) continue;
    if (isWithin(baseOf(values.path), values.strip_prefix)) continue;
    reader.report(
      [...path, 'strip_prefix'],
      'must be a leading part of path, by whole segments: /api of /api/orders/*',
    );
  }
};

const TOKEN_LIMITS = [
  ['per_token', 'write per_client, which counts such calls by address'],
  ['concurrent', 'remove it'],
] as const;

/** A route that asks nothing of its callers must not look as if it did. */
export const publicRoutes: Check = ({ sections, reader }) => {
  for (const { path, values, written } of sections.routes) {
    if (values.auth !== 'none') continue;
    for (const key of ['scopes', 'audience', 'connections', 'forward_authorization', 'on_store_outage'] as const) {
      if (written.has(key))
        reader.report([...path, key], 'has no effect with auth: none; remove it, or write auth: required', 'key');
    }
    for (const [key, instead] of TOKEN_LIMITS) {
      if (values.limits?.[key] === undefined) continue;
      const wrong = `limits calls by their token, which auth: none does not look at: ${instead}`;
      reader.report([...path, 'limits', key], wrong, 'key');
    }
  }
};

/** Methods that a mistyped word may have meant. Others that HTTP has are right too; words that are like none are somebody's own. */
const USUAL = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** A mistyped method would be one that nobody sends, and what was meant would stay as it is. */
function refuseMistyped(reader: Reader, path: Path, method: string, of: 'key' | 'value'): void {
  const meant = METHODS.includes(method) ? undefined : suggest(method, USUAL);
  if (meant !== undefined) reader.report(path, `is no method of HTTP: did you mean ${meant}?`, of);
}

export const scopeMethods: Check = ({ sections, reader }) => {
  for (const { path, values } of sections.routes) {
    const { methods, scopes } = values;
    for (const [index, it] of (methods ?? []).entries())
      refuseMistyped(reader, [...path, 'methods', index], it, 'value');
    if (!scopes || Array.isArray(scopes)) continue;
    for (const method of Object.keys(scopes)) {
      if (!methods) refuseMistyped(reader, [...path, 'scopes', method], method, 'key');
      if (!methods || methods.includes(method)) continue;
      reader.report([...path, 'scopes', method], `is not one of the route's methods: must be ${oneOf(methods)}`, 'key');
    }
  }
};
