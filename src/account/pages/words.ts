import { type Html, html } from '../../http/pages/html.ts';
import type { Seconds } from '../../model/units.ts';

const DAY = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeZone: 'UTC' });
const MINUTE = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' });

/** A moment, to the day or to the minute. Without a script nobody knows the user's own time zone. */
export const day = (at: Seconds): Html =>
  html`<time datetime="${new Date(at * 1000).toISOString()}">${DAY.format(at * 1000)}</time>`;
export const minute = (at: Seconds): Html =>
  html`<time datetime="${new Date(at * 1000).toISOString()}">${MINUTE.format(at * 1000)} UTC</time>`;

export const scopeTags = (scopes: readonly string[]): Html =>
  scopes.length === 0
    ? html`<span class="quiet">none</span>`
    : html`<span class="scopes">${scopes.map((scope) => html`<code>${scope}</code> `)}</span>`;

/** The longest unit that says it without a remainder. */
export function lifetime(time: Seconds): string {
  const [count, unit] = time % 86_400 === 0 ? [time / 86_400, 'day'] : [Math.round(time / 3_600), 'hour'];
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

/** Newer names first: most browsers also say that they are older ones. */
const BROWSERS = [
  ['Edge', /\bEdgA?\//],
  ['Opera', /\bOPR\//],
  ['Samsung Internet', /\bSamsungBrowser\//],
  ['Firefox', /\b(?:Firefox|FxiOS)\//],
  ['Chrome', /\b(?:Headless)?(?:Chrome|CriOS)\//],
  ['Safari', /\bSafari\//],
] as const;

const SYSTEMS = [
  ['iPhone', /\biPhone\b/],
  ['iPad', /\biPad\b/],
  ['Android', /\bAndroid\b/],
  ['Windows', /\bWindows\b/],
  ['macOS', /\bMac OS X\b/],
  ['ChromeOS', /\bCrOS\b/],
  ['Linux', /\bLinux\b/],
] as const;

/** A browser by what it calls itself: the name that people know, or its own words, which may be anything. */
export function browserName(userAgent: string | undefined): string {
  if (userAgent === undefined || userAgent === '') return 'A browser';
  const browser = BROWSERS.find(([, pattern]) => pattern.test(userAgent))?.[0];
  const system = SYSTEMS.find(([, pattern]) => pattern.test(userAgent))?.[0];
  if (browser === undefined) return userAgent;
  return system === undefined ? browser : `${browser} on ${system}`;
}
