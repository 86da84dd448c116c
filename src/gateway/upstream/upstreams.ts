/**
 * Where calls go: every connection to an upstream is opened, used, bounded and closed in this folder, and answers are read here.
 * It must not know callers, tokens or what an answer is for.
 */
import { type Clock, systemClock } from '../../model/clock.ts';
import type { Route, UpstreamTls } from '../../model/route.ts';
import { identityOf } from '../tls_files.ts';
import { Call, type Dispatch } from './call.ts';
import type { PreparedRoutes, Upstreams } from './exchange.ts';
import { type HealthCheckLoop, startHealthChecks } from './health_checks.ts';
import { Pool } from './pool.ts';
import { type Place, placeOf, type UpstreamTarget } from './target.ts';
import { TargetGroup, type TargetReport } from './target_group.ts';

export interface UpstreamsDependencies {
  /** Where the built-in demo API listens; needed only if a route names it. */
  readonly demoUrl?: string | undefined;
  /** The system's unless told otherwise. */
  readonly clock?: Clock | undefined;
  /** Told when a target is taken out, and when it is back. */
  readonly reportTarget?: TargetReport | undefined;
  /** Routes whose targets are read at once, so that what is wrong with them shows now; those of others with their first call. */
  readonly routes?: readonly Route[] | undefined;
}

/** How the built-in demo API is named in a route. */
const DEMO = 'demo';

const MAX_CONNECTIONS = 1_024;
const MAX_WAITING = 1_024;

/** The targets of one route, as long as the route is what it is. */
interface Line {
  /** What they follow from: the same for a route of a later configuration that leads to the same places in the same way. */
  readonly terms: string;
  readonly group: TargetGroup<UpstreamTarget>;
  readonly pools: Set<string>;
  readonly checks: HealthCheckLoop[];
}

/**
 * Keeps one pool of connections for each address and way to speak to it, whatever routes lead there.
 * @throws Error when a target of `routes` is none, or one of its PEM files cannot be used.
 */
export function createUpstreams(deps: UpstreamsDependencies): Upstreams {
  const { clock = systemClock, reportTarget: report } = deps;
  const pools = new Map<string, Pool>();
  let lines = new Map<Route, Line>();
  /** Calls that were decided before their route went still go where it led. */
  const former = new WeakMap<Route, Line>();
  const retired = new Set<Pool>();
  let closing: Promise<void> | undefined;

  function poolOf({ upstream }: Route, { origin, authority, address }: Place, line: Line): Pool {
    const { connectTimeout, maxConnections = MAX_CONNECTIONS, queue: maxWaiting = MAX_WAITING, tls } = upstream;
    const trust = address.tls && tls && [tls, identityOf(pemFiles(tls))];
    const key = JSON.stringify([origin, connectTimeout, maxConnections, maxWaiting, trust]);
    line.pools.add(key);
    let pool = pools.get(key);
    if (pool === undefined) {
      pool = new Pool({ address, authority, connectTimeout, maxConnections, maxWaiting });
      pools.set(key, pool);
    }
    return pool;
  }

  function targetOf(route: Route, name: string, line: Line): UpstreamTarget {
    if (name === DEMO && deps.demoUrl === undefined)
      throw new Error('a route names the demo API, which is not running');
    const place = placeOf(name === DEMO ? (deps.demoUrl ?? name) : name, route.upstream.tls);
    const { origin, basePath } = place;
    const pool = poolOf(route, place, line);
    const target = { origin, basePath, pool, group: line.group, inFlight: 0, answers: 0 };
    const { health } = route.upstream;
    if (health !== undefined)
      line.checks.push(startHealthChecks(place, health, (fault) => line.group.checked(target, fault)));
    return target;
  }

  function compile(route: Route): Line {
    const { name, upstream } = route;
    if (upstream.targets.length === 0) throw new Error(`route "${name}" has no upstream`);
    const parts = { terms: termsOf(route), pools: new Set<string>(), checks: [] };
    const targets = (group: TargetGroup<UpstreamTarget>) =>
      upstream.targets.map((it) => targetOf(route, it, { ...parts, group }));
    try {
      return { ...parts, group: new TargetGroup({ name, upstream, targets, clock, report }) };
    } catch (error) {
      stop(parts);
      retireUnused();
      throw error;
    }
  }

  function lineOf(route: Route): Line {
    const known = lines.get(route) ?? former.get(route);
    if (known !== undefined) return known;
    const line = compile(route);
    lines.set(route, line);
    return line;
  }

  function retireUnused(): void {
    const used = new Set([...lines.values()].flatMap((line) => [...line.pools]));
    for (const [key, pool] of pools) {
      if (used.has(key)) continue;
      pools.delete(key);
      pool.retire();
      retired.add(pool);
    }
    for (const pool of retired) if (pool.isEmpty) retired.delete(pool);
  }

  function prepare(routes: readonly Route[]): PreparedRoutes {
    const byTerms = new Map([...lines.values()].map((line) => [line.terms, line]));
    const coming = new Map<Route, Line>();
    const fresh: Line[] = [];
    const drop = () => {
      for (const line of fresh) stop(line);
      retireUnused();
    };
    try {
      for (const route of routes) {
        if (route.upstream.targets.length === 0) continue;
        const kept = byTerms.get(termsOf(route));
        const line = kept ?? compile(route);
        if (kept === undefined) fresh.push(line);
        coming.set(route, line);
      }
    } catch (error) {
      drop();
      throw error;
    }
    return {
      drop,
      use() {
        const stay = new Set(coming.values());
        for (const [route, line] of lines) {
          former.set(route, line);
          if (!stay.has(line)) stop(line);
        }
        lines = coming;
        retireUnused();
      },
    };
  }

  const dispatch: Dispatch = { pick: ({ route, affinity }, tried) => lineOf(route).group.pick(affinity, tried) };

  prepare(deps.routes ?? []).use();

  function stopChecks(): void {
    for (const line of lines.values()) stop(line);
  }

  return {
    send(outgoing, reader) {
      const call = new Call(outgoing, reader, dispatch);
      call.start();
      return call;
    },
    status: () => [...new Set(lines.values())].flatMap(({ group }) => group.status()),
    prepare,
    stopChecks,
    close() {
      stopChecks();
      closing ??= Promise.all([...pools.values(), ...retired].map((pool) => pool.close())).then(() => undefined);
      return closing;
    },
  };
}

function stop({ checks }: Pick<Line, 'checks'>): void {
  for (const check of checks.splice(0)) check.stop();
}

const pemFiles = ({ ca, cert, key }: UpstreamTls): string[] => [ca, cert, key].filter((path) => path !== undefined);

function termsOf({ name, upstream }: Route): string {
  return JSON.stringify([name, upstream, upstream.tls && identityOf(pemFiles(upstream.tls))]);
}
