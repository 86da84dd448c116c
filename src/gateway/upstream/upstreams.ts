/**
 * Where calls go: every connection to an upstream is opened, used, bounded and closed in this folder, and answers are read here.
 * It must not know callers, tokens or what an answer is for.
 */
import { type Clock, systemClock } from '../../model/clock.ts';
import type { Route } from '../../model/route.ts';
import { Call, type Dispatch } from './call.ts';
import type { Upstreams } from './exchange.ts';
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

/**
 * Keeps one pool of connections for each address and way to speak to it, whatever routes lead there.
 * @throws Error when a target of `routes` is none, or one of its PEM files cannot be used.
 */
export function createUpstreams(deps: UpstreamsDependencies): Upstreams {
  const { clock = systemClock, reportTarget: report } = deps;
  const pools = new Map<string, Pool>();
  const groups = new Map<Route, TargetGroup<UpstreamTarget>>();
  const checks: HealthCheckLoop[] = [];
  let closing: Promise<void> | undefined;

  function poolOf({ upstream }: Route, { origin, authority, address }: Place): Pool {
    const { connectTimeout, maxConnections = MAX_CONNECTIONS, queue: maxWaiting = MAX_WAITING, tls } = upstream;
    const key = JSON.stringify([origin, connectTimeout, maxConnections, maxWaiting, address.tls && tls]);
    let pool = pools.get(key);
    if (pool === undefined) {
      pool = new Pool({ address, authority, connectTimeout, maxConnections, maxWaiting });
      pools.set(key, pool);
    }
    return pool;
  }

  function targetOf(route: Route, name: string, group: TargetGroup<UpstreamTarget>): UpstreamTarget {
    if (name === DEMO && deps.demoUrl === undefined)
      throw new Error('a route names the demo API, which is not running');
    const place = placeOf(name === DEMO ? (deps.demoUrl ?? name) : name, route.upstream.tls);
    const target = {
      origin: place.origin,
      basePath: place.basePath,
      pool: poolOf(route, place),
      group,
      inFlight: 0,
      answers: 0,
    };
    const { health } = route.upstream;
    if (health !== undefined) checks.push(startHealthChecks(place, health, (fault) => group.checked(target, fault)));
    return target;
  }

  function compile(route: Route): TargetGroup<UpstreamTarget> {
    const { name, upstream } = route;
    if (upstream.targets.length === 0) throw new Error(`route "${name}" has no upstream`);
    const targets = (group: TargetGroup<UpstreamTarget>) => upstream.targets.map((it) => targetOf(route, it, group));
    const group = new TargetGroup({ name, upstream, targets, clock, report });
    groups.set(route, group);
    return group;
  }

  const dispatch: Dispatch = {
    pick: ({ route, affinity }, tried) => (groups.get(route) ?? compile(route)).pick(affinity, tried),
  };

  for (const route of deps.routes ?? []) {
    if (route.upstream.targets.length > 0) compile(route);
  }

  function stopChecks(): void {
    for (const check of checks.splice(0)) check.stop();
  }

  return {
    send(outgoing, reader) {
      const call = new Call(outgoing, reader, dispatch);
      call.start();
      return call;
    },
    status: () => [...groups.values()].flatMap((group) => group.status()),
    stopChecks,
    close() {
      stopChecks();
      closing ??= Promise.all([...pools.values()].map((pool) => pool.close())).then(() => undefined);
      return closing;
    },
  };
}
