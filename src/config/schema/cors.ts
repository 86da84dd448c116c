import { z } from 'zod';
import { listOf, text } from '../../model/text.ts';
import { method } from './methods.ts';
import { secondsWithin } from './times.ts';

const origin = () =>
  text((value) => {
    if (value === 'null') return 'is what every sandboxed page and local file is called: name the origins you mean';
    if (value === '*') return 'must stand alone: write origins: "*" for any origin';
    if (value.includes('*')) return 'must not contain *: origins are compared whole, so each is written out';
    const url = URL.parse(value);
    const right = 'must be an origin as browsers write it, such as https://app.example.com: in lower case, no path';
    // Schemes of apps (capacitor://localhost) have the origin "null" in this parser, so they are put together from their parts.
    if (!url || !/^[\x21-\x7e]{1,256}$/.test(value) || `${url.protocol}//${url.host}` !== value || url.host === '')
      return right;
    return url.protocol === 'file:' || url.protocol === 'data:' ? right : undefined;
  });

const headerName = () =>
  text((value) =>
    value === '*'
      ? 'must be a name: * does not cover Authorization, and not everything should be covered'
      : /^[A-Za-z][A-Za-z0-9_-]{0,63}$/.test(value)
        ? undefined
        : 'must be a header name such as Content-Type',
  );

/** The `methods` of the route are the default of those here, so they have none of their own. */
export const cors = z
  .strictObject({
    origins: z
      .union([listOf(origin()).min(1).max(256), z.literal('*')], {
        error: 'must be a list of origins such as [https://app.example.com], or "*" for any',
      })
      .describe('Pages from where may call: origins as browsers write them, or "*" for any.'),
    methods: listOf(method())
      .min(1)
      .max(32)
      .optional()
      .describe("The methods they may use. The route's own if absent, or the usual ones if it names none."),
    headers: listOf(headerName())
      .max(64)
      .default(['Authorization', 'Content-Type'])
      .describe('The request headers they may set.'),
    expose: listOf(headerName()).max(64).default([]).describe('The answer headers they may read.'),
    credentials: z
      .boolean()
      .default(false)
      .describe('Whether cookies may come along. Calls with a bearer token do not need it.'),
    max_age: secondsWithin('1s', '1d').prefault('10m').describe('How long browsers may remember the answer.'),
  })
  .superRefine(({ origins, credentials }, context) => {
    if (origins === '*' && credentials) {
      const message = 'must not be true with origins: "*": any page could call with the cookies of whoever reads it';
      context.addIssue({ code: 'custom', path: ['credentials'], message });
    }
  });
