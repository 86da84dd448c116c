/**
 * The main listener: our own endpoints to Koa, everything else to the gateway. It owns which of the two a request belongs to, and
 * nothing of what happens there.
 */
import type { RequestListener } from 'node:http';
import type { Dialect } from '../dialects/dialect.ts';
import type { FullLane } from '../gateway/full_lane.ts';
import type { Clock } from '../model/clock.ts';
import type { ListenSettings } from '../model/config.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Protocol } from '../oauth/protocol.ts';
import { createApp } from './app.ts';
import type { Trouble } from './failure_of.ts';
import { createListener, type Listener } from './listener.ts';
import { type FindEndpoint, ownEndpoints } from './own_endpoints.ts';
import { ownRequestReader } from './own_request.ts';

export interface EndpointsDependencies {
  readonly dialects: readonly { readonly dialect: Dialect; readonly host?: string | undefined }[];
  readonly protocol: Protocol;
  readonly clock: Clock;
  /** CIDR ranges of the proxies whose `X-Forwarded-*` and `X-Request-Id` are believed. */
  readonly trustedProxies: readonly string[];
  readonly report: (exchange: Exchange) => void;
  readonly tokenIssued: (grant: string) => void;
  readonly trouble: Trouble;
}

/** The endpoints of all dialects, for the main listener and for the middleware alike. */
export function createEndpoints({ dialects, trustedProxies, ...deps }: EndpointsDependencies): FindEndpoint {
  const readRequest = ownRequestReader(trustedProxies);
  return ownEndpoints(
    dialects.map(({ dialect, host }) => ({ app: createApp({ ...deps, dialect, readRequest }), host })),
  );
}

export interface EdgeDependencies {
  readonly listen: Pick<ListenSettings, 'host' | 'port' | 'tls'>;
  readonly endpoints: FindEndpoint;
  readonly fullLane: FullLane;
}

/** The main listener, not yet listening. */
export function createEdge({ listen, endpoints, fullLane }: EdgeDependencies): Listener {
  const handle: RequestListener = (request, response) => {
    const own = endpoints(request);
    if (own) own.handle(request, response);
    else fullLane.handle(request, response);
  };
  return createListener({ ...listen, handle });
}
