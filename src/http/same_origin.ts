import type { IncomingHttpHeaders } from 'node:http';
import { ProtocolError } from '../model/failure.ts';

/**
 * Refuses a form that another site made the browser send. It comes before, and does not replace, the CSRF token and the cookie that
 * `oauth/authorization.ts` checks: browsers send neither header over plain http to anything but this machine.
 * `Origin` is "null" for our own forms, because our pages send no referrer (Fetch §3.2), so only another origin's name says no.
 * @param authority the host and port that the browser asked for, in lower case.
 * @throws ProtocolError `access_denied`.
 */
export function requireSameOrigin(headers: IncomingHttpHeaders, authority: string): void {
  const site = headers['sec-fetch-site'];
  // `none`: the user did it, as by reloading the answer to a form.
  const foreign = site === undefined ? isForeign(headers.origin, authority) : site !== 'same-origin' && site !== 'none';
  if (foreign) {
    throw new ProtocolError('access_denied', 'This form was sent by another site. Go back to the app and start again.');
  }
}

function isForeign(origin: string | undefined, authority: string): boolean {
  if (origin === undefined || origin === 'null') return false;
  // Only the host is compared: a proxy that ends TLS in front of us changes the scheme.
  return origin.slice(origin.indexOf('://') + 3).toLowerCase() !== authority;
}
