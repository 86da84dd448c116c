import { HOST_PREFIX, type OwnCookie } from '../model/own_cookies.ts';

/**
 * The two cookies of the browser flow, and those of the console. Over https their names carry `__Host-`, so that no other host of the
 * domain, and nothing that came over http, can set them (RFC 6265bis §4.1.3.2).
 */
export type CookieName = OwnCookie;

/**
 * Reads one cookie. A name that comes twice counts as absent: two values mean that someone else set one of them.
 * @param header the `Cookie` header's value.
 */
export function readCookie(header: string | undefined, name: CookieName, secure: boolean): string | undefined {
  if (header === undefined) return undefined;
  const start = `${fullName(name, secure)}=`;
  const values = header
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(start));
  return values.length === 1 ? values[0]?.slice(start.length) || undefined : undefined;
}

/**
 * The `Set-Cookie` value that keeps one until the browser is closed. `Lax`: it comes back when the user arrives from the app, and is
 * not sent along with forms of other sites. `Strict` for the console, where nobody arrives from elsewhere.
 */
export function setCookie(name: CookieName, value: string, secure: boolean): string {
  const sameSite = name.startsWith('gatehouse_console') ? 'Strict' : 'Lax';
  return `${fullName(name, secure)}=${value}; Path=/; HttpOnly; SameSite=${sameSite}${secure ? '; Secure' : ''}`;
}

export function clearCookie(name: CookieName, secure: boolean): string {
  return `${setCookie(name, '', secure)}; Max-Age=0`;
}

function fullName(name: CookieName, secure: boolean): string {
  return secure ? `${HOST_PREFIX}${name}` : name;
}
