import type { Route } from '../model/route.ts';

/**
 * The path that the upstream sees: `strip_prefix` cut off by whole segments, `add_prefix` put in front. Of a canonical path and
 * canonical prefixes it makes a canonical path, so what was checked is what is served.
 */
export function rewrite(path: string, { stripPrefix, addPrefix }: Pick<Route, 'stripPrefix' | 'addPrefix'>): string {
  if (stripPrefix === undefined && addPrefix === undefined) return path;
  const rest = withoutPrefix(path, stripPrefix);
  if (addPrefix !== undefined) return addPrefix + rest;
  return rest === '' ? '/' : rest;
}

/** Cuts as many segments as the prefix has: `/a(b` may have come as `/a%28b`, of another length. */
function withoutPrefix(path: string, prefix: string | undefined): string {
  if (prefix === undefined || prefix === '/') return path;
  let end = 0;
  for (let at = 0; at < prefix.length; at++) {
    if (prefix.charCodeAt(at) === 0x2f) end = path.indexOf('/', end + 1);
    if (end < 0) return '';
  }
  return path.slice(end);
}
