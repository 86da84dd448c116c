import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { createFastLane, type FastLane } from '../../src/gateway/fast_lane.ts';
import { createFullLane, type FullLane } from '../../src/gateway/full_lane.ts';
import { createGateway } from '../../src/gateway/gateway.ts';
import { DEFAULT_IDENTITY_HEADERS } from '../../src/gateway/header_kinds.ts';
import type { Upstreams } from '../../src/gateway/upstream/exchange.ts';
import type { TargetReport } from '../../src/gateway/upstream/target_group.ts';
import { createUpstreams } from '../../src/gateway/upstream/upstreams.ts';
import { type Clock, systemClock } from '../../src/model/clock.ts';
import type { Exchange } from '../../src/model/exchange.ts';
import type { ErrorCode, Failure } from '../../src/model/failure.ts';
import type { IdentityHeaders, Route, Upstream } from '../../src/model/route.ts';
import type { AccessToken, Identity } from '../../src/model/token.ts';
import { STANDARD_TOKENS } from '../../src/model/token_policy.ts';
import { milliseconds, seconds } from '../../src/model/units.ts';
import type { WireResponse } from '../../src/model/wire.ts';
import type { CounterStore } from '../../src/stores/counter_store.ts';
import { MemoryCounters } from '../../src/stores/memory_counters.ts';
import { MemoryTokens } from '../../src/stores/memory_tokens.ts';
import type { TokenStore } from '../../src/stores/token_store.ts';
import { mint, refOf } from '../../src/tokens/format.ts';

/** `fast`: the fast lane comes first, and the full lane has what it hands over. */
export type LaneName = 'full' | 'fast';

/** vitest.config.ts runs the tests of proxied calls once with each. */
const LANE: LaneName = process.env['LANE'] === 'fast' ? 'fast' : 'full';

/** A lane on a bare node:http server, with a store in memory: a gateway without its edge, for tests of the gateway alone. */
export interface LaneServer {
  readonly port: number;
  readonly server: Server;
  readonly lane: FullLane;
  readonly upstreams: Upstreams;
  /** What reads connections before node:http does; absent on a server of the full lane alone. */
  readonly fastLane: FastLane | undefined;
  readonly store: TokenStore;
  /** What was reported so far. */
  readonly exchanges: readonly Exchange[];
  /** Resolves with the report that comes after those that `reported` has given before. */
  reported(): Promise<Exchange>;
  /** Puts a token into the store and gives its text. */
  token(facts?: Partial<AccessToken>): Promise<string>;
  close(): Promise<void>;
}

export interface LaneServerOptions {
  /** What this run of the test says, unless told otherwise. */
  readonly via?: LaneName | undefined;
  readonly routes: readonly Route[];
  readonly lookup?: TokenStore;
  readonly counters?: CounterStore;
  readonly clock?: Clock;
  readonly identityHeaders?: IdentityHeaders;
  readonly trustedProxies?: readonly string[];
  readonly demoUrl?: string;
  readonly reportTarget?: TargetReport;
  /** PEM texts: the server speaks TLS. */
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer };
}

export const alice: Identity = {
  subject: 'u-alice',
  username: 'alice',
  name: 'Alice Liddell',
  email: 'alice@example.com',
  connection: 'users',
  roles: [],
};

/** A route with everything at its default. @param targets the upstream's origins. */
export function route(
  path: string,
  targets: string | readonly string[],
  more: Partial<Omit<Route, 'upstream'>> & { readonly upstream?: Partial<Upstream> } = {},
): Route {
  return {
    ...{ name: path, path, auth: 'required', scopes: [], dialect: 'oauth2', forwardAuthorization: false },
    ...{ serveCached: milliseconds(0) },
    ...more,
    upstream: {
      targets: typeof targets === 'string' ? [targets] : targets,
      connectTimeout: milliseconds(1_000),
      timeout: milliseconds(5_000),
      idleTimeout: milliseconds(5_000),
      ...more.upstream,
    },
  };
}

