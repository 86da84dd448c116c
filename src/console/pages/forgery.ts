import { hash, timingSafeEqual } from 'node:crypto';
import { requireSameOrigin } from '../../http/same_origin.ts';
import { ProtocolError } from '../../model/failure.ts';
import type { Fields } from './fields.ts';
import type { PageRequest } from './page.ts';

/**
 * The token of forms: made of the cookie that the browser must send too, so that it belongs to one session and needs no place of its
 * own. From the token nobody learns the cookie.
 * @param cookie the value of the session's cookie, or of the sign-in form's.
 */
export const csrfOf = (cookie: string): string => hash('sha256', `gatehouse console form ${cookie}`, 'base64url');

/**
 * Refuses a form that no page of ours sent. Our pages let browsers tell their origin to us, so one that tells neither its origin nor
 * its site is none.
 * @throws ProtocolError `access_denied`.
 */
export function requireOurOrigin({ headers, authority }: PageRequest): void {
  requireSameOrigin(headers, authority);
  const says = headers['sec-fetch-site'] !== undefined || (headers.origin ?? 'null') !== 'null';
  if (!says) throw refused();
}

/** Whether a form has the token of this cookie. */
export function isOfThis(form: Fields, cookie: string): boolean {
  const [sent, right] = [Buffer.from(form.exact('csrf')), Buffer.from(csrfOf(cookie))];
  return sent.length === right.length && timingSafeEqual(sent, right);
}

/** As `requireOurOrigin`, and the form must have the token of this cookie. @throws ProtocolError `access_denied`. */
export function requireOwnForm(request: PageRequest, form: Fields, cookie: string): void {
  requireOurOrigin(request);
  if (!isOfThis(form, cookie)) throw refused();
}

const refused = () =>
  new ProtocolError(
    'access_denied',
    'This form is not from a page that is signed in now. Open the page anew and send it again.',
  );
