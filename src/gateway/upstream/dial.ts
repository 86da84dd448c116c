import { connect as connectPlain, isIP, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext } from 'node:tls';

/** How a connection is opened: the only place from which calls leave the house. */
export interface Address {
  /** The path of a unix socket, or else a host and a port. */
  readonly place: { readonly path: string } | { readonly host: string; readonly port: number };
  /** Absent: no TLS. */
  readonly tls?: TlsTerms | undefined;
}

export interface TlsTerms {
  /** Whom we trust, and our own certificate if there is one. */
  readonly context: SecureContext;
  /** The name that the certificate must bear, if it is not the host's. */
  readonly serverName?: string | undefined;
}

/** Idle connections are probed after so many milliseconds, so that one whose other end has vanished is noticed. */
const PROBE_AFTER = 60_000;

/**
 * Opens a connection. With TLS it is there with `secureConnect`, not with `connect`, and only if the certificate is good.
 * @param onread where bytes go instead of `data` events.
 */
export function dial({ place, tls }: Address, onread?: OnReadOpts): Socket {
  const options = {
    ...place,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: PROBE_AFTER,
    ...(onread && { onread }),
  };
  if (tls === undefined) return connectPlain(options);
  const host = 'host' in place ? place.host : 'localhost';
  const name = tls.serverName ?? (isIP(host) === 0 ? host : undefined);
  return connectTls({
    ...options,
    secureContext: tls.context,
    ...(name !== undefined && { servername: name }),
    ALPNProtocols: ['http/1.1'],
    rejectUnauthorized: true,
  });
}
