import { isLoopback } from './addresses.ts';
import { canonicalPath } from './paths.ts';
import { type Judge, text } from './text.ts';

const VISIBLE = /^[\x21-\x7e]{1,2048}$/;

function parsed(value: string): URL | undefined {
  return VISIBLE.test(value) && !value.includes('\\') ? (URL.parse(value) ?? undefined) : undefined;
}

const isHttp = (url: URL): boolean => url.protocol === 'http:' || url.protocol === 'https:';
const withoutSlash = (value: string): string => value.replace(/\/$/, '');

const upstreamUrl: Judge = (value) => {
  if (value === 'demo') return undefined;
  if (value.startsWith('unix:')) return unixTarget(value);
  const url = parsed(value);
  if (!url || !isHttp(url)) return 'must be demo, or a URL such as http://127.0.0.1:9000';
  if (url.username !== '' || url.password !== '') return 'must not contain a user name or password';
  if (/[?#]/.test(value)) return 'must end with the host or a base path, without ? or #';
  const path = /^[a-z]+:\/\/[^/]+(\/.*)?$/i.exec(value)?.[1] ?? '/';
  const objection = path.includes('*') ? 'must not contain *' : canonicalPath(path);
  return objection === undefined ? undefined : `has a base path that ${objection}`;
};

/** The longest path that every system takes for a socket: `sun_path`, with the zero byte behind it, is 104 bytes on some. */
const LONGEST_SOCKET_PATH = 103;

function unixTarget(value: string): string | undefined {
  const [, path, base] = /^unix:(\/[^:]*)(?::(.*))?$/.exec(value) ?? [];
  if (path === undefined || path.endsWith('/') || !VISIBLE.test(value))
    return 'must name a socket by its whole path: unix:/run/app.sock';
  if (path.length > LONGEST_SOCKET_PATH) return `has a path of more than ${LONGEST_SOCKET_PATH} characters`;
  if (base === undefined) return undefined;
  const objection = base.includes('*') ? 'must not contain *' : canonicalPath(base);
  return objection === undefined ? undefined : `has a base path that ${objection}`;
}

function normalTarget(value: string): string {
  if (value === 'demo') return value;
  return withoutSlash(value.startsWith('unix:') ? value.replace(/:\/$/, '') : new URL(value).href);
}

/**
 * Where calls go: `demo`, an http(s) origin or a unix socket (`unix:/run/app.sock`), each with an optional base path (behind a second
 * colon for sockets), made normal, without a slash at the end.
 */
export const upstreamTarget = () => text(upstreamUrl).transform(normalTarget);

/** The URL under which the world sees the gateway: an origin. */
export const publicUrl = () =>
  text((value) => {
    const url = parsed(value);
    if (!url || !isHttp(url) || withoutSlash(value) !== url.origin) {
      return 'must be an origin such as https://auth.example.com, in lower case, without path, default port or user';
    }
    return undefined;
  }).transform(withoutSlash);

const PRIVATE_USE_SCHEME = /^[a-z][a-z0-9+]*[.-][a-z0-9+.-]*:/;
const SCHEMES_OF_BROWSERS = /^(view-source|moz-|chrome-|ms-browser|x-javascript)/;

/**
 * Where a browser may be sent with a code (RFC 6749 §3.1.2, RFC 9700 §2.1): compared as text, so stored as it is written.
 * A custom scheme must contain a dot or hyphen (RFC 8252 §7.1), which no scheme that runs code in a browser does.
 */
export const redirectUri = () =>
  text((value) => {
    const url = parsed(value);
    if (!url) return 'must be an absolute URI such as https://app.example.com/callback';
    if (value.includes('#')) return 'must not have a fragment (#): RFC 6749, section 3.1.2';
    if (value.includes('*')) return 'must not contain *: each redirect URI is written out';
    if (url.username !== '' || url.password !== '') return 'must not contain a user name or password';
    if (/\/\.{1,2}([/?]|$)/.test(value)) return 'must not contain . or .. as a segment';
    if (url.protocol === 'https:') return undefined;
    if (url.protocol === 'http:') {
      return isLoopback(url.hostname) ? undefined : 'must use https; http is for loopback addresses only';
    }
    if (PRIVATE_USE_SCHEME.test(value) && !SCHEMES_OF_BROWSERS.test(value)) return undefined;
    return 'must use https, http on loopback, or a scheme of its own with a dot or hyphen, such as com.example.app:/callback';
  });
