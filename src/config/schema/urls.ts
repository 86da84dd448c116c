import { type Judge, text } from '../../model/text.ts';
import { isVisible, parsedUrl } from '../../model/visible_url.ts';
import { canonicalPath } from './paths.ts';

const isHttp = (url: URL): boolean => url.protocol === 'http:' || url.protocol === 'https:';
const withoutSlash = (value: string): string => value.replace(/\/$/, '');

const upstreamUrl: Judge = (value) => {
  if (value === 'demo') return undefined;
  if (value.startsWith('unix:')) return unixTarget(value);
  const url = parsedUrl(value);
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
  if (path === undefined || path.endsWith('/') || !isVisible(value))
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
    const url = parsedUrl(value);
    if (!url || !isHttp(url) || withoutSlash(value) !== url.origin) {
      return 'must be an origin such as https://auth.example.com, in lower case, without path, default port or user';
    }
    return undefined;
  }).transform(withoutSlash);
