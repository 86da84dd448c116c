import { FORWARD_AUTH_PATH } from '../gateway/asked_request.ts';
import { canonicalTarget, isFailure } from '../gateway/canonical_target.ts';
import { readHost } from '../gateway/host.ts';
import type { App } from './app.ts';

/** The endpoints of one dialect, where the configuration puts them. */
export interface Mount {
  readonly app: App;
  /** Lower case, without a port; absent means any host. */
  readonly host?: string | undefined;
}

/** Whoever answers a request of ours. */
export type OwnEndpoint = Pick<App, 'handle'>;

/**
 * @param target the request target as sent. @param host the value of the Host header, if there is one.
 * @returns whose endpoint is asked for, or undefined for everything else: that is the gateway's.
 */
export type FindEndpoint = (target: string, host: string | undefined) => OwnEndpoint | undefined;

/**
 * Knows our own endpoints by exact host and exact canonical path. What cannot be read in one way is not ours here; the app that is
 * found, and the gateway otherwise, read the whole head strictly and refuse it.
 * @param forwardAuth answers `/auth` and everything below it, on every host; absent if it is switched off.
 */
export function ownEndpoints(mounts: readonly Mount[], forwardAuth?: OwnEndpoint): FindEndpoint {
  const byPath = new Map<string, Mount[]>();
  for (const mount of mounts) {
    for (const path of mount.app.paths) byPath.set(path, [...(byPath.get(path) ?? []), mount]);
  }
  return (target, authority) => {
    const mark = target.indexOf('?');
    const path = canonicalPath(mark < 0 ? target : target.slice(0, mark));
    if (forwardAuth !== undefined && isBelowForwardAuth(path)) return forwardAuth;
    const candidates = byPath.get(path);
    // Nearly every request is proxied, and leaves here after one look-up.
    if (candidates === undefined) return undefined;
    const host = readHost(authority ?? '')?.name;
    const mount = candidates.find((each) => each.host === host) ?? candidates.find((each) => each.host === undefined);
    return mount?.app;
  };
}

function isBelowForwardAuth(path: string): boolean {
  return (
    path.startsWith(FORWARD_AUTH_PATH) &&
    (path.length === FORWARD_AUTH_PATH.length || path[FORWARD_AUTH_PATH.length] === '/')
  );
}

/** Only a percent sign can make a canonical path of one that is spelled differently. */
function canonicalPath(path: string): string {
  if (!path.includes('%')) return path;
  const target = canonicalTarget(path);
  return isFailure(target) ? '' : target.path;
}