export async function startLaneServer(options: LaneServerOptions): Promise<LaneServer> {
  const clock = options.clock ?? systemClock;
  const store = new MemoryTokens(clock);
  const exchanges: Exchange[] = [];
  const waiting: (() => void)[] = [];
  let given = 0;
  const gateway = createGateway({
    routes: options.routes,
    lookup: options.lookup ?? store,
    counters: options.counters ?? new MemoryCounters(clock),
    clock,
    identityHeaders: options.identityHeaders ?? DEFAULT_IDENTITY_HEADERS,
    trustedProxies: options.trustedProxies ?? [],
    refusalFor: () => plainRefusal,
  });
  const report = (exchange: Exchange) => {
    exchanges.push(exchange);
    waiting.shift()?.();
  };
  const { demoUrl, routes, reportTarget } = options;
  const upstreams = createUpstreams({ demoUrl, routes, clock, reportTarget });
  const lane = createFullLane({ gateway, clock, report, upstreams });
  const fastLane =
    (options.via ?? LANE) === 'fast'
      ? createFastLane({ gateway, clock, report, upstreams, isOwn: () => false })
      : undefined;
  const settings = {
    maxHeaderSize: 16_384,
    requireHostHeader: false,
    headersTimeout: 10_000,
    keepAliveTimeout: 65_000,
  };
  const handle: RequestListener = (request, response) => lane.handle(request, response);
  const server = options.tls
    ? createTlsServer({ ...settings, ...options.tls }, handle)
    : createServer(settings, handle);
  server.maxHeadersCount = 0;
  server.on('checkContinue', (request, response) => lane.handle(request, response));
  const sockets = new Set<Socket>();
  // TLS is spoken below; what reads requests begins where it is done.
  const ready = options.tls ? 'secureConnection' : 'connection';
  const own = server.listeners(ready);
  server.removeAllListeners(ready);
  server.on(ready, (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    const handOver = () => {
      for (const listener of own) listener.call(server, socket);
    };
    if (fastLane) fastLane.take(socket, handOver);
    else handOver();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    port: (server.address() as AddressInfo).port,
    server,
    lane,
    upstreams,
    fastLane,
    store,
    exchanges,
    async reported() {
      const index = given++;
      if (exchanges[index] === undefined) await new Promise<void>((resolve) => waiting.push(resolve));
      const exchange = exchanges[index];
      if (exchange === undefined) throw new Error('nothing was reported');
      return exchange;
    },
    async token(facts = {}) {
      const text = mint(STANDARD_TOKENS.access);
      const ref = refOf(text);
      if (ref === undefined) throw new Error('a minted token has no place');
      const now = Math.floor(clock.now() / 1000);
      const record: AccessToken = {
        ...{ family: 'f-1', client: 'demo-app', user: alice, scopes: ['demo:read'], audience: [] },
        ...{ issuedAt: seconds(now), expiresAt: seconds(now + 3600) },
        ...facts,
      };
      await store.put([{ kind: 'access', ref, record }]);
      return text;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
      await upstreams.close();
    },
  };
}

const STATUS: Partial<Record<ErrorCode, number>> = {
  missing_token: 401,
  invalid_token: 401,
  insufficient_scope: 403,
  not_found: 404,
  method_not_allowed: 405,
  request_timeout: 408,
  payload_too_large: 413,
  uri_too_long: 414,
  rate_limited: 429,
  headers_too_large: 431,
  server_error: 500,
  upstream_unreachable: 502,
  temporarily_unavailable: 503,
  upstream_timeout: 504,
};

/** Words failures plainly, so that tests of the gateway need no dialect. */
function plainRefusal(failure: Failure): WireResponse {
  const headers: [string, string][] = [['content-type', 'application/json']];
  if (failure.code === 'missing_token') headers.push(['www-authenticate', 'Bearer realm="gatehouse"']);
  if (failure.retryAfter !== undefined) headers.push(['retry-after', String(failure.retryAfter)]);
  for (const [name, value] of failure.headers ?? []) headers.push([name, value]);
  const body = JSON.stringify({ error: failure.code, error_description: failure.description });
  return { status: STATUS[failure.code] ?? 400, headers, body };
}
