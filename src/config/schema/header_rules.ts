import { z } from 'zod';
import { listOf, text } from '../../model/text.ts';

type Taken = readonly (readonly [names: RegExp, why: string])[];

const HTTP_ITSELF: Taken = [
  [/^host$/i, 'says where a call goes, which upstream does: remove it'],
  [/^(content-length|transfer-encoding)$/i, 'says where a body ends, which must stay true: remove it'],
  [
    /^(connection|keep-alive|te|trailers?|upgrade|http2-settings|proxy-.*)$/i,
    'concerns one connection only and never passes the gateway: remove it',
  ],
];

const IN_CALLS: Taken = [
  ...HTTP_ITSELF,
  [/^expect$/i, 'is answered by the gateway: remove it'],
  [
    /^(forwarded|x-forwarded-.*|x-real-ip)$/i,
    'tells of the caller what the gateway knows, not what a rule says: remove it',
  ],
  [/^(x-original-.*|x-rewrite-.*)$/i, 'makes upstreams serve another path than the one that was checked: remove it'],
  [/^(x-http-method(-override)?|x-method-override|proxy)$/i, 'never passes the gateway: remove it'],
  [/^content-type$/i, 'decides whether a body is searched for tokens: leave it as it is sent'],
];

const IN_ANSWERS: Taken = [
  ...HTTP_ITSELF,
  [/^(x-request-id|ratelimit(-.*)?|date)$/i, 'is set by the gateway in every answer: remove it'],
];

const headerName = (taken: Taken) =>
  text((name) => {
    if (!/^[A-Za-z][A-Za-z0-9-]{0,63}$/.test(name))
      return 'must be a header name of letters, digits and hyphens; all its other spellings are meant too';
    return taken.find(([names]) => names.test(name))?.[1];
  });

const headerValue = () =>
  text((value) =>
    /^[\x21-\x7e]([\x20-\x7e]{0,2046}[\x21-\x7e])?$/.test(value)
      ? undefined
      : 'must be 1 to 2048 characters of visible ASCII on one line, without spaces at its ends',
  );

const rules = (taken: Taken) =>
  z.strictObject({
    set: z
      .record(headerName(taken), headerValue())
      .default({})
      .describe('Header: value. Whatever was sent under that name is replaced.'),
    remove: listOf(headerName(taken)).max(64).default([]).describe('Headers that are taken away, in any spelling.'),
  });

export const requestHeaders = rules(IN_CALLS);
export const responseHeaders = rules(IN_ANSWERS);
