import type { Pair } from '../model/wire.ts';
import { STYLE_SOURCE } from './pages/style.ts';

/** The headers of the pages that `STYLE` is the style of. @param formTargets as below. */
export const pageHeaders = (...formTargets: readonly (string | undefined)[]): readonly Pair[] =>
  styledPageHeaders(STYLE_SOURCE, ...formTargets);

/**
 * The headers of every page. Nothing is loaded, run, framed or cached, and the URL, which names the interaction, is told to nobody.
 * @param style the CSP source of the one style sheet. @param formTargets where the redirect after a form may lead besides ourselves: Chromium applies `form-action` to it as well.
 */
export function styledPageHeaders(style: string, ...formTargets: readonly (string | undefined)[]): readonly Pair[] {
  const policy = [
    "default-src 'none'",
    `style-src ${style}`,
    "img-src 'self' data:",
    ['form-action', "'self'", ...formTargets.filter((target) => target !== undefined)].join(' '),
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ];
  return [
    ['Content-Type', 'text/html; charset=utf-8'],
    ['Content-Security-Policy', policy.join('; ')],
    ['X-Frame-Options', 'DENY'],
    ['X-Content-Type-Options', 'nosniff'],
    ['Cross-Origin-Opener-Policy', 'same-origin'],
    ...PRIVATE,
  ];
}

/** For redirects too: they carry codes. */
export const PRIVATE: readonly Pair[] = [
  ['Referrer-Policy', 'no-referrer'],
  ['Cache-Control', 'no-store'],
];

/**
 * The origin, or for private-use schemes the scheme, of a redirect URI: as a CSP source, and to show to the user.
 * @returns undefined for what is no absolute URI. The answer never contains a space or a semicolon, whatever the URI contains.
 */
export function sourceOf(redirectUri: string): string | undefined {
  const origin = /^https?:\/\/[A-Za-z0-9.-]+(?::\d{1,5})?(?=[/?]|$)/.exec(redirectUri);
  // An IPv6 literal is not in the grammar of CSP sources, so its scheme has to do.
  return origin?.[0] ?? /^[A-Za-z][A-Za-z0-9+.-]*:/.exec(redirectUri)?.[0];
}
