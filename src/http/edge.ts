/**
 * The main listener: our own endpoints to Koa, everything else to the gateway. It owns which of the two a request belongs to, and
 * nothing of what happens there.
 */
import type { IncomingMessage, RequestListener } from 'node:http';
import type { Dialect } from '../dialects/dialect.ts';
import type { FirstReader } from '../gateway/first_reader.ts';
import type { FullLane } from '../gateway/full_lane.ts';
import type { Upgrades } from '../gateway/upgrade.ts';
import type { ListenSettings } from '../model/config.ts';
import type { Exchange } from '../model/exchange.ts';
import { createApp } from './app.ts';
import type { AppDependencies } from './app_dependencies.ts';
import type { BrowserAction } from './browser_action.ts';
import type { Trouble } from './failure_of.ts';
import { createListener, type Listener } from './listener.ts';
import { type FindEndpoint, type OwnEndpoint, ownEndpoints } from './own_endpoints.ts';
import { ownRequestReader } from './own_request.ts';

export interface EndpointsDependencies extends Omit<AppDependencies, 'dialect' | 'readRequest' | 'pages'> {
  readonly dialects: readonly { readonly dialect: Dialect; readonly host?: string | undefined }[];
  /** CIDR ranges of the proxies whose `X-Forwarded-*` and `X-Request-Id` are believed. */
  readonly trustedProxies: readonly string[];
  /** Absent: proxies cannot ask for verdicts. */
  readonly forwardAuth?: OwnEndpoint | undefined;
  /** Pages that belong to no dialect, on every host; what goes wrong there is worded by this one. */
  readonly pages?: { readonly actions: readonly BrowserAction[]; readonly words: Dialect } | undefined;
}

/** The endpoints of all dialects, for the main listener and for the middleware alike. */
export function createEndpoints({
  dialects,
  trustedProxies,
  forwardAuth,
  pages,
  ...deps
}: EndpointsDependencies): FindEndpoint {
  const readRequest = ownRequestReader(trustedProxies);
  const spoken = dialects.map(({ dialect, host }) => ({ app: createApp({ ...deps, dialect, readRequest }), host }));
  const shown = pages && {
    app: createApp({ ...deps, dialect: { ...pages.words, endpoints: [] }, pages: pages.actions, readRequest }),
  };
  return ownEndpoints(shown ? [...spoken, shown] : spoken, forwardAuth);
}

export interface EdgeDependencies {
  readonly listen: Pick<ListenSettings, 'host' | 'port' | 'tls'> &
    Partial<Pick<ListenSettings, 'path' | 'http2' | 'maxConnections' | 'maxConnectionsPerAddress'>>;
  /** Addresses that may have as many connections as there are. */
  readonly isProxy?: ((address: string | undefined) => boolean) | undefined;
  readonly endpoints: FindEndpoint;
  readonly fullLane: FullLane;
  /** Reads connections before the HTTP server does. */
  readonly firstReader?: FirstReader | undefined;
  /** Takes handshakes; our own endpoints have none. */
  readonly upgrades?: Upgrades | undefined;
  /** Told of what never became a request; endpoints and lane report all others themselves. */
  readonly report?: ((exchange: Exchange) => void) | undefined;
  /** Told when a changed certificate could not be taken. */
  readonly trouble?: Trouble | undefined;
}

/** The main listener, not yet listening. */
export function createEdge({
  listen,
  isProxy,
  endpoints,
  fullLane,
  firstReader,
  upgrades: all,
  report,
  trouble,
}: EdgeDependencies): Listener {
  const ownOf = (request: IncomingMessage) => endpoints(request.url ?? '', request.headers.host);
  const upgrades = all && { ...all, wants: (request: IncomingMessage) => !ownOf(request) && all.wants(request) };
  const handle: RequestListener = (request, response) => {
    const own = ownOf(request);
    if (own) own.handle(request, response);
    else fullLane.handle(request, response);
  };
  return createListener({ ...listen, isProxy, handle, firstReader, upgrades, report, trouble });
}
