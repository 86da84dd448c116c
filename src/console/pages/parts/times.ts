import { type Html, html } from '../../../http/pages/html.ts';

const FORMAT = new Intl.DateTimeFormat('en-GB', {
  dateStyle: 'medium',
  timeStyle: 'short',
  timeZone: 'UTC',
  hourCycle: 'h23',
});

/** A moment, in UTC so that it says the same to everybody. @param at RFC 3339, or milliseconds since the epoch. */
export function moment(at: string | number): Html {
  const date = new Date(at);
  return html`<time class="nowrap" datetime="${date.toISOString()}">${FORMAT.format(date)} UTC</time>`;
}

const EXACT = new Intl.DateTimeFormat('en-GB', {
  dateStyle: 'medium',
  timeStyle: 'medium',
  timeZone: 'UTC',
  hourCycle: 'h23',
});

/** As `moment`, to the second. */
export function exactMoment(at: string): Html {
  const date = new Date(at);
  return html`<time class="nowrap small" datetime="${date.toISOString()}">${EXACT.format(date)} UTC</time>`;
}

/** As `moment`, or a dash. */
export const momentIfAny = (at: string | undefined, none = '–'): Html | string =>
  at === undefined ? none : moment(at);
