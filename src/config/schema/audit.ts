import { z } from 'zod';
import { isLoopback } from '../../model/loopback.ts';
import { text } from '../../model/text.ts';
import { parsedUrl } from '../../model/visible_url.ts';
import { secondsWithin } from './times.ts';

/** Standard Webhooks: `whsec_` and base64 of 24 to 64 bytes. */
const SECRET = /^whsec_((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)$/;

const webhook = z.strictObject({
  url: text((value) => {
    const url = parsedUrl(value);
    if (!url || (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname))))
      return 'must be an https URL, or http on this machine';
    if (url.username !== '' || url.password !== '' || value.includes('#')) return 'must have no user, password or #';
    return undefined;
  }).describe('Where events are sent, one POST for each. Redirects are not followed.'),
  secret: text((value) => {
    const bytes = Buffer.from(SECRET.exec(value)?.[1] ?? '', 'base64').length;
    if (bytes >= 24 && bytes <= 64) return undefined;
    return 'must be whsec_ and base64 of 24 to 64 random bytes: echo "whsec_$(openssl rand -base64 32)"';
  }).describe(
    'What the receiver checks the signature with (Standard Webhooks, HMAC-SHA256); better written as file:PATH.',
  ),
});

export const audit = z.strictObject({
  keep: secondsWithin('1d', '3650d').prefault('365d').describe('How long events stay in the store.'),
  log: z.boolean().default(false).describe('Whether each event is also a line of the log.'),
  webhook: webhook.optional().describe('Sends each event to another server as well.'),
});
