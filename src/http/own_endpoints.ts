import { canonicalTarget, isFailure } from '../gateway/canonical_target.ts';
import { readHost } from '../gateway/host.ts';
import type { App } from './app.ts';

/** The endpoints of one dialect, where the configuration puts them. */
export interface Mount {
  readonly app: App;
  /** Lower case, without a port; absent means any host. */
  readonly host?: string | undefined;
}

/**
 * @param target the request target as sent. @param host the value of the Host header, if there is one.
 * @returns the app whose endpoint is asked for, or undefined for everything else: that is the gateway's.
 */
export type FindEndpoint = (target: string, host: string | undefined) => App | undefined;

/**
 * Knows our own endpoints by exact host and exact canonical path. What cannot be read in one way is not ours here; the app that is
 * found, and the gateway otherwise, read the whole head strictly and refuse it.
 */
export function ownEndpoints(mounts: readonly Mount[]): FindEndpoint {
  const byPath = new Map<string, Mount[]>();
  for (const mount of mounts) {
    for (const path of mount.app.paths) byPath.set(path, [...(byPath.get(path) ?? []), mount]);
  }
  return (target, authority) => {
    const mark = target.indexOf('?');
    const path = canonicalPath(mark < 0 ? target : target.slice(0, mark));
    const candidates = byPath.get(path);
    // Nearly every request is proxied, and leaves here after one look-up.
    if (candidates === undefined) return undefined;
    const host = readHost(authority ?? '')?.name;
    const mount = candidates.find((each) => each.host === host) ?? candidates.find((each) => each.host === undefined);
    return mount?.app;
  };
}

/** Only a percent sign can make a canonical path of one that is spelled differently. */
function canonicalPath(path: string): string {
  if (!path.includes('%')) return path;
  const target = canonicalTarget(path);
  return isFailure(target) ? '' : target.path;
}
