import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { UpstreamTls } from '../../model/route.ts';
import type { Balanced } from './balance.ts';
import type { Address } from './dial.ts';
import type { Pool } from './pool.ts';
import type { TargetGroup } from './target_group.ts';

/** One target of a route, with the connections to it. */
export interface UpstreamTarget extends Balanced {
  readonly pool: Pool;
  /** Is told how calls to it end. */
  readonly group: TargetGroup<UpstreamTarget>;
  inFlight: number;
}

/** How a target is reached, and where a call to it begins. */
export interface Place {
  readonly origin: string;
  /** The value of `Host`. */
  readonly authority: string;
  /** Goes in front of every path; empty, or `/base` without a slash at its end. */
  readonly basePath: string;
  readonly address: Address;
}

/** `unix:/run/app.sock`, and behind a second colon a base path. */
const UNIX = /^unix:(\/[^:]+)(?::(\/.*))?$/;

/**
 * Reads a target of a route.
 * @param tls the PEM files that an https target is spoken to with.
 * @throws Error when it is none, or a PEM file cannot be used.
 */
export function placeOf(target: string, tls: UpstreamTls | undefined): Place {
  const [, path, base = ''] = UNIX.exec(target) ?? [];
  if (path !== undefined)
    return {
      origin: `unix:${path}`,
      authority: 'localhost',
      basePath: withoutSlash(base),
      address: { place: { path } },
    };
  const url = new URL(target);
  const secure = url.protocol === 'https:';
  const place = { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port) || (secure ? 443 : 80) };
  return {
    origin: url.origin,
    authority: url.host,
    basePath: withoutSlash(url.pathname),
    address: secure ? { place, tls: { context: contextOf(tls), serverName: tls?.serverName } } : { place },
  };
}

const withoutSlash = (path: string): string => (path.endsWith('/') ? path.slice(0, -1) : path);

function contextOf(tls: UpstreamTls | undefined) {
  const pem = (path: string | undefined) => (path === undefined ? undefined : readFileSync(path));
  const [ca, cert, key] = [pem(tls?.ca), pem(tls?.cert), pem(tls?.key)];
  return createSecureContext({ ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) });
}
