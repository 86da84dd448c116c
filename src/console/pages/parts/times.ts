import { type Html, html } from '../../../http/pages/html.ts';

const FORMAT = new Intl.DateTimeFormat('en-GB', {
  dateStyle: 'medium',
  timeStyle: 'short',
  timeZone: 'UTC',
  hourCycle: 'h23',
});

/** A moment, in UTC so that it says the same to everybody. @param at milliseconds since the epoch. */
export const moment = (at: number): Html =>
  html`<time class="nowrap" datetime="${new Date(at).toISOString()}">${FORMAT.format(at)} UTC</time>`;

/** As `moment`. @param at seconds since the epoch. */
export const momentOf = (at: number): Html => moment(at * 1000);
