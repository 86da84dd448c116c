import type { Pair } from '../../model/wire.ts';
import type { PageReply } from './page.ts';

/** What pages load and run comes from us alone, as files; nothing in a page is style or script. */
const POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  "script-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ');

/** The headers of every page: nobody frames it, nothing keeps it, and its address is told to nobody else. */
export const PAGE_HEADERS: readonly Pair[] = [
  ['Content-Type', 'text/html; charset=utf-8'],
  ['Content-Security-Policy', POLICY],
  ['X-Frame-Options', 'DENY'],
  ['X-Content-Type-Options', 'nosniff'],
  ['Cross-Origin-Opener-Policy', 'same-origin'],
  ['Cross-Origin-Resource-Policy', 'same-origin'],
  ['Referrer-Policy', 'same-origin'],
  ['Cache-Control', 'no-store'],
];

/** Of files that change their name with their content. */
export const ASSET_HEADERS: readonly Pair[] = [
  ['Cache-Control', 'public, max-age=31536000, immutable'],
  ['X-Content-Type-Options', 'nosniff'],
  ['Cross-Origin-Resource-Policy', 'same-origin'],
];

/** Of redirects. 303: the next request is a GET, whatever this one was. */
export const leading = (to: string, cookies: readonly string[] = []): readonly Pair[] => [
  ['Location', to],
  ['Cache-Control', 'no-store'],
  ['Referrer-Policy', 'same-origin'],
  ...cookies.map((cookie): Pair => ['Set-Cookie', cookie]),
];

/** What script of ours asks for. Opened as a page it is plain data, which runs nothing. */
export const jsonReply = (data: unknown): PageReply => ({
  status: 200,
  headers: [...PAGE_HEADERS.filter(([name]) => name !== 'Content-Type'), ['Content-Type', 'application/json']],
  body: JSON.stringify(data),
});
