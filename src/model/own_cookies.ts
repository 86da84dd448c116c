/** The cookies that Gatehouse sets, without the prefix that they have over https. Whoever has one of them acts for a user. */
export const OWN_COOKIES = [
  'gatehouse_browser',
  'gatehouse_session',
  'gatehouse_console',
  'gatehouse_console_form',
  'gatehouse_console_notice',
] as const;
export type OwnCookie = (typeof OWN_COOKIES)[number];

/** What each begins with, behind the prefix. */
export const OWN_COOKIE_START = 'gatehouse_';
/** RFC 6265bis §4.1.3.2. */
export const HOST_PREFIX = '__Host-';
