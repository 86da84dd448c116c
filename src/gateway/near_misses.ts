import type { Route } from '../model/route.ts';
import { compileRoutes } from './routes.ts';

/** Why a route that somebody may have meant does not cover a call, and what would make it. */
export interface NearMiss {
  readonly says: string;
  readonly change: string;
}

/** How many are told. */
const MOST = 3;

/** A call as `Routes.match` takes it. */
export interface Call {
  readonly host: string;
  readonly path: string;
  readonly method: string;
}

type Kind = (route: Route, call: Call) => NearMiss | undefined;

/**
 * Finds the routes that nearly cover a call: closest first, at most three. Each route is asked by the matcher that serves traffic,
 * alone and with one thing changed, so nothing is called near that the change would not make match.
 */
export function nearMisses(routes: readonly Route[], call: Call): readonly NearMiss[] {
  const found: NearMiss[] = [];
  for (const kind of [otherMethod, otherHost, trailingSlash, otherCase, below, above]) {
    for (const route of routes) {
      const miss = kind(route, call);
      if (miss !== undefined) found.push(miss);
      if (found.length === MOST) return found;
    }
  }
  return found;
}

/** The routes that would cover it if those that win were not there. */
export function runnersUp(routes: readonly Route[], call: Call, winner: Route): readonly string[] {
  return routes.filter((route) => route !== winner && covers(route, call)).map(({ name }) => name);
}

const covers = (route: Route, { host, path, method }: Call): boolean =>
  compileRoutes([route]).match(host, path, method) !== undefined;

/** The call as this route would have it, but for what is looked at. */
const withMethod = (route: Route, call: Call): Call => ({ ...call, method: route.methods?.[0] ?? call.method });
const withHost = (route: Route, call: Call): Call => ({ ...call, host: route.host ?? call.host });

const otherMethod: Kind = (route, call) => {
  const { methods } = route;
  if (methods === undefined || methods.includes(call.method) || !covers(route, withMethod(route, call)))
    return undefined;
  return {
    says: `the route ${route.name} (${route.path}) covers the path, but only with ${list(methods)}`,
    change: `Call it with ${list(methods, 'or')}, or add ${call.method} to methods of the route ${route.name}.`,
  };
};

const otherHost: Kind = (route, call) => {
  const { host } = route;
  if (host === undefined || host === call.host || !covers(route, withHost(route, withMethod(route, call))))
    return undefined;
  return {
    says: `the route ${route.name} (${route.path}) covers the path, but only on the host ${host}, and this is ${call.host}`,
    change: `Call it with the host ${host}, or take host away from the route ${route.name}.`,
  };
};

const trailingSlash: Kind = (route, call) => {
  const has = call.path.endsWith('/');
  const path = has ? call.path.slice(0, -1) : `${call.path}/`;
  if (path === '' || !onPath(route, call, path)) return undefined;
  return {
    says: `the route ${route.name} (${route.path}) covers it ${has ? 'without' : 'with'} the slash at its end`,
    change: `Call ${path}: a path with a slash at its end is another path.`,
  };
};

const otherCase: Kind = (route, call) => {
  const folded = { ...route, path: route.path.toLowerCase() };
  const path = call.path.toLowerCase();
  if ((path === call.path && folded.path === route.path) || !onPath(folded, call, path)) return undefined;
  return {
    says: `the route ${route.name} (${route.path}) is written in other upper and lower case`,
    change: `Write the path as ${route.path} does: upper and lower case are different.`,
  };
};

const below: Kind = (route, call) => {
  if (route.path.endsWith('/*') || route.path === '/') return undefined;
  const wider = { ...route, path: `${route.path.replace(/\/$/, '')}/*` };
  if (!onPath(wider, call, call.path)) return undefined;
  return {
    says: `the path lies below ${route.path}, which the route ${route.name} covers alone`,
    change: `Write path: ${wider.path} in the route ${route.name}, if it is to cover everything below.`,
  };
};

const above: Kind = (route, call) => {
  const base = route.path.replace(/\/\*$/, '');
  const up = call.path === '/' ? '/' : `${call.path.replace(/\/$/, '')}/`;
  if (call.path === '/' || !base.startsWith(up) || !onPath(route, call, base)) return undefined;
  return {
    says: `the route ${route.name} begins further down, at ${route.path}`,
    change: `Call a path at or below ${base}, or add a route for ${call.path}.`,
  };
};

const onPath = (route: Route, call: Call, path: string): boolean =>
  covers(route, { ...withHost(route, withMethod(route, call)), path });

function list(words: readonly string[], and: 'and' | 'or' = 'and'): string {
  return words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} ${and} ${words.at(-1)}`;
}
