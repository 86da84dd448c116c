import { isUtf8 } from '../../model/percent_encoding.ts';
import { type Judge, text } from '../../model/text.ts';

/**
 * Objects to any path that two programs could read in two ways. What is left is canonical: it can be compared with the canonical
 * path of a request character by character.
 */
export const canonicalPath: Judge = (path) => {
  if (!path.startsWith('/')) return 'must start with /';
  if (path.includes('//')) return 'must not contain //';
  if (/[?#]/.test(path)) return 'must be a path only, without ? or #';
  if (/\/\.{1,2}(\/|$)/.test(path)) return 'must not contain . or .. as a segment';
  if (/[\\;]/.test(path)) return 'must not contain \\ or ;';
  const encoded = /%(?![89A-F][0-9A-F]|20)/.exec(path);
  if (encoded)
    return 'may percent-encode only what needs it, in upper case (%C3%A9, %20); write plain characters as they are';
  if (!isUtf8(path)) return 'must percent-encode UTF-8';
  const strange = /[^A-Za-z0-9._~!$&'()+,=:@%*/-]/u.exec(path);
  if (strange) return 'may contain only the characters of a URL path; percent-encode others as UTF-8 (%C3%A9)';
  return undefined;
};

const withoutStar: Judge = (path) => (path.includes('*') ? 'must not contain *' : undefined);

/** `/orders`, or `/orders/*` for it and everything below. */
export const routePath = () =>
  text((path) =>
    path.replace(/\/\*$/, '').includes('*')
      ? 'may have * only as the whole last segment: /orders/* covers /orders and everything below it'
      : path === '/*'
        ? undefined
        : canonicalPath(path.replace(/\/\*$/, '')),
  );

/** Leading whole segments: `/orders`, without a slash at the end. */
export const prefix = () =>
  text(canonicalPath, withoutStar, (path) => (path.endsWith('/') ? 'must not end with /: leave it away' : undefined));

/** As `prefix`, and `/` for none at all, which becomes an empty text. */
export const endpointPrefix = () =>
  text(canonicalPath, withoutStar, (path) =>
    path !== '/' && path.endsWith('/') ? 'must not end with /: leave it away' : undefined,
  ).transform((path) => (path === '/' ? '' : path));

/** Whether a canonical path lies at or below a prefix, by whole segments. */
export const isWithin = (path: string, leading: string): boolean => path === leading || path.startsWith(`${leading}/`);
