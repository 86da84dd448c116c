import { hashToken, sameSecret } from '../tokens/hashing.ts';

/** What a page says of what was done a moment ago. It comes by a redirect, so its URL may be anybody's. */
const NOTICES = {
  application_removed: 'The app has no access any more.',
  session_ended: 'That browser is signed out.',
  grants_ended: 'That sign-in has ended.',
  token_revoked: 'The token is revoked.',
  password_changed: 'Your password is changed.',
  nothing: 'There was nothing to end: it had ended already.',
} as const;
export type Notice = keyof typeof NOTICES;

/** @param csrf that of the session: nobody else can make a page say that something was done. */
export const withNotice = (path: string, notice: Notice, csrf: string): string =>
  `${path}?done=${notice}.${sealOf(notice, csrf)}`;

/** @param done as it came in the query. */
export function noticeIn(done: string, csrf: string): string | undefined {
  const [name = '', seal = ''] = done.split('.');
  return isNotice(name) && sameSecret(seal, sealOf(name, csrf)) ? NOTICES[name] : undefined;
}

const isNotice = (name: string): name is Notice => Object.hasOwn(NOTICES, name);
const sealOf = (notice: Notice, csrf: string): string => hashToken(`${notice}:${csrf}`).slice(0, 16);
