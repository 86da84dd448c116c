import { HOST_PREFIX, OWN_COOKIE_START, OWN_COOKIES } from '../model/own_cookies.ts';

const OURS: ReadonlySet<string> = new Set(OWN_COOKIES.flatMap((name) => [name, `${HOST_PREFIX}${name}`]));

/**
 * Takes our own cookies out of a `Cookie` header: browsers send them along with every call to this host, whatever the port, and
 * whoever runs the upstream could act for the user with them, in the console too. All others stay as they are, byte for byte.
 * @returns an empty text if nothing is left.
 */
export function withoutOwnCookies(value: string): string {
  if (!value.includes(OWN_COOKIE_START)) return value;
  const pairs = value.split(';');
  const others = pairs.filter((pair) => !OURS.has(nameOf(pair)));
  if (others.length === pairs.length) return value;
  const left = others.join(';').replace(/^[ \t]+/, '');
  return /^[ \t;]*$/.test(left) ? '' : left;
}

/**
 * Whether a line of an upstream's answer would set one of our cookies: with a session of its own making it could have a caller act as
 * somebody else, and hand over what is theirs.
 */
export function setsOwnCookie(name: string, value: string): boolean {
  // The length first: it tells nearly every line apart, and costs nothing.
  return name.length === 10 && value.includes(OWN_COOKIE_START) && isSetCookie(name) && OURS.has(nameOf(value));
}

const isSetCookie = (name: string): boolean => name.toLowerCase() === 'set-cookie';

/** Blanks around the name and the sign are read over by some servers (RFC 6265 §5.2). */
function nameOf(pair: string): string {
  const sign = pair.indexOf('=');
  return (sign < 0 ? pair : pair.slice(0, sign)).trim();
}
