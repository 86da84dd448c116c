/**
 * Where calls go: every connection to an upstream is opened, used, bounded and closed in this folder, and answers are read here.
 * It must not know callers, tokens or what an answer is for.
 */
import type { Route } from '../../model/route.ts';
import { type Balancer, type BalancerFor, type Observer, RoundRobin } from './balancer.ts';
import { Call, type Dispatch } from './call.ts';
import type { Upstreams } from './exchange.ts';
import { Pool } from './pool.ts';
import { type Place, placeOf, type UpstreamTarget } from './target.ts';

export interface UpstreamsDependencies {
  /** Where the built-in demo API listens; needed only if a route names it. */
  readonly demoUrl?: string | undefined;
  /** Chooses among several targets; in turn if absent. */
  readonly balancerFor?: BalancerFor | undefined;
  readonly observer?: Observer | undefined;
  /** Routes whose targets are read at once, so that what is wrong with them shows now; those of others with their first call. */
  readonly routes?: readonly Route[] | undefined;
}

/** How the built-in demo API is named in a route. */
const DEMO = 'demo';

const MAX_CONNECTIONS = 1_024;
const MAX_WAITING = 1_024;

interface Compiled {
  readonly targets: readonly UpstreamTarget[];
  readonly balancer: Balancer<UpstreamTarget>;
}

/**
 * Keeps one pool of connections for each address and way to speak to it, whatever routes lead there.
 * @throws Error when a target of `routes` is none, or one of its PEM files cannot be used.
 */
export function createUpstreams(deps: UpstreamsDependencies): Upstreams {
  const { observer, balancerFor } = deps;
  const pools = new Map<string, Pool>();
  const known = new WeakMap<Route, Compiled>();
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

  function targetOf(route: Route, name: string): UpstreamTarget {
    if (name === DEMO && deps.demoUrl === undefined)
      throw new Error('a route names the demo API, which is not running');
    const place = placeOf(name === DEMO ? (deps.demoUrl ?? name) : name, route.upstream.tls);
    return { origin: place.origin, basePath: place.basePath, pool: poolOf(route, place), inFlight: 0 };
  }

  function compile(route: Route): Compiled {
    const targets = route.upstream.targets.map((name) => targetOf(route, name));
    if (targets.length === 0) throw new Error(`route "${route.name}" has no upstream`);
    const compiled = { targets, balancer: balancerFor?.(route, targets) ?? new RoundRobin<UpstreamTarget>() };
    known.set(route, compiled);
    return compiled;
  }

  const dispatch: Dispatch = {
    observer,
    pick({ route, affinity }, tried) {
      const { targets, balancer } = known.get(route) ?? compile(route);
      return balancer.pick(targets, affinity, tried);
    },
  };

  for (const route of deps.routes ?? []) {
    if (route.upstream.targets.length > 0) compile(route);
  }

  return {
    send(outgoing, reader) {
      const call = new Call(outgoing, reader, dispatch);
      call.start();
      return call;
    },
    close() {
      closing ??= Promise.all([...pools.values()].map((pool) => pool.close())).then(() => undefined);
      return closing;
    },
  };
}
