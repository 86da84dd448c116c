import type { Socket } from 'node:net';
import { buildConnector, Pool } from 'undici';
import type { Route } from '../model/route.ts';
import type { Milliseconds } from '../model/units.ts';

/** One place a call can be sent to. */
export interface UpstreamTarget {
  readonly pool: Pool;
  /** `http://host:port`, for the log. */
  readonly origin: string;
  /** Goes in front of every path; empty, or `/base` without a slash at its end. */
  readonly basePath: string;
}

export interface Upstreams {
  /** The target whose turn it is. */
  next(route: Route): UpstreamTarget;
  /** Lets calls under way finish, then closes every connection. Safe to call twice. */
  close(): Promise<void>;
}

/** How the built-in demo API is named in a route. */
const DEMO = 'demo';

/**
 * Keeps one pool of keep-alive connections per origin.
 * @param demoUrl where the built-in demo API listens; needed only if a route names it.
 */
export function createUpstreams({ demoUrl }: { demoUrl?: string | undefined }): Upstreams {
  const pools = new Map<string, Pool>();
  const targetsOf = new WeakMap<Route, { readonly targets: readonly UpstreamTarget[]; turn: number }>();

  let closing: Promise<void> | undefined;

  function poolFor(origin: string, connectTimeout: Milliseconds): Pool {
    const key = `${connectTimeout} ${origin}`;
    const pool =
      pools.get(key) ?? new Pool(origin, { connect: connector(connectTimeout), allowH2: false, pipelining: 1 });
    pools.set(key, pool);
    return pool;
  }

  function compile({ upstream }: Route): readonly UpstreamTarget[] {
    return upstream.targets.map((target) => {
      if (target === DEMO && demoUrl === undefined) throw new Error('a route names the demo API, which is not running');
      const url = new URL(target === DEMO && demoUrl !== undefined ? demoUrl : target);
      const basePath = url.pathname.endsWith('/') ? url.pathname.slice(0, -1) : url.pathname;
      return { pool: poolFor(url.origin, upstream.connectTimeout), origin: url.origin, basePath };
    });
  }

  return {
    next(route) {
      let known = targetsOf.get(route);
      if (known === undefined) {
        known = { targets: compile(route), turn: 0 };
        targetsOf.set(route, known);
      }
      const target = known.targets[known.turn];
      known.turn = known.turn + 1 < known.targets.length ? known.turn + 1 : 0;
      if (target === undefined) throw new Error(`route "${route.name}" has no upstream`);
      return target;
    },
    close() {
      closing ??= Promise.all([...pools.values()].map((pool) => pool.close())).then(() => undefined);
      return closing;
    },
  };
}

/**
 * undici takes a reset connection for the end of a body that had no declared length, because one system reports complete ones
 * like that. A caller would see a complete answer, so a reset is told under another name, which undici takes for the error it is.
 */
function connector(timeout: Milliseconds): buildConnector.connector {
  const connect = buildConnector({ timeout, allowH2: false });
  return (options, done) =>
    connect(options, (...result) => {
      const socket: Socket | null = result[1];
      socket?.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'ECONNRESET') error.code = 'UPSTREAM_RESET';
      });
      done(...result);
    });
}
